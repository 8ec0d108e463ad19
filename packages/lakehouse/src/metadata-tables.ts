import { quoteText } from "./domain/names.ts";
import type { IcebergMetadata, SnapshotId } from "./domain/iceberg/metadata.ts";
import { liveFilesOf, manifestsOf } from "./table-files.ts";
import type { ObjectStore } from "./ports.ts";

type Cell = string | number | bigint | boolean | null | undefined;

interface Rows {
  /** Name and SQL type of each column. */
  readonly columns: readonly (readonly [string, string])[];
  readonly rows: readonly (readonly Cell[])[];
}

/** What a table's metadata says of it, as a SELECT, by the names that Iceberg's engines have for it. */
export async function metadataSelect(store: ObjectStore, metadata: IcebergMetadata, name: string): Promise<string> {
  const { columns, rows } = await rowsOf(store, metadata, name);
  const names = columns.map(([column, type]) => `CAST(${column} AS ${type}) AS ${column}`).join(", ");
  const aliases = columns.map(([column]) => column).join(", ");
  const nulls = `SELECT ${columns.map(([column, type]) => `CAST(NULL AS ${type}) AS ${column}`).join(", ")} WHERE false`;
  if (rows.length === 0) return nulls;
  const values = rows.map((row) => `(${row.map(literal).join(", ")})`).join(", ");
  return `SELECT ${names} FROM (VALUES ${values}) AS told(${aliases})`;
}

function literal(cell: Cell): string {
  if (cell === null || cell === undefined) return "NULL";
  return typeof cell === "string" ? quoteText(cell) : String(cell);
}

async function rowsOf(store: ObjectStore, metadata: IcebergMetadata, name: string): Promise<Rows> {
  switch (name) {
    case "snapshots":
      return snapshots(metadata);
    case "history":
      return history(metadata);
    case "refs":
      return refs(metadata);
    case "manifests":
      return manifests(store, metadata);
    case "files":
      return files(store, metadata);
    default:
      return partitions(store, metadata);
  }
}

function at(ms: number): string {
  return new Date(ms).toISOString().replace("T", " ").replace("Z", "");
}

function snapshots({ snapshots: all }: IcebergMetadata): Rows {
  return {
    columns: [
      ["committed_at", "TIMESTAMP"],
      ["snapshot_id", "BIGINT"],
      ["parent_id", "BIGINT"],
      ["operation", "VARCHAR"],
      ["manifest_list", "VARCHAR"],
      ["summary", "JSON"],
    ],
    rows: all.map((one) => [
      at(one["timestamp-ms"]),
      one["snapshot-id"],
      one["parent-snapshot-id"],
      one.summary?.["operation"],
      one["manifest-list"],
      JSON.stringify(one.summary ?? {}),
    ]),
  };
}

function history(metadata: IcebergMetadata): Rows {
  const parents = new Map(metadata.snapshots.map((one) => [one["snapshot-id"], one["parent-snapshot-id"]]));
  const ancestors = new Set<SnapshotId>();
  for (
    let id = metadata["current-snapshot-id"] ?? undefined;
    id !== undefined && !ancestors.has(id);
    id = parents.get(id)
  )
    ancestors.add(id);
  return {
    columns: [
      ["made_current_at", "TIMESTAMP"],
      ["snapshot_id", "BIGINT"],
      ["parent_id", "BIGINT"],
      ["is_current_ancestor", "BOOLEAN"],
    ],
    rows: metadata["snapshot-log"].map((one) => [
      at(one["timestamp-ms"]),
      one["snapshot-id"],
      parents.get(one["snapshot-id"]),
      ancestors.has(one["snapshot-id"]),
    ]),
  };
}

function refs({ refs: all }: IcebergMetadata): Rows {
  return {
    columns: [
      ["name", "VARCHAR"],
      ["type", "VARCHAR"],
      ["snapshot_id", "BIGINT"],
      ["max_reference_age_in_ms", "BIGINT"],
      ["min_snapshots_to_keep", "INTEGER"],
      ["max_snapshot_age_in_ms", "BIGINT"],
    ],
    rows: Object.entries(all).map(([name, one]) => [
      name,
      one.type.toUpperCase(),
      one["snapshot-id"],
      one["max-ref-age-ms"],
      one["min-snapshots-to-keep"],
      one["max-snapshot-age-ms"],
    ]),
  };
}

async function manifests(store: ObjectStore, metadata: IcebergMetadata): Promise<Rows> {
  const all = await manifestsOf(store, metadata);
  return {
    columns: [
      ["content", "INTEGER"],
      ["path", "VARCHAR"],
      ["length", "BIGINT"],
      ["partition_spec_id", "INTEGER"],
      ["added_snapshot_id", "BIGINT"],
      ["added_files_count", "INTEGER"],
      ["existing_files_count", "INTEGER"],
      ["deleted_files_count", "INTEGER"],
    ],
    rows: all.map((one) => [
      one.content ?? 0,
      one.manifest_path,
      one.manifest_length,
      one.partition_spec_id,
      one.added_snapshot_id,
      one.added_files_count,
      one.existing_files_count,
      one.deleted_files_count,
    ]),
  };
}

async function files(store: ObjectStore, metadata: IcebergMetadata): Promise<Rows> {
  const all = await liveFilesOf(store, metadata);
  return {
    columns: [
      ["content", "INTEGER"],
      ["file_path", "VARCHAR"],
      ["file_format", "VARCHAR"],
      ["spec_id", "INTEGER"],
      ["partition", "JSON"],
      ["record_count", "BIGINT"],
      ["file_size_in_bytes", "BIGINT"],
      ["sequence_number", "BIGINT"],
    ],
    rows: all.map(({ file, specId, sequenceNumber }) => [
      file.content,
      file.file_path,
      file.file_format,
      specId,
      partitionText(file.partition),
      file.record_count,
      file.file_size_in_bytes,
      sequenceNumber,
    ]),
  };
}

async function partitions(store: ObjectStore, metadata: IcebergMetadata): Promise<Rows> {
  const totals = new Map<string, { partition: string; specId: number; data: number; rows: number; deletes: number }>();
  for (const { file, specId } of await liveFilesOf(store, metadata)) {
    const partition = partitionText(file.partition);
    const key = `${specId} ${partition}`;
    const total = totals.get(key) ?? { partition, specId, data: 0, rows: 0, deletes: 0 };
    if (file.content === 0) {
      total.data += 1;
      total.rows += file.record_count;
    } else total.deletes += 1;
    totals.set(key, total);
  }
  return {
    columns: [
      ["partition", "JSON"],
      ["spec_id", "INTEGER"],
      ["record_count", "BIGINT"],
      ["file_count", "INTEGER"],
      ["delete_file_count", "INTEGER"],
    ],
    rows: [...totals.values()].map((one) => [one.partition, one.specId, one.rows, one.data, one.deletes]),
  };
}

function partitionText(partition: object): string {
  return JSON.stringify(partition, (_key, value: unknown) => (typeof value === "bigint" ? String(value) : value));
}
