import { dirname } from "node:path/posix";
import { parseMetadata } from "../domain/iceberg/read-metadata.ts";
import { lakehouseErrors } from "../errors.ts";
import type { CatalogWorld } from "../rest/world.ts";
import { deleteFiles, keepWhatIsLedTo, sharesFiles } from "./reachable-files.ts";
import { FOLDERS_OF_ALL, isHidden, placesOfTables } from "./remove-orphans.ts";

/** Files of tables that are no more, which were, or would be, deleted. */
export interface RemovedDropped {
  readonly files: number;
  readonly bytes: number;
  /** Where they lie, at most a hundred folders of tables. */
  readonly folders: readonly { readonly folder: string; readonly files: number; readonly bytes: number }[];
  readonly isDryRun: boolean;
}

const FOLDERS_MAX = 100;

/**
 * Deletes what tables that were dropped have left in the warehouse: files below the folders in which tables are made, in the
 * place of no table of any branch, which no snapshot of any table, branch or tag leads to. As for one table, younger files
 * and those of others stay; so does what lay there with `gc.enabled=false`, or whose metadata cannot be read. Throws
 * `lakehouse/catalog-lacks` for another catalog: its warehouse may be of catalogs that are not asked here.
 */
export async function removeDropped(
  world: CatalogWorld,
  { olderThanMs, isDryRun }: { readonly olderThanMs: number; readonly isDryRun: boolean },
): Promise<RemovedDropped> {
  const { store, entries, clock } = world;
  if (entries.placeFor !== undefined)
    throw lakehouseErrors.create("lakehouse/catalog-lacks", {
      because: "what its dropped tables have left: its warehouse may hold tables of catalogs that are not asked here",
    });
  const left = new Map<string, number>();
  // What is there first, then what leads to it: a commit in between is seen.
  for (const top of FOLDERS_OF_ALL)
    if (top !== "")
      for await (const { path, bytes, modifiedAtMs } of store.list(top))
        if (modifiedAtMs < clock.nowMs() - olderThanMs && !isHidden(path)) left.set(path, bytes);
  const places = await placesOfTables(world);
  for (const path of left.keys()) if (isWithin(path, places)) left.delete(path);
  await keepShared(world, left);
  await keepWhatIsLedTo(world, left);
  if (!isDryRun) await deleteFiles(world, left.keys());
  return { ...toldOf(left), isDryRun };
}

function isWithin(path: string, places: ReadonlySet<string>): boolean {
  for (let folder = dirname(path); folder !== "."; folder = dirname(folder)) if (places.has(folder)) return true;
  return false;
}

/** By the newest metadata of each folder that has some. */
async function keepShared({ store }: CatalogWorld, left: Map<string, number>): Promise<void> {
  const newest = new Map<string, string>();
  for (const path of [...left.keys()].filter((one) => one.endsWith(".metadata.json")).toSorted())
    newest.set(dirname(path), path);
  for (const [folder, path] of newest) {
    const metadata = await store.read(store.locate(path)).then(parseMetadata, () => undefined);
    if (metadata !== undefined && !sharesFiles(metadata)) continue;
    const place = folderOfTable(folder);
    for (const one of left.keys()) if (one.startsWith(`${place}/`)) left.delete(one);
  }
}

/** The folder of a table, by that of its metadata or data. */
function folderOfTable(folder: string): string {
  const [own] = /^.*?(?=\/(?:metadata|data)(?:\/|$))/.exec(folder) ?? [];
  return own ?? folder;
}

function toldOf(left: ReadonlyMap<string, number>): Omit<RemovedDropped, "isDryRun"> {
  const folders = new Map<string, { files: number; bytes: number }>();
  for (const [path, bytes] of left) {
    const folder = folderOfTable(dirname(path));
    const sum = folders.get(folder) ?? { files: 0, bytes: 0 };
    folders.set(folder, { files: sum.files + 1, bytes: sum.bytes + bytes });
  }
  return {
    files: left.size,
    bytes: left.values().reduce((sum, bytes) => sum + bytes, 0),
    folders: [...folders]
      .map(([folder, sum]) => ({ folder, ...sum }))
      .toSorted((one, other) => other.bytes - one.bytes)
      .slice(0, FOLDERS_MAX),
  };
}
