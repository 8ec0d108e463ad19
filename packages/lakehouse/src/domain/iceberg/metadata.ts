import type { Column } from "@millwright/kernel";

interface IcebergField {
  readonly id: number;
  readonly name: string;
  readonly required: boolean;
  readonly type: string;
  readonly doc?: string;
}

export interface IcebergSchema {
  readonly type: "struct";
  readonly "schema-id": number;
  readonly fields: readonly IcebergField[];
}

export interface IcebergSnapshot {
  readonly "snapshot-id": number;
  readonly "parent-snapshot-id"?: number;
  readonly "sequence-number": number;
  readonly "timestamp-ms": number;
  readonly "manifest-list": string;
  readonly summary: Readonly<Record<string, string>>;
  readonly "schema-id": number;
}

/** The metadata of an Iceberg v2 table, as its specification names the fields. */
export interface IcebergMetadata {
  readonly "format-version": 2;
  readonly "table-uuid": string;
  readonly location: string;
  readonly "last-sequence-number": number;
  readonly "last-updated-ms": number;
  readonly "last-column-id": number;
  readonly "current-schema-id": number;
  readonly schemas: readonly IcebergSchema[];
  readonly "default-spec-id": 0;
  readonly "partition-specs": readonly [{ readonly "spec-id": 0; readonly fields: readonly [] }];
  readonly "last-partition-id": 999;
  readonly "default-sort-order-id": 0;
  readonly "sort-orders": readonly [{ readonly "order-id": 0; readonly fields: readonly [] }];
  readonly properties: Readonly<Record<string, string>>;
  readonly "current-snapshot-id": number;
  readonly refs: Readonly<Record<string, { readonly "snapshot-id": number; readonly type: "branch" | "tag" }>>;
  readonly snapshots: readonly IcebergSnapshot[];
  readonly "snapshot-log": readonly { readonly "timestamp-ms": number; readonly "snapshot-id": number }[];
  readonly "metadata-log": readonly { readonly "timestamp-ms": number; readonly "metadata-file": string }[];
}

const METADATA_LOG_MAX = 100;

export interface SchemaChange {
  readonly schema: IcebergSchema;
  readonly schemas: readonly IcebergSchema[];
  readonly lastColumnId: number;
}

/** The schema for these columns: a column keeps its field id while its name and type stay; ids are never used again. */
export function evolveSchema(previous: IcebergMetadata | undefined, columns: readonly Column[]): SchemaChange {
  const known = previous?.schemas.find((schema) => schema["schema-id"] === previous["current-schema-id"]);
  let lastColumnId = previous?.["last-column-id"] ?? 0;
  const fields = columns.map((column): IcebergField => {
    const same = known?.fields.find(({ name, type }) => name === column.name && type === column.type);
    const id = same?.id ?? (lastColumnId += 1);
    const doc = column.doc === undefined || column.doc === "" ? {} : { doc: column.doc };
    return { id, name: column.name, required: false, type: column.type, ...doc };
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
  const log = previous?.["metadata-log"] ?? [];
  const logged =
    previous === undefined || next.previousLocation === undefined
      ? log
      : [...log, { "timestamp-ms": previous["last-updated-ms"], "metadata-file": next.previousLocation }];
  return {
    "format-version": 2,
    "table-uuid": previous?.["table-uuid"] ?? next.tableUuid,
    location: next.location,
    "last-sequence-number": snapshot["sequence-number"],
    "last-updated-ms": at,
    "last-column-id": change.lastColumnId,
    "current-schema-id": change.schema["schema-id"],
    schemas: change.schemas,
    "default-spec-id": 0,
    "partition-specs": [{ "spec-id": 0, fields: [] }],
    "last-partition-id": 999,
    "default-sort-order-id": 0,
    "sort-orders": [{ "order-id": 0, fields: [] }],
    properties: { ...previous?.properties, ...next.properties },
    "current-snapshot-id": snapshot["snapshot-id"],
    refs: { ...previous?.refs, main: { "snapshot-id": snapshot["snapshot-id"], type: "branch" } },
    snapshots: [...(previous?.snapshots ?? []), snapshot],
    "snapshot-log": [
      ...(previous?.["snapshot-log"] ?? []),
      { "timestamp-ms": at, "snapshot-id": snapshot["snapshot-id"] },
    ],
    "metadata-log": logged.slice(-METADATA_LOG_MAX),
  };
}

export function currentSnapshot(metadata: IcebergMetadata): IcebergSnapshot | undefined {
  return metadata.snapshots.find((snapshot) => snapshot["snapshot-id"] === metadata["current-snapshot-id"]);
}
