import type { WrittenFile } from "../../ports.ts";
import { decodeAvroFile, encodeAvroFile } from "./avro-file.ts";
import { MANIFEST_LIST_SCHEMA, MANIFEST_SCHEMA } from "./avro-schemas.ts";
import { encodeBound } from "./bounds.ts";
import type { LiveFile } from "./scan.ts";
import type { SnapshotId } from "./metadata.ts";
import { typeText, type IcebergSchema } from "./schema.ts";

const ADDED = 1;
const DELETED = 2;

/** A data file as manifests tell it. Paths are absolute. */
export interface DataFile {
  readonly content: number;
  readonly file_path: string;
  readonly file_format: string;
  readonly partition: object;
  readonly record_count: number;
  readonly file_size_in_bytes: number;
  readonly column_sizes: readonly IntLong[] | null;
  readonly value_counts: readonly IntLong[] | null;
  readonly null_value_counts: readonly IntLong[] | null;
  readonly lower_bounds: readonly IntBytes[] | null;
  readonly upper_bounds: readonly IntBytes[] | null;
  readonly sort_order_id: number | null;
  /** Of a delete file: the columns by whose values it deletes. */
  readonly equality_ids?: readonly number[] | null;
}

interface IntLong {
  readonly key: number;
  readonly value: number;
}

interface IntBytes {
  readonly key: number;
  readonly value: Buffer;
}

interface ManifestEntry {
  readonly status: number;
  readonly snapshot_id: SnapshotId | null;
  readonly sequence_number: number | null;
  readonly file_sequence_number: number | null;
  readonly data_file: DataFile;
}

export interface ManifestFile {
  readonly manifest_path: string;
  readonly manifest_length: number;
  readonly partition_spec_id: number;
  readonly content: number;
  readonly sequence_number: number;
  readonly min_sequence_number: number;
  readonly added_snapshot_id: SnapshotId;
  readonly added_files_count: number;
  readonly existing_files_count: number;
  readonly deleted_files_count: number;
  readonly added_rows_count: number;
  readonly existing_rows_count: number;
  readonly deleted_rows_count: number;
}

/** A written Parquet file as a data file of the table, with sizes, counts and bounds by field id. */
export function dataFileOf(file: WrittenFile, schema: IcebergSchema): DataFile {
  const columns = schema.fields.flatMap(({ id, name, type }) => {
    const stats = file.columns[name];
    return stats === undefined ? [] : [{ id, type, stats }];
  });
  const bounds = (side: "min" | "max") =>
    columns.flatMap(({ id, type, stats }) => {
      const text = stats[side];
      const value = text === undefined ? undefined : encodeBound({ type: typeText(type), text, side });
      return value === undefined ? [] : [{ key: id, value }];
    });
  return {
    content: 0,
    file_path: file.path,
    file_format: "PARQUET",
    partition: {},
    record_count: file.rows,
    file_size_in_bytes: file.bytes,
    column_sizes: columns.map(({ id, stats }) => ({ key: id, value: stats.bytes })),
    value_counts: columns.map(({ id, stats }) => ({ key: id, value: stats.values })),
    null_value_counts: columns.map(({ id, stats }) => ({ key: id, value: stats.nulls })),
    lower_bounds: bounds("min"),
    upper_bounds: bounds("max"),
    sort_order_id: 0,
  };
}

/** A manifest of files that one snapshot adds or deletes. */
export function encodeManifest(
  files: readonly DataFile[],
  {
    schema,
    specId,
    snapshotId,
    deleted,
    sequenceNumber,
  }: { schema: IcebergSchema; specId: number; snapshotId: number; deleted: boolean; sequenceNumber: number },
): Uint8Array {
  const entries: ManifestEntry[] = files.map((file) => ({
    status: deleted ? DELETED : ADDED,
    snapshot_id: snapshotId,
    // Null is inherited from the manifest list; a deleted entry must say it itself.
    sequence_number: deleted ? sequenceNumber : null,
    file_sequence_number: deleted ? sequenceNumber : null,
    data_file: file,
  }));
  return encodeAvroFile(MANIFEST_SCHEMA, entries, {
    schema: JSON.stringify(schema),
    "schema-id": String(schema["schema-id"]),
    "partition-spec": "[]",
    "partition-spec-id": String(specId),
    "format-version": "2",
    content: "data",
  });
}

/** The live files of a manifest. What an entry leaves away it has from the manifest. */
export function decodeManifest(
  bytes: Uint8Array,
  {
    sequence_number: inherited,
    partition_spec_id: specId,
  }: Pick<ManifestFile, "sequence_number" | "partition_spec_id">,
): readonly LiveFile[] {
  const entries = decodeAvroFile(bytes) as readonly ManifestEntry[];
  return entries
    .filter(({ status }) => status !== DELETED)
    .map(({ data_file, sequence_number }) => ({
      file: { ...data_file, content: data_file.content ?? 0 },
      sequenceNumber: sequence_number ?? inherited ?? 0,
      specId,
    }));
}

export function encodeManifestList(
  manifests: readonly ManifestFile[],
  snapshot: { readonly snapshotId: number; readonly parentId: SnapshotId | undefined; readonly sequenceNumber: number },
): Uint8Array {
  return encodeAvroFile(MANIFEST_LIST_SCHEMA, manifests, {
    "snapshot-id": String(snapshot.snapshotId),
    "parent-snapshot-id": snapshot.parentId === undefined ? "null" : String(snapshot.parentId),
    "sequence-number": String(snapshot.sequenceNumber),
    "format-version": "2",
  });
}

export function decodeManifestList(bytes: Uint8Array): readonly ManifestFile[] {
  return (decodeAvroFile(bytes) as readonly StoredManifestFile[]).map(completed);
}

/** As the first version of the format has it, and writers who kept its names. */
type StoredManifestFile = Partial<ManifestFile> &
  Pick<ManifestFile, "manifest_path" | "manifest_length"> & {
    readonly added_data_files_count?: number | null;
    readonly existing_data_files_count?: number | null;
    readonly deleted_data_files_count?: number | null;
  };

function completed(stored: StoredManifestFile): ManifestFile {
  return {
    manifest_path: stored.manifest_path,
    manifest_length: stored.manifest_length,
    partition_spec_id: stored.partition_spec_id ?? 0,
    content: stored.content ?? 0,
    sequence_number: stored.sequence_number ?? 0,
    min_sequence_number: stored.min_sequence_number ?? 0,
    added_snapshot_id: stored.added_snapshot_id ?? 0,
    added_files_count: stored.added_files_count ?? stored.added_data_files_count ?? 0,
    existing_files_count: stored.existing_files_count ?? stored.existing_data_files_count ?? 0,
    deleted_files_count: stored.deleted_files_count ?? stored.deleted_data_files_count ?? 0,
    added_rows_count: stored.added_rows_count ?? 0,
    existing_rows_count: stored.existing_rows_count ?? 0,
    deleted_rows_count: stored.deleted_rows_count ?? 0,
  };
}
