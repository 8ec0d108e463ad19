import { EntryStatus, type ManifestEntry } from "../domain/iceberg/manifest.ts";
import type { ManifestFile } from "../domain/iceberg/manifest-list.ts";
import { canonical } from "../domain/iceberg/schema.ts";
import { putManifest } from "../commit/manifest-writer.ts";
import { mergePolicyOf } from "../commit/merge-manifests.ts";
import type { ManifestArrangement } from "../commit/produce-snapshot.ts";
import type { CatalogWorld } from "../rest/world.ts";
import { manifestsOf, readEntries } from "../table-files.ts";
import { commitPlan } from "./commit-plan.ts";
import { identifierNamed, tableNow } from "./table-named.ts";

/** What was, or would be, made of a table's manifests. */
export interface RewrittenManifests {
  readonly before: number;
  readonly after: number;
  /** Null when nothing was changed. */
  readonly snapshotId: string | null;
  readonly isDryRun: boolean;
}

/**
 * Writes the manifests anew, the files of a partition side by side, so that planning opens few of them: as many as are
 * filled to `commit.manifest.target-size-bytes`. The table's files and rows stay what they are.
 */
export async function rewriteManifests(
  world: CatalogWorld,
  name: string,
  { isDryRun }: { readonly isDryRun: boolean },
): Promise<RewrittenManifests> {
  const identifier = identifierNamed(name);
  const { metadata } = await tableNow(world, identifier);
  const before = await manifestsOf(world.store, metadata);
  const { targetBytes } = mergePolicyOf(metadata.properties);
  const after = [...groupsOf(before).values()].reduce((sum, group) => sum + countFor(group, targetBytes), 0);
  const told = { before: before.length, after, isDryRun };
  if (isDryRun || after === before.length) return { ...told, snapshotId: null };
  const snapshot = await commitPlan(world, identifier, () =>
    Promise.resolve({
      change: { operation: "replace", added: [], removed: new Set<string>() },
      arrangement: arrangeAnew,
    }),
  );
  return { ...told, snapshotId: String(snapshot?.["snapshot-id"]) };
}

function groupsOf(manifests: readonly ManifestFile[]) {
  return Map.groupBy(manifests, (one) => `${one.partition_spec_id} ${one.content}`);
}

function countFor(group: readonly ManifestFile[], targetBytes: number): number {
  return Math.ceil(group.reduce((sum, one) => sum + one.manifest_length, 0) / targetBytes);
}

const arrangeAnew: ManifestArrangement = async ({ store, folder }, { before, frame }) => {
  const { targetBytes } = mergePolicyOf(frame.properties);
  const { snapshotId, sequenceNumber } = frame;
  const manifests: ManifestFile[] = [];
  let processed = 0;
  for (const group of groupsOf(before).values()) {
    const [first] = group;
    if (first === undefined) continue;
    const { partition_spec_id: specId, content } = first;
    const spec = frame.specs.find((one) => one["spec-id"] === specId);
    if (spec === undefined) throw new Error(`the table has no partition spec ${specId}`);
    const kind = { ...frame, spec, content: content === 0 ? "data" : "deletes" } as const;
    const entries = byPartition((await Promise.all(group.map((one) => readEntries(store, one)))).flat());
    processed += entries.length;
    const perManifest = Math.ceil(entries.length / countFor(group, targetBytes));
    for (let start = 0; start < entries.length; start += perManifest)
      manifests.push(
        putManifest(folder, entries.slice(start, start + perManifest), { kind, snapshotId, sequenceNumber }),
      );
  }
  const summary = {
    "manifests-created": String(manifests.length),
    "manifests-kept": "0",
    "manifests-replaced": String(before.length),
    "entries-processed": String(processed),
  };
  return { manifests, removed: [], summary };
};

/** The live ones, all of them carried over. */
function byPartition(entries: readonly ManifestEntry[]): readonly ManifestEntry[] {
  return entries
    .filter(({ status }) => status !== EntryStatus.deleted)
    .map((entry) => ({ key: canonical(entry.data_file.partition), entry }))
    .toSorted((one, other) => (one.key < other.key ? -1 : one.key > other.key ? 1 : 0))
    .map(({ entry }) => ({ ...entry, status: EntryStatus.existing }));
}
