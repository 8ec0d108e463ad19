import type { Column } from "@millwright/kernel";
import { fieldsOf, typeText, type IcebergSchema } from "./schema.ts";

/** 64 bits: a number where it is exact, else a bigint, so that equal ids are `===`. */
export type SnapshotId = number | bigint;

export interface PartitionField {
  readonly "source-id": number;
  readonly "field-id": number;
  readonly name: string;
  readonly transform: string;
}

export interface PartitionSpec {
  readonly "spec-id": number;
  readonly fields: readonly PartitionField[];
}

export interface SortField {
  readonly transform: string;
  readonly "source-id": number;
  readonly direction: string;
  readonly "null-order": string;
}

export interface SortOrder {
  readonly "order-id": number;
  readonly fields: readonly SortField[];
}

export interface IcebergSnapshot {
  readonly "snapshot-id": SnapshotId;
  readonly "parent-snapshot-id"?: SnapshotId;
  readonly "sequence-number"?: number;
  readonly "timestamp-ms": number;
  readonly "manifest-list": string;
  /** In place of a list, in tables of the first version. */
  readonly manifests?: readonly string[];
  readonly summary?: Readonly<Record<string, string>>;
  readonly "schema-id"?: number;
  readonly "first-row-id"?: number;
  readonly "added-rows"?: number;
}

export interface SnapshotRef {
  readonly "snapshot-id": SnapshotId;
  readonly type: "branch" | "tag";
  readonly "min-snapshots-to-keep"?: number;
  readonly "max-snapshot-age-ms"?: number;
  readonly "max-ref-age-ms"?: number;
}

interface OfSnapshot {
  readonly "snapshot-id": SnapshotId;
}

/** The metadata of an Iceberg table, as its specification names the fields. */
export interface IcebergMetadata {
  readonly "format-version": number;
  readonly "table-uuid": string;
  readonly location: string;
  readonly "last-sequence-number": number;
  readonly "last-updated-ms": number;
  readonly "last-column-id": number;
  readonly "current-schema-id": number;
  readonly schemas: readonly IcebergSchema[];
  readonly "default-spec-id": number;
  readonly "partition-specs": readonly PartitionSpec[];
  readonly "last-partition-id": number;
  readonly "default-sort-order-id": number;
  readonly "sort-orders": readonly SortOrder[];
  readonly properties: Readonly<Record<string, string>>;
  readonly "current-snapshot-id"?: SnapshotId | null;
  readonly refs: Readonly<Record<string, SnapshotRef>>;
  readonly snapshots: readonly IcebergSnapshot[];
  readonly "snapshot-log": readonly { readonly "timestamp-ms": number; readonly "snapshot-id": SnapshotId }[];
  readonly "metadata-log": readonly { readonly "timestamp-ms": number; readonly "metadata-file": string }[];
  readonly statistics?: readonly OfSnapshot[];
  readonly "partition-statistics"?: readonly OfSnapshot[];
  readonly "next-row-id"?: number;
}

const METADATA_LOG_MAX = 100;
export const UNPARTITIONED_LAST_ID = 999;

export interface SchemaChange {
  readonly schema: IcebergSchema;
  readonly schemas: readonly IcebergSchema[];
  readonly lastColumnId: number;
}

/** The schema for these columns: a column keeps its field id while its name and type stay; ids are never used again. */
export function evolveSchema(previous: IcebergMetadata | undefined, columns: readonly Column[]): SchemaChange {
  const known = previous === undefined ? undefined : currentSchema(previous);
  let lastColumnId = previous?.["last-column-id"] ?? 0;
  const fields = columns.map((column) => {
    const same = known?.fields.find(({ name, type }) => name === column.name && typeText(type) === column.type);
    const id = same?.id ?? (lastColumnId += 1);
    const doc = column.doc === undefined || column.doc === "" ? {} : { doc: column.doc };
    return { id, name: column.name, required: false, type: same?.type ?? column.type, ...doc };
  });
  const schemas = previous?.schemas ?? [];
  const equal = schemas.find((schema) => JSON.stringify(schema.fields) === JSON.stringify(fields));
  if (equal !== undefined) return { schema: equal, schemas, lastColumnId };
  const schemaId = Math.max(-1, ...schemas.map((schema) => schema["schema-id"])) + 1;
  const schema: IcebergSchema = { type: "struct", "schema-id": schemaId, fields };
  return { schema, schemas: [...schemas, schema], lastColumnId };
}

export interface NextMetadata {
  readonly previous: IcebergMetadata | undefined;
  readonly previousLocation: string | undefined;
  readonly tableUuid: string;
  readonly location: string;
  readonly change: SchemaChange;
  readonly snapshot: IcebergSnapshot;
  readonly properties: Readonly<Record<string, string>>;
}

