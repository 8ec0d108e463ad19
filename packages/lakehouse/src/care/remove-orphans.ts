import type { CatalogWorld } from "../rest/world.ts";
import { deleteFiles, keepWhatIsLedTo, refuseSharedFiles } from "./reachable-files.ts";
import { identifierNamed, tableNow } from "./table-named.ts";

/** Files that nothing leads to, which were, or would be, deleted. */
export interface RemovedOrphans {
  readonly files: number;
  readonly bytes: number;
  /** Some of their paths, at most a hundred. */
  readonly paths: readonly string[];
  readonly isDryRun: boolean;
}

const PATHS_MAX = 100;

/**
 * Deletes what lies in a table's folder and no snapshot of any table, branch, tag or mirror leads to: what writers left
 * behind who died, or whose commit failed. Files that are younger stay, since a writer may be about to commit them; so do
 * those whose name, or a folder's on the way, begins with `_` or `.`, which are others'. Links are not followed.
 */
export async function removeOrphans(
  world: CatalogWorld,
  name: string,
  { olderThanMs, isDryRun }: { readonly olderThanMs: number; readonly isDryRun: boolean },
): Promise<RemovedOrphans> {
  const { metadata } = await tableNow(world, identifierNamed(name));
  refuseSharedFiles(name, metadata);
  const folder = world.store.pathOf(metadata.location);
  const orphans = new Map<string, number>();
  // What is there first, then what leads to it: a commit in between is seen.
  for await (const file of world.store.list(folder))
    if (file.modifiedAtMs < world.clock.nowMs() - olderThanMs && !isHidden(file.path.slice(folder.length)))
      orphans.set(file.path, file.bytes);
  await keepWhatIsLedTo(world, orphans);
  if (!isDryRun) await deleteFiles(world, orphans.keys());
  return {
    files: orphans.size,
    bytes: [...orphans.values()].reduce((sum, bytes) => sum + bytes, 0),
    paths: [...orphans.keys()].toSorted().slice(0, PATHS_MAX),
    isDryRun,
  };
}

/** A partition's folder may begin so by its column's name: `_day=2001-01-01`. */
function isHidden(path: string): boolean {
  return path.split("/").some((part) => /^[_.]/.test(part) && !part.includes("="));
}
