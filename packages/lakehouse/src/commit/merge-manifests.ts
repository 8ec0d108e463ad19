import { EntryStatus, type ManifestEntry } from "../domain/iceberg/manifest.ts";
import type { ManifestFile } from "../domain/iceberg/manifest-list.ts";
import type { ObjectStore } from "../ports.ts";
import { readEntries } from "../table-files.ts";
import { putManifest, type MetadataFolder } from "./manifest-writer.ts";
import type { ManifestDraft, SnapshotFrame } from "./manifests-of-change.ts";

/** Iceberg's table properties of manifests, with its defaults. */
interface MergePolicy {
  readonly enabled: boolean;
  readonly targetBytes: number;
  readonly minCount: number;
}

export function mergePolicyOf(properties: Readonly<Record<string, string>>): MergePolicy {
  const whole = (name: string, otherwise: number) => {
    const value = Number(properties[name] ?? otherwise);
    return Number.isSafeInteger(value) && value > 0 ? value : otherwise;
  };
  return {
    enabled: properties["commit.manifest-merge.enabled"]?.toLowerCase() !== "false",
    targetBytes: whole("commit.manifest.target-size-bytes", 8_388_608),
    minCount: whole("commit.manifest.min-count-to-merge", 100),
  };
}

// What an entry takes in a manifest that is still to be written, roughly: it decides what goes together, not what is right.
const ENTRY_BYTES = 400;

function bytesOf({ stored, entries = [] }: ManifestDraft): number {
  return stored?.manifest_length ?? entries.length * ENTRY_BYTES;
}

/**
 * The manifests of a snapshot, those of one spec and kind merged where there are many small ones: full ones stay as they
 * are, and the newest are left apart until there are enough of them. So a list has few entries, and a file is told of
 * again but a few times in the life of a table. The newest come first, and the answer keeps the order.
 */
export async function mergeManifests(
  { store, folder }: { readonly store: ObjectStore; readonly folder: MetadataFolder },
  drafts: readonly ManifestDraft[],
  frame: SnapshotFrame,
): Promise<readonly ManifestFile[]> {
  const policy = mergePolicyOf(frame.properties);
  const groups = [...Map.groupBy(drafts, ({ specId, content }) => `${specId} ${content}`).values()];
  const bins = groups.flatMap((group) => (policy.enabled ? binsOf(group, policy) : group.map((one) => [one])));
  return Promise.all(bins.map((bin) => manifestOf({ store, folder }, bin, frame)));
}

/** From the oldest on, so that it is the newest that do not fill a manifest. */
function binsOf(group: readonly ManifestDraft[], { targetBytes, minCount }: MergePolicy): readonly ManifestDraft[][] {
  const bins: ManifestDraft[][] = [];
  let bytes = Infinity;
  for (const draft of group.toReversed()) {
    if (bytes + bytesOf(draft) > targetBytes) {
      bins.unshift([]);
      bytes = 0;
    }
    bins[0]?.unshift(draft);
    bytes += bytesOf(draft);
  }
  const [newest = [], ...others] = bins;
  return newest.length < minCount ? [...newest.map((one) => [one]), ...others] : bins;
}

async function manifestOf(
  { store, folder }: { readonly store: ObjectStore; readonly folder: MetadataFolder },
  bin: readonly ManifestDraft[],
  frame: SnapshotFrame,
): Promise<ManifestFile> {
  const [first] = bin;
  if (first === undefined) throw new Error("a manifest is made of something");
  if (bin.length === 1 && first.stored !== undefined) return first.stored;
  const { snapshotId, sequenceNumber } = frame;
  const entries = (await Promise.all(bin.map((draft) => entriesOf(store, draft, frame)))).flat();
  const spec = frame.specs.find((one) => one["spec-id"] === first.specId);
  if (spec === undefined) throw new Error(`the table has no partition spec ${first.specId}`);
  const kind = { schema: frame.schema, schemas: frame.schemas, spec, content: first.content };
  return putManifest(folder, entries, { kind, snapshotId, sequenceNumber });
}

/** What was deleted before this snapshot is told no more; what was there before it is carried over. */
async function entriesOf(
  store: ObjectStore,
  { stored, entries }: ManifestDraft,
  { snapshotId }: SnapshotFrame,
): Promise<readonly ManifestEntry[]> {
  const all = entries ?? (stored === undefined ? [] : await readEntries(store, stored));
  return all
    .filter((entry) => entry.status !== EntryStatus.deleted || entry.snapshot_id === snapshotId)
    .map((entry) =>
      entry.status === EntryStatus.added && entry.snapshot_id !== snapshotId
        ? { ...entry, status: EntryStatus.existing }
        : entry,
    );
}
