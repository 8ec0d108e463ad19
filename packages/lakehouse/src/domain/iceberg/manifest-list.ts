import { decodeAvroFile, encodeAvroFile, type RecordBytes } from "./avro-file.ts";
import { MANIFEST_LIST_SCHEMA } from "./avro-schemas.ts";
import type { SnapshotId } from "./metadata.ts";

/** What the manifest list of a snapshot says of one manifest. */
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
  /** By the fields of the spec: what the files' partitions lie between. */
  readonly partitions?: readonly FieldSummary[] | null;
  readonly key_metadata?: Buffer | null;
}

/** What one partition field's values lie between, in Iceberg's single-value binary form. */
export interface FieldSummary {
  readonly contains_null: boolean;
  readonly contains_nan?: boolean | null;
  readonly lower_bound?: Buffer | null;
  readonly upper_bound?: Buffer | null;
}

// Each commit lists again the manifests that were there before it: what each is encoded as is kept with it.
const encoded = new WeakMap<object, Buffer>();

const bytesOf: RecordBytes = (manifest, encode) => {
  const known = encoded.get(manifest as ManifestFile);
  if (known !== undefined) return known;
  const bytes = encode();
  encoded.set(manifest as ManifestFile, bytes);
  return bytes;
};

export function encodeManifestList(
  manifests: readonly ManifestFile[],
  snapshot: {
    readonly snapshotId: SnapshotId;
    readonly parentId: SnapshotId | undefined;
    readonly sequenceNumber: number;
  },
): Uint8Array {
  const metadata = {
    "snapshot-id": String(snapshot.snapshotId),
    "parent-snapshot-id": snapshot.parentId === undefined ? "null" : String(snapshot.parentId),
    "sequence-number": String(snapshot.sequenceNumber),
    "format-version": "2",
  };
  return encodeAvroFile(MANIFEST_LIST_SCHEMA, manifests, metadata, { bytesOf });
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
    partitions: stored.partitions ?? null,
    key_metadata: stored.key_metadata ?? null,
  };
}
