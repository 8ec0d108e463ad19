import { writePoint } from "@millwright/kernel";
import { lakehouseErrors } from "../errors.ts";
import type { IcebergMetadata, IcebergSnapshot } from "../domain/iceberg/metadata.ts";
import type { CatalogWorld } from "../rest/world.ts";
import { placeOf, snapshotsNear } from "./known-places.ts";
import { manifestsOf, pathIn, readManifest, readMetadata } from "../table-files.ts";

/** The files that snapshots lead to, with their bytes, by their path in the store. What lies elsewhere is left out. */
export async function filesOf(
  { store }: Pick<CatalogWorld, "store">,
  metadata: IcebergMetadata,
  snapshots: readonly IcebergSnapshot[],
  seen = new Set<string>(),
): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  const add = (location: string, bytes: number) => {
    const path = pathIn(store, location);
    if (path !== undefined) found.set(path, bytes);
  };
  for (const snapshot of snapshots) {
    const { "manifest-list": list, manifests: named } = snapshot;
    // A table of the first version may name its manifests in the metadata itself.
    if (named === undefined || list !== undefined) {
      add(list, 0);
      if (pathIn(store, list) === undefined) continue;
    }
    for (const manifest of await manifestsOf(store, metadata, snapshot)) {
      if (seen.has(manifest.manifest_path)) continue;
      seen.add(manifest.manifest_path);
      add(manifest.manifest_path, Math.max(0, Number(manifest.manifest_length)));
      for (const { file } of await readManifest(store, manifest)) add(file.file_path, file.file_size_in_bytes);
    }
  }
  return found;
}

/** A table's own files beside its snapshots': its metadata files and statistics. */
export function ownFilesOf({ store }: Pick<CatalogWorld, "store">, location: string, metadata: IcebergMetadata) {
  const statistics = [...(metadata.statistics ?? []), ...(metadata["partition-statistics"] ?? [])].flatMap((one) => {
    const { "statistics-path": path } = one as { readonly "statistics-path"?: unknown };
    return typeof path === "string" ? [path] : [];
  });
  const locations = [location, ...metadata["metadata-log"].map((one) => one["metadata-file"]), ...statistics];
  return locations.flatMap((one) => pathIn(store, one) ?? []);
}

/**
 * Takes out of the candidates what any table of any branch, or any of its snapshots, leads to; mirrors have names of their own for files. A root that cannot
 * be read ends it: what is not known to be lost is not deleted.
 */
export async function keepWhatIsLedTo(
  world: CatalogWorld,
  candidates: Map<string, unknown>,
  { instead }: { readonly instead?: { readonly of: string; readonly metadata: IcebergMetadata } } = {},
): Promise<void> {
  if (candidates.size === 0) return;
  const roots = [...(await world.entries.metadataLocations())];
  const seen = new Set<string>();
  const keep = async (location: string, metadata: IcebergMetadata) => {
    for (const path of ownFilesOf(world, location, metadata)) candidates.delete(path);
    const near = await snapshotsNear(world.store, metadata, new Set(candidates.keys().map(placeOf)));
    for (const path of (await filesOf(world, metadata, near, seen)).keys()) candidates.delete(path);
  };
  if (instead !== undefined) {
    roots.splice(roots.indexOf(instead.of), 1);
    await keep(instead.of, instead.metadata);
  }
  for (const root of new Set(roots)) await keep(root, await readMetadata(world.store, root));
}

const REMOVALS_AT_ONCE = 16;

export async function deleteFiles({ store, entries }: CatalogWorld, paths: Iterable<string>): Promise<void> {
  const all = [...paths];
  await entries.forgetFiles(all);
  writePoint("lakehouse/remove/after-forget");
  for (let start = 0; start < all.length; start += REMOVALS_AT_ONCE)
    await Promise.all(
      all.slice(start, start + REMOVALS_AT_ONCE).map(async (path) => {
        await store.remove(path);
        writePoint("lakehouse/remove/after-file");
      }),
    );
}

/** What a table says of files that lie there for tables of other catalogs as well. */
export function sharesFiles({ properties }: Pick<IcebergMetadata, "properties">): boolean {
  return properties["gc.enabled"]?.toLowerCase() === "false";
}

/** Throws `lakehouse/shared-files`. */
export function refuseSharedFiles(name: string, metadata: Pick<IcebergMetadata, "properties">): void {
  if (sharesFiles(metadata))
    throw lakehouseErrors.create("lakehouse/shared-files", {
      because: `${name} has gc.enabled = false: nothing of its files is deleted`,
    });
}
