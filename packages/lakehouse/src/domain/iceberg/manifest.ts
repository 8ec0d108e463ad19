import { avroRecords, decodeAvroFile, encodeAvroFile } from "./avro-file.ts";
import { manifestSchemaOf } from "./avro-schemas.ts";
import type { DataFile } from "./data-file.ts";
import type { ManifestFile } from "./manifest-list.ts";
import type { PartitionSpec, SnapshotId } from "./metadata.ts";
import { partitionRecordOf } from "./partition-record.ts";
import type { LiveFile } from "./scan.ts";
import type { IcebergSchema } from "./schema.ts";

/** How a manifest's entry came into it: carried over, added or deleted by the entry's snapshot. */
export const EntryStatus = { existing: 0, added: 1, deleted: 2 } as const;

/** A file of a manifest. Null, of an added one, is inherited from what the manifest list says. */
export interface ManifestEntry {
  readonly status: number;
  readonly snapshot_id: SnapshotId | null;
  readonly sequence_number: number | null;
  readonly file_sequence_number: number | null;
  readonly data_file: DataFile;
}

/** What all files of one manifest have in common. */
export interface ManifestKind {
  readonly schema: IcebergSchema;
  /** Where partition fields find the columns that they are made of. */
  readonly schemas: readonly IcebergSchema[];
  readonly spec: PartitionSpec;
  readonly content: "data" | "deletes";
}

/** The bytes of a manifest (Iceberg specification, "Manifests"). */
export function encodeManifest(entries: readonly ManifestEntry[], kind: ManifestKind): Uint8Array {
  const { schema, spec } = kind;
  const partition = partitionRecordOf(spec, [schema, ...kind.schemas]);
  const stored = partition.toStored;
  const written = spec.fields.length === 0 ? entries : entries.map((entry) => withPartition(entry, stored));
  return encodeAvroFile(manifestSchemaOf(partition.schema), written, {
    schema: JSON.stringify(schema),
    "schema-id": String(schema["schema-id"]),
    "partition-spec": JSON.stringify(spec.fields),
    "partition-spec-id": String(spec["spec-id"]),
    "format-version": "2",
    content: kind.content,
  });
}

function withPartition(entry: ManifestEntry, stored: (partition: object) => object): ManifestEntry {
  const { data_file: file } = entry;
  return { ...entry, data_file: { ...file, partition: stored(file.partition) } };
}

type Inherited = Pick<ManifestFile, "sequence_number" | "partition_spec_id"> & {
  readonly added_snapshot_id?: SnapshotId;
};

/** The entries of a manifest. What one leaves away it has from the manifest. */
export function decodeEntries(bytes: Uint8Array, manifest: Inherited): readonly ManifestEntry[] {
  return (decodeAvroFile(bytes) as readonly ManifestEntry[]).map((entry) => completed(entry, manifest));
}

function completed(
  entry: ManifestEntry,
  { sequence_number: sequence, added_snapshot_id: snapshot }: Inherited,
): ManifestEntry {
  const isAdded = entry.status === EntryStatus.added;
  const inherited = isAdded ? sequence : 0;
  return {
    status: entry.status,
    snapshot_id: entry.snapshot_id ?? snapshot ?? null,
    sequence_number: entry.sequence_number ?? inherited ?? 0,
    file_sequence_number: entry.file_sequence_number ?? (isAdded ? inherited : (entry.sequence_number ?? 0)),
    data_file: { ...entry.data_file, content: entry.data_file.content ?? 0 },
  };
}

/** The live files of a manifest. */
export function decodeManifest(bytes: Uint8Array, manifest: Inherited): readonly LiveFile[] {
  return [...liveFilesIn(bytes, manifest)];
}

/** The same one after the other, for a manifest whose files would not all lie in memory. */
export function* liveFilesIn(bytes: Uint8Array, manifest: Inherited): Generator<LiveFile> {
  for (const stored of avroRecords(bytes)) {
    const { status, data_file: file, sequence_number: sequence } = completed(stored as ManifestEntry, manifest);
    if (status === EntryStatus.deleted) continue;
    yield { file, sequenceNumber: sequence ?? 0, specId: manifest.partition_spec_id };
  }
}
