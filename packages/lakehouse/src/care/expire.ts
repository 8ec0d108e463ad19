import type { IcebergMetadata, IcebergSnapshot, SnapshotId, SnapshotRef } from "../domain/iceberg/metadata.ts";
import { removeRef, removeSnapshots } from "../domain/iceberg/table-draft.ts";
import type { CatalogWorld } from "../rest/world.ts";
import { changeTable } from "./change-table.ts";
import { deleteFiles, filesOf, keepWhatIsLedTo, refuseSharedFiles } from "./reachable-files.ts";
import { identifierNamed, tableNow } from "./table-named.ts";

/** What was, or would be, taken away by an expiry. */
export interface Expired {
  readonly snapshotIds: readonly string[];
  readonly files: number;
  readonly bytes: number;
  readonly isDryRun: boolean;
}

export interface ExpiryOptions {
  /** Snapshots older than this go. Default: the table's `history.expire.max-snapshot-age-ms`, else five days. */
  readonly maxAgeMs?: number | undefined;
  /** So many of each branch stay, however old. Default: the table's `history.expire.min-snapshots-to-keep`, else one. */
  readonly keep?: number | undefined;
  readonly isDryRun: boolean;
}

const FIVE_DAYS_MS = 432_000_000;

interface Expiry {
  readonly snapshots: readonly IcebergSnapshot[];
  /** Tags and branches of the table that are too old themselves. */
  readonly refs: readonly string[];
}

/**
 * Forgets old snapshots, then deletes the files that nothing leads to any more: every branch of the project, tag and other
 * table counts. The pointer moves first, so that what dies half way leaves files too many, never too few.
 */
export async function expireSnapshots(world: CatalogWorld, name: string, options: ExpiryOptions): Promise<Expired> {
  const identifier = identifierNamed(name);
  const nowMs = world.clock.nowMs();
  const { before, gone } = options.isDryRun
    ? await planned(world, name, options)
    : await changeTable(world, identifier, async ({ metadata }, draft) => {
        refuseSharedFiles(name, metadata);
        const expiry = expiryOf(metadata, { ...options, nowMs });
        for (const ref of expiry.refs) removeRef(draft, ref);
        removeSnapshots(draft, new Set(expiry.snapshots.map((one) => one["snapshot-id"])));
        draft.isChanged = expiry.snapshots.length + expiry.refs.length > 0;
        return Promise.resolve({ before: metadata, gone: expiry.snapshots });
      });
  const files = await filesOf(world, before, gone);
  await keepWhatIsLedTo(world, files, options.isDryRun ? { instead: await afterwards(world, name, gone) } : {});
  if (!options.isDryRun) await deleteFiles(world, files.keys());
  return {
    snapshotIds: gone.map((one) => String(one["snapshot-id"])),
    files: files.size,
    bytes: [...files.values()].reduce((sum, bytes) => sum + bytes, 0),
    isDryRun: options.isDryRun,
  };
}

async function planned(world: CatalogWorld, name: string, options: ExpiryOptions) {
  const { metadata } = await tableNow(world, identifierNamed(name));
  refuseSharedFiles(name, metadata);
  return { before: metadata, gone: expiryOf(metadata, { ...options, nowMs: world.clock.nowMs() }).snapshots };
}

/** The table as it would be: in a dry run the pointer does not move. */
async function afterwards(world: CatalogWorld, name: string, gone: readonly IcebergSnapshot[]) {
  const { location, metadata } = await tableNow(world, identifierNamed(name));
  const ids = new Set(gone.map((one) => one["snapshot-id"]));
  const snapshots = metadata.snapshots.filter((one) => !ids.has(one["snapshot-id"]));
  return { of: location, metadata: { ...metadata, snapshots } };
}

/** What is too old (Iceberg specification, "Snapshot Retention Policy"). */
function expiryOf(
  metadata: IcebergMetadata,
  given: Pick<ExpiryOptions, "maxAgeMs" | "keep"> & { readonly nowMs: number },
): Expiry {
  const property = (name: string, otherwise: number) => {
    const value = Number(metadata.properties[`history.expire.${name}`] ?? otherwise);
    return Number.isFinite(value) && value >= 0 ? value : otherwise;
  };
  const maxAgeMs = given.maxAgeMs ?? property("max-snapshot-age-ms", FIVE_DAYS_MS);
  const keep = given.keep ?? property("min-snapshots-to-keep", 1);
  const maxRefAgeMs = property("max-ref-age-ms", Infinity);
  const byId = new Map(metadata.snapshots.map((one) => [one["snapshot-id"], one]));
  const ageOf = (snapshot: IcebergSnapshot) => given.nowMs - snapshot["timestamp-ms"];
  const isOld = (name: string, ref: SnapshotRef) => {
    const snapshot = byId.get(ref["snapshot-id"]);
    return name !== "main" && snapshot !== undefined && ageOf(snapshot) > (ref["max-ref-age-ms"] ?? maxRefAgeMs);
  };
  const refs = Object.entries(metadata.refs);
  const kept = new Set<SnapshotId>();
  for (const [name, ref] of refs) {
    if (isOld(name, ref)) continue;
    const atLeast = ref.type === "tag" ? 1 : Math.max(1, ref["min-snapshots-to-keep"] ?? keep);
    const refMaxAgeMs = ref["max-snapshot-age-ms"] ?? maxAgeMs;
    let count = 0;
    for (const snapshot of ancestorsOf(byId, ref["snapshot-id"])) {
      count += 1;
      if (count > atLeast && (ref.type === "tag" || ageOf(snapshot) > refMaxAgeMs)) break;
      kept.add(snapshot["snapshot-id"]);
    }
  }
  return {
    snapshots: metadata.snapshots.filter((one) => !kept.has(one["snapshot-id"]) && ageOf(one) > maxAgeMs),
    refs: refs.filter(([name, ref]) => isOld(name, ref)).map(([name]) => name),
  };
}

/** A snapshot and those that it follows upon, the newest first. */
export function* ancestorsOf(
  byId: ReadonlyMap<SnapshotId, IcebergSnapshot>,
  id: SnapshotId | undefined,
): Iterable<IcebergSnapshot> {
  const seen = new Set<SnapshotId>();
  for (let at = id; at !== undefined && !seen.has(at);) {
    seen.add(at);
    const snapshot = byId.get(at);
    if (snapshot === undefined) return;
    yield snapshot;
    at = snapshot["parent-snapshot-id"];
  }
}
