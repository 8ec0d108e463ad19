import { parseExactJson } from "./exact-json.ts";
import type { IcebergMetadata, PartitionField } from "./metadata.ts";
import type { IcebergField, IcebergSchema } from "./schema.ts";

/** As files hold it: the first version of the format names some things otherwise, and older writers leave some away. */
type Stored = Partial<IcebergMetadata> & {
  readonly schema?: IcebergSchema;
  readonly "partition-spec"?: readonly PartitionField[];
};

/** The metadata in a file's bytes, with what older writers leave away. Undefined when it is no table's. */
export function parseMetadata(bytes: Uint8Array): IcebergMetadata | undefined {
  return metadataIn(parsed(bytes));
}

/** The same of a value, as a catalog tells it. */
export function metadataIn(value: object): IcebergMetadata | undefined {
  const stored: Stored = value;
  if (!LISTS.every((name) => stored[name] === undefined || Array.isArray(stored[name]))) return undefined;
  const { schema, location, "format-version": version } = stored;
  // The first version of the format may leave it away.
  const uuid = stored["table-uuid"] ?? (version === 1 ? "" : undefined);
  const schemas =
    stored.schemas ?? (schema === undefined ? [] : [{ ...schema, "schema-id": schema["schema-id"] ?? 0 }]);
  if (typeof uuid !== "string" || typeof location !== "string" || typeof version !== "number" || schemas.length === 0)
    return undefined;
  const { schema: _schema, "partition-spec": fields = [], ...rest } = stored;
  const current = stored["current-snapshot-id"];
  const isEmpty = current === undefined || current === null || current === -1;
  const main: NonNullable<IcebergMetadata["refs"]> = isEmpty
    ? {}
    : { main: { "snapshot-id": current, type: "branch" as const } };
  const metadata = {
    "last-sequence-number": 0,
    "last-updated-ms": 0,
    "last-column-id": 0,
    "current-schema-id": schemas[0]?.["schema-id"] ?? 0,
    "default-spec-id": 0,
    "partition-specs": [{ "spec-id": 0, fields }],
    "last-partition-id": Math.max(999, ...fields.map((field) => field["field-id"])),
    "default-sort-order-id": 0,
    "sort-orders": [{ "order-id": 0, fields: [] }],
    properties: {},
    snapshots: [],
    "snapshot-log": [],
    "metadata-log": [],
    ...rest,
    "format-version": version,
    "table-uuid": uuid,
    location,
    schemas,
    "current-snapshot-id": isEmpty ? null : current,
    refs: { ...main, ...stored.refs },
  };
  return isWhole(metadata) ? metadata : undefined;
}

const LISTS = [
  "schemas",
  "snapshots",
  "partition-specs",
  "partition-spec",
  "sort-orders",
  "snapshot-log",
  "metadata-log",
] as const;

/** Whether all is there that readers lean on: the current snapshot, schema and spec, and where the manifests are. */
function isWhole(metadata: IcebergMetadata): boolean {
  const { schemas, snapshots, properties, "partition-specs": specs, "current-snapshot-id": current } = metadata;
  return (
    schemas.every(({ fields }) => Array.isArray(fields) && fields.every(isField)) &&
    schemas.some((one) => one["schema-id"] === metadata["current-schema-id"]) &&
    specs.some((one) => one["spec-id"] === metadata["default-spec-id"]) &&
    specs.every(({ fields }) => Array.isArray(fields)) &&
    metadata["sort-orders"].every(({ fields }) => Array.isArray(fields)) &&
    snapshots.every((one) => typeof one["manifest-list"] === "string" || "manifests" in one) &&
    (current === null || snapshots.some((one) => one["snapshot-id"] === current)) &&
    Object.values(properties).every((value) => typeof value === "string")
  );
}

function isField({ id, name, type }: IcebergField): boolean {
  return Number.isInteger(id) && typeof name === "string" && (typeof type === "string" || typeof type === "object");
}

function parsed(bytes: Uint8Array): Stored {
  try {
    const value = parseExactJson(Buffer.from(bytes).toString());
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}
