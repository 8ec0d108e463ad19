import { FileContent, type DataFile } from "../domain/iceberg/data-file.ts";
import { EntryStatus, type ManifestEntry, type ManifestKind } from "../domain/iceberg/manifest.ts";
import type { ManifestFile } from "../domain/iceberg/manifest-list.ts";
import type { PartitionSpec, SnapshotId } from "../domain/iceberg/metadata.ts";
import type { IcebergSchema } from "../domain/iceberg/schema.ts";
import { lakehouseErrors } from "../errors.ts";
import type { ObjectStore } from "../ports.ts";
import { readEntries } from "../table-files.ts";
import { mergeManifests } from "./merge-manifests.ts";
import type { MetadataFolder } from "./manifest-writer.ts";
import type { AddedFile, SnapshotChange } from "./snapshot-change.ts";

/** The table around a snapshot that is being made. */
export interface SnapshotFrame {
  readonly table: string;
  readonly schema: IcebergSchema;
  readonly schemas: readonly IcebergSchema[];
  readonly specs: readonly PartitionSpec[];
  readonly properties: Readonly<Record<string, string>>;
  readonly snapshotId: SnapshotId;
  readonly sequenceNumber: number;
}

/** A manifest of the snapshot: one that is there already, or entries that are to become one. */
export interface ManifestDraft {
  readonly specId: number;
  readonly content: ManifestKind["content"];
  readonly stored?: ManifestFile;
  readonly entries?: readonly ManifestEntry[];
}

export interface ManifestsOfChange {
  /** The newest first. */
  readonly manifests: readonly ManifestFile[];
  readonly removed: readonly DataFile[];
  /** More entries of the snapshot's summary. */
  readonly summary?: Readonly<Record<string, string>>;
}

/**
 * The manifests of a table after a change. Those whose files all stay are taken as they are, so that a commit costs what it
 * changes and not what the table holds; where files go, the manifest is written anew without them. Throws
 * `lakehouse/commit-conflict` when a file that is to go is not live.
 */
export async function manifestsOfChange(
  { store, folder }: { readonly store: ObjectStore; readonly folder: MetadataFolder },
  {
    before,
    change,
    frame,
  }: { readonly before: readonly ManifestFile[]; readonly change: SnapshotChange; readonly frame: SnapshotFrame },
): Promise<ManifestsOfChange> {
  const kept = await Promise.all(before.filter(holdsFiles).map((one) => withoutRemoved(store, one, { change, frame })));
  const removed = kept.flatMap((one) => one.removed);
  refuseMissing(change, { removed, table: frame.table });
  const added = addedManifests(change.added, frame);
  const drafts = [...added, ...kept.map(({ draft }) => draft)];
  return { manifests: await mergeManifests({ store, folder }, drafts, frame), removed };
}

/** One with nothing but files that an earlier snapshot deleted says nothing any more. */
function holdsFiles(manifest: ManifestFile): boolean {
  return manifest.added_files_count + manifest.existing_files_count > 0 || manifest.deleted_files_count === 0;
}

async function withoutRemoved(
  store: ObjectStore,
  manifest: ManifestFile,
  { change: { removed }, frame }: { readonly change: SnapshotChange; readonly frame: SnapshotFrame },
): Promise<{ readonly draft: ManifestDraft; readonly removed: readonly DataFile[] }> {
  const specId = manifest.partition_spec_id;
  const content = manifest.content === 0 ? "data" : "deletes";
  const asItIs = { draft: { specId, content, stored: manifest }, removed: [] } as const;
  if (removed !== "all" && removed.size === 0) return asItIs;
  const live = (await readEntries(store, manifest)).filter(({ status }) => status !== EntryStatus.deleted);
  const goes = ({ data_file: file }: ManifestEntry) => removed === "all" || removed.has(file.file_path);
  const gone = live.filter(goes);
  if (gone.length === 0) return asItIs;
  const entries = live.map((entry) =>
    goes(entry)
      ? { ...entry, status: EntryStatus.deleted, snapshot_id: frame.snapshotId }
      : { ...entry, status: EntryStatus.existing },
  );
  return { draft: { specId, content, entries }, removed: gone.map(({ data_file: file }) => file) };
}

function refuseMissing(
  { removed: asked }: SnapshotChange,
  { removed, table }: { readonly removed: readonly DataFile[]; readonly table: string },
): void {
  if (asked === "all" || removed.length === asked.size) return;
  throw lakehouseErrors.create("lakehouse/commit-conflict", {
    because: `files of ${table} that were to be replaced are not there any more`,
  });
}

/** Those of one spec and kind in one manifest. */
function addedManifests(added: readonly AddedFile[], { snapshotId }: SnapshotFrame): readonly ManifestDraft[] {
  const drafts = new Map<string, ManifestDraft & { readonly entries: ManifestEntry[] }>();
  for (const { file, specId, sequenceNumber } of added) {
    const content = file.content === FileContent.data ? "data" : "deletes";
    const draft = drafts.get(`${specId} ${content}`) ?? { specId, content, entries: [] };
    drafts.set(`${specId} ${content}`, draft);
    draft.entries.push({
      status: EntryStatus.added,
      snapshot_id: snapshotId,
      // Null is inherited from the manifest list, so that the entry holds whichever commit comes first.
      sequence_number: sequenceNumber ?? null,
      file_sequence_number: null,
      data_file: file,
    });
  }
  return [...drafts.values()];
}
