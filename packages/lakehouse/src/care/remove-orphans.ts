import type { IcebergMetadata } from "../domain/iceberg/metadata.ts";
import { lakehouseErrors } from "../errors.ts";
import type { CatalogWorld } from "../rest/world.ts";
import { pathIn, readMetadata } from "../table-files.ts";
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
 * Deletes what lies in a table's folder and no snapshot of any table, branch or tag leads to: what writers left
 * behind who died, or whose commit failed. Files that are younger stay, since a writer may be about to commit them; so do
 * those whose name, or a folder's on the way, begins with `_` or `.`, which are others', and what lies where another table
 * has its folder. Links are not followed. Throws `lakehouse/shared-location`.
 */
export async function removeOrphans(
  world: CatalogWorld,
  name: string,
  { olderThanMs, isDryRun }: { readonly olderThanMs: number; readonly isDryRun: boolean },
): Promise<RemovedOrphans> {
  const { metadata } = await tableNow(world, identifierNamed(name));
  refuseSharedFiles(name, metadata);
  const folder = ownFolder(world, name, metadata);
  const others = await placesWithin(world, folder);
  const orphans = new Map<string, number>();
  // What is there first, then what leads to it: a commit in between is seen.
  for await (const file of world.store.list(folder))
    if (
      file.modifiedAtMs < world.clock.nowMs() - olderThanMs &&
      !isHidden(file.path.slice(folder.length)) &&
      !others.some((place) => file.path.startsWith(`${place}/`))
    )
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

/** Those in which tables are made: what lies in them is of all tables. */
export const FOLDERS_OF_ALL: ReadonlySet<string> = new Set(["", "main", "tables"]);

/** Throws `lakehouse/shared-location`. */
function ownFolder({ store }: CatalogWorld, name: string, { location }: IcebergMetadata): string {
  // The warehouse itself has no path in it.
  const folder = pathIn(store, location)?.replace(/\/+$/, "") ?? "";
  if (!FOLDERS_OF_ALL.has(folder)) return folder;
  throw lakehouseErrors.create("lakehouse/shared-location", {
    because: `${name} lies at ${location}, where all tables lie: what nothing leads to there may be another's`,
  });
}

/** Where other tables, of any branch, keep or may write files below a folder. */
async function placesWithin(world: CatalogWorld, folder: string): Promise<readonly string[]> {
  const places = new Set<string>();
  // The table itself, here or on a branch, has its paths within its folder.
  for (const own of await placesByTable(world))
    if (own[0] !== folder) for (const place of own) if (place.startsWith(`${folder}/`)) places.add(place);
  return [...places];
}

/** Where the tables of any branch keep or may write files. */
export async function placesOfTables(world: CatalogWorld): Promise<ReadonlySet<string>> {
  return new Set((await placesByTable(world)).flat());
}

/** Of each table first its own folder. */
async function placesByTable({ store, entries }: CatalogWorld): Promise<readonly (readonly string[])[]> {
  const places: (readonly string[])[] = [];
  for (const root of new Set(await entries.metadataLocations())) {
    const { location, properties } = await readMetadata(store, root);
    const told = [location, properties["write.data.path"], properties["write.metadata.path"]];
    places.push(told.flatMap((one) => (one === undefined ? [] : (pathIn(store, one)?.replace(/\/+$/, "") ?? []))));
  }
  return places;
}

/** A partition's folder may begin so by its column's name: `_day=2001-01-01`. */
export function isHidden(path: string): boolean {
  return path.split("/").some((part) => /^[_.]/.test(part) && !part.includes("="));
}
