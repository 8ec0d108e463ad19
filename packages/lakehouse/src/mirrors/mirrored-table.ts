import {
  currentSchema,
  currentSnapshot,
  type IcebergMetadata,
  type IcebergSnapshot,
  type PartitionField,
} from "../domain/iceberg/metadata.ts";
import type { LiveFile } from "../domain/iceberg/scan.ts";
import type { IcebergSchema } from "../domain/iceberg/schema.ts";
import type { DataFile } from "../domain/iceberg/data-file.ts";
import type { ObjectStore } from "../ports.ts";
import { liveFilesOf, pathIn } from "../table-files.ts";

/** A data file that a mirror is to have. */
export interface MirroredFile {
  /** In the store. */
  readonly path: string;
  readonly file: DataFile;
  /** The values of its partition's identity fields, by the id of the column. */
  readonly partition: ReadonlyMap<number, unknown>;
}

/** A table as it is now, as far as a mirror must know it. */
export interface MirroredTable {
  /** The catalog's key. */
  readonly key: string;
  readonly metadata: IcebergMetadata;
  readonly schema: IcebergSchema;
  readonly snapshot: IcebergSnapshot | undefined;
  readonly files: readonly MirroredFile[];
  /** The columns by which the table is partitioned as they are, as far as every file is. */
  readonly partitionIds: readonly number[];
}

/** What a mirror was made from. Equal states have equal mirrors. */
export interface MirroredState {
  readonly tableUuid: string;
  /** Null for a table that has none yet. */
  readonly snapshotId: string | null;
  readonly schemaId: number;
}

export function stateOf({ "table-uuid": tableUuid, ...metadata }: IcebergMetadata): MirroredState {
  const snapshot = metadata["current-snapshot-id"];
  return {
    tableUuid,
    snapshotId: snapshot === undefined || snapshot === null ? null : String(snapshot),
    schemaId: metadata["current-schema-id"],
  };
}

export function isSameState(one: MirroredState | undefined, other: MirroredState): boolean {
  return one?.tableUuid === other.tableUuid && one.snapshotId === other.snapshotId && one.schemaId === other.schemaId;
}

/** Reads the table's live files. A text is why no mirror can be made of them, in whatever format. */
export async function mirroredTable(
  store: ObjectStore,
  { key, metadata }: Pick<MirroredTable, "key" | "metadata">,
): Promise<MirroredTable | string> {
  const schema = currentSchema(metadata);
  if (schema === undefined) throw new Error("the table has no current schema");
  const snapshot = currentSnapshot(metadata);
  const live = await liveFilesOf(store, metadata, snapshot);
  if (live.some(({ file }) => file.content !== 0))
    return "rows are deleted by delete files (merge-on-read), which a mirror cannot have: compact the table, or delete by copy-on-write";
  const files: MirroredFile[] = [];
  for (const one of live) {
    const { file } = one;
    if (file.file_format.toUpperCase() !== "PARQUET") return `a data file is ${file.file_format}, not Parquet`;
    const path = pathIn(store, file.file_path);
    if (path === undefined) return "a data file lies outside the lake, so that it cannot be linked to";
    files.push({ path, file, partition: identityValues(metadata, one) });
  }
  return { key, metadata, schema, snapshot, files, partitionIds: sharedPartition(metadata, { schema, files }) };
}

function fieldsOfSpec(metadata: IcebergMetadata, specId: number): readonly PartitionField[] {
  return metadata["partition-specs"].find((one) => one["spec-id"] === specId)?.fields ?? [];
}

/** A partition's values stand in the order of its spec's fields, whatever their names became. */
function identityValues(metadata: IcebergMetadata, { file, specId }: LiveFile): ReadonlyMap<number, unknown> {
  const values: readonly unknown[] = Object.values(file.partition);
  return new Map(
    fieldsOfSpec(metadata, specId).flatMap(({ transform, "source-id": id }, index) =>
      transform === "identity" ? [[id, values[index] ?? null] as const] : [],
    ),
  );
}

/** Types whose partition values have one text in every format. */
const PLAIN = /^(?:int|long|boolean|string|date)$/;

function sharedPartition(
  metadata: IcebergMetadata,
  { schema, files }: Pick<MirroredTable, "schema" | "files">,
): readonly number[] {
  return fieldsOfSpec(metadata, metadata["default-spec-id"])
    .filter(({ transform, "source-id": id }) => {
      const field = schema.fields.find((one) => one.id === id);
      const isPlain = typeof field?.type === "string" && PLAIN.test(field.type);
      // An empty text is how these formats write that there is none.
      return (
        transform === "identity" &&
        isPlain &&
        files.every(({ partition }) => (partition.get(id) ?? null) !== "" && partition.has(id))
      );
    })
    .map(({ "source-id": id }) => id);
}

/** A partition value as text; null for none. Dates are days since 1970-01-01. */
export function partitionText(type: unknown, value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (type === "date") return new Date(Number(value) * 86_400_000).toISOString().slice(0, 10);
  return String(value as string | number | bigint | boolean);
}

/** For each column that is a partition's, whether files may do without it: it is told beside them. */
export function nameOfField({ schema }: Pick<MirroredTable, "schema">, id: number): string {
  return schema.fields.find((field) => field.id === id)?.name ?? "";
}