/** The metadata after one more snapshot on main. */
export function withSnapshot(next: NextMetadata): IcebergMetadata {
  const { previous, change, snapshot } = next;
  const at = snapshot["timestamp-ms"];
  const unpartitioned = withUnpartitioned(previous?.["partition-specs"] ?? []);
  const properties = { ...previous?.properties, ...next.properties };
  return {
    ...previous,
    "format-version": previous?.["format-version"] ?? 2,
    "table-uuid": previous?.["table-uuid"] ?? next.tableUuid,
    location: next.location,
    "last-sequence-number": snapshot["sequence-number"] ?? 0,
    "last-updated-ms": at,
    "last-column-id": change.lastColumnId,
    "current-schema-id": change.schema["schema-id"],
    schemas: change.schemas,
    ...defaultsOf(previous, change.schema, unpartitioned.spec),
    "partition-specs": unpartitioned.specs,
    "last-partition-id": previous?.["last-partition-id"] ?? UNPARTITIONED_LAST_ID,
    "sort-orders": withUnsorted(previous?.["sort-orders"] ?? []),
    properties,
    "current-snapshot-id": snapshot["snapshot-id"],
    refs: {
      ...previous?.refs,
      main: { ...previous?.refs["main"], "snapshot-id": snapshot["snapshot-id"], type: "branch" },
    },
    snapshots: [...(previous?.snapshots ?? []), snapshot],
    "snapshot-log": [
      ...(previous?.["snapshot-log"] ?? []),
      { "timestamp-ms": at, "snapshot-id": snapshot["snapshot-id"] },
    ],
    "metadata-log": metadataLog(previous, next.previousLocation, properties),
  };
}

/** What others have set for their writes stays, as long as the columns it stands on do. */
function defaultsOf(
  previous: IcebergMetadata | undefined,
  schema: IcebergSchema,
  unpartitioned: PartitionSpec,
): Pick<IcebergMetadata, "default-spec-id" | "default-sort-order-id"> {
  const ids = new Set(fieldsOf(schema).map(({ id }) => id));
  const stands = ({ fields }: { readonly fields: readonly { readonly "source-id": number }[] }) =>
    fields.every((field) => ids.has(field["source-id"]));
  const spec = previous?.["partition-specs"].find((one) => one["spec-id"] === previous["default-spec-id"]);
  const order = previous?.["sort-orders"].find((one) => one["order-id"] === previous["default-sort-order-id"]);
  return {
    "default-spec-id": (spec !== undefined && stands(spec) ? spec : unpartitioned)["spec-id"],
    "default-sort-order-id": order !== undefined && stands(order) ? order["order-id"] : 0,
  };
}

function withUnsorted(orders: readonly SortOrder[]): readonly SortOrder[] {
  return orders.some((one) => one["order-id"] === 0) ? orders : [{ "order-id": 0, fields: [] }, ...orders];
}

/** As the table's version of the format has it: the first names the current schema and partitioning besides. */
export function asVersion(metadata: IcebergMetadata): IcebergMetadata {
  if (metadata["format-version"] > 1) return metadata;
  const spec = metadata["partition-specs"].find((one) => one["spec-id"] === metadata["default-spec-id"]);
  const more = { schema: currentSchema(metadata), "partition-spec": spec?.fields ?? [] };
  return { ...metadata, ...more };
}

/** The specs with one among them that does not partition. */
export function withUnpartitioned(specs: readonly PartitionSpec[]): {
  readonly spec: PartitionSpec;
  readonly specs: readonly PartitionSpec[];
} {
  const there = specs.find(({ fields }) => fields.length === 0);
  if (there !== undefined) return { spec: there, specs };
  const spec = { "spec-id": Math.max(-1, ...specs.map((one) => one["spec-id"])) + 1, fields: [] };
  return { spec, specs: [...specs, spec] };
}

/** The log of metadata files with the one before, as long as the table's property lets it be. */
export function metadataLog(
  previous: IcebergMetadata | undefined,
  previousLocation: string | undefined,
  properties: Readonly<Record<string, string>>,
): IcebergMetadata["metadata-log"] {
  const log = previous?.["metadata-log"] ?? [];
  if (previous === undefined || previousLocation === undefined) return log;
  const asked = Number(properties["write.metadata.previous-versions-max"] ?? METADATA_LOG_MAX);
  const longest = Number.isInteger(asked) ? Math.max(1, asked) : METADATA_LOG_MAX;
  return [...log, { "timestamp-ms": previous["last-updated-ms"], "metadata-file": previousLocation }].slice(-longest);
}

export function currentSnapshot(metadata: IcebergMetadata): IcebergSnapshot | undefined {
  return metadata.snapshots.find((snapshot) => snapshot["snapshot-id"] === metadata["current-snapshot-id"]);
}

/** A snapshot by its id, by a tag or branch, or the one that was current at a time. */
export function snapshotAsOf(
  metadata: IcebergMetadata,
  asOf: { readonly kind: "version"; readonly version: string } | { readonly kind: "timestamp"; readonly atMs: number },
): IcebergSnapshot | undefined {
  const id =
    asOf.kind === "timestamp"
      ? metadata["snapshot-log"].findLast((one) => one["timestamp-ms"] <= asOf.atMs)?.["snapshot-id"]
      : Object.hasOwn(metadata.refs, asOf.version)
        ? metadata.refs[asOf.version]?.["snapshot-id"]
        : asOf.version;
  return metadata.snapshots.find((one) => id !== undefined && String(one["snapshot-id"]) === String(id));
}

export function currentSchema(metadata: IcebergMetadata): IcebergSchema | undefined {
  return metadata.schemas.find((schema) => schema["schema-id"] === metadata["current-schema-id"]);
}

/** The columns of a schema, a nested type as its text. */
export function columnsOf(schema: IcebergSchema | undefined): readonly Column[] {
  return (schema?.fields ?? []).map(({ name, type, doc }) => ({
    name,
    type: typeText(type),
    ...(doc === undefined ? {} : { doc }),
  }));
}
