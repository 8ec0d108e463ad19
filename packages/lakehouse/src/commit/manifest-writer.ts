import type { IdSource } from "@millwright/kernel";
import { writePoint } from "@millwright/kernel";
import { sha256Of } from "@millwright/platform";
import { encodeManifest, EntryStatus, type ManifestEntry, type ManifestKind } from "../domain/iceberg/manifest.ts";
import type { ManifestFile } from "../domain/iceberg/manifest-list.ts";
import type { SnapshotId } from "../domain/iceberg/metadata.ts";
import { partitionSummaries } from "../domain/iceberg/partition-summaries.ts";
import type { NewFile, ObjectStore, StoredFile } from "../ports.ts";

/** Where one commit puts its metadata. What is put is written when it settles, and all of it made durable in one step. */
export interface MetadataFolder {
  readonly ids: IdSource;
  /** Answers the location. */
  put(name: string, bytes: Uint8Array, point: string): string;
  /** Writes all that was put, durably. Answers what it was, for the checksums kept with the pointer. */
  settle(): Promise<readonly StoredFile[]>;
}

export function openMetadataFolder({
  store,
  ids,
  folder,
}: {
  readonly store: ObjectStore;
  readonly ids: IdSource;
  /** Its path in the store. */
  readonly folder: string;
}): MetadataFolder {
  const files: (NewFile & { readonly point: string })[] = [];
  return {
    ids,
    put: (name, bytes, point) => {
      const path = `${folder}/${name}`;
      files.push({ path, bytes, point });
      return store.locate(path);
    },
    settle: async () => {
      const created = store.create(oneByOne(files));
      const sums = files.map(({ path, bytes }) => ({ path, bytes: bytes.length, sha256: sha256Of(bytes) }));
      await created;
      return sums;
    },
  };
}

function* oneByOne(files: readonly (NewFile & { readonly point: string })[]): Generator<NewFile> {
  for (const file of files) {
    yield file;
    writePoint(file.point);
  }
}

interface ManifestOf {
  readonly kind: ManifestKind;
  readonly snapshotId: SnapshotId;
  readonly sequenceNumber: number;
}

/** Writes a manifest of such entries, and tells what a manifest list says of it. */
export function putManifest(
  folder: MetadataFolder,
  entries: readonly ManifestEntry[],
  { kind, snapshotId, sequenceNumber }: ManifestOf,
): ManifestFile {
  const bytes = encodeManifest(entries, kind);
  const name = `${folder.ids()}-m${kind.content === "data" ? 0 : 1}.avro`;
  const location = folder.put(name, bytes, "lakehouse/manifest/after-write");
  const live = entries.filter(({ status }) => status !== EntryStatus.deleted);
  return {
    manifest_path: location,
    manifest_length: bytes.length,
    partition_spec_id: kind.spec["spec-id"],
    content: kind.content === "data" ? 0 : 1,
    sequence_number: sequenceNumber,
    min_sequence_number: live.reduce(
      (least, entry) => Math.min(least, entry.sequence_number ?? sequenceNumber),
      sequenceNumber,
    ),
    added_snapshot_id: snapshotId,
    ...countsOf(entries),
    partitions: partitionSummaries(
      entries.map((entry) => entry.data_file.partition),
      { spec: kind.spec, schemas: [kind.schema, ...kind.schemas] },
    ),
  };
}

function countsOf(entries: readonly ManifestEntry[]) {
  const counted = (status: number) => {
    const of = entries.filter((entry) => entry.status === status);
    return { files: of.length, rows: of.reduce((sum, entry) => sum + entry.data_file.record_count, 0) };
  };
  const existing = counted(EntryStatus.existing);
  const added = counted(EntryStatus.added);
  const deleted = counted(EntryStatus.deleted);
  return {
    added_files_count: added.files,
    existing_files_count: existing.files,
    deleted_files_count: deleted.files,
    added_rows_count: added.rows,
    existing_rows_count: existing.rows,
    deleted_rows_count: deleted.rows,
  };
}
