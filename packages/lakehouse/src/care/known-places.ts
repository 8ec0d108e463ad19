import type { ManifestFile } from "../domain/iceberg/manifest-list.ts";
import type { IcebergMetadata, IcebergSnapshot } from "../domain/iceberg/metadata.ts";
import type { ObjectStore } from "../ports.ts";
import { remember } from "../remember.ts";
import { manifestsOf, pathIn, readManifest } from "../table-files.ts";

// Where the files of a snapshot lie, roughly. Manifests and their lists are written once, so what one leads to is asked
// once, and whoever looks for the files of one table need not read those of all others again.

const FILES_MAX = 100_000;

interface Known {
  readonly lists: Map<string, ReadonlySet<string>>;
  readonly manifests: Map<string, ReadonlySet<string>>;
  /** Each set once: most snapshots of a table have the same. */
  readonly sets: Map<string, ReadonlySet<string>>;
}

const known = new WeakMap<ObjectStore, Known>();

/** The folder of a file that is told apart: of a table, as most lie. The same for all paths that could be equal. */
export function placeOf(path: string): string {
  return path.split("/", 3).slice(0, 2).join("/");
}

/** The snapshots that lead to some of these places: those that surely lead to none of the files there are left out. */
export async function snapshotsNear(
  store: ObjectStore,
  metadata: IcebergMetadata,
  places: ReadonlySet<string>,
): Promise<readonly IcebergSnapshot[]> {
  const near: IcebergSnapshot[] = [];
  for (const snapshot of metadata.snapshots) {
    // One whose list lies there need not be read to know it.
    const isNear =
      placeIn(store, snapshot["manifest-list"] ?? "").some((place) => places.has(place)) ||
      !(await placesOfSnapshot(store, metadata, snapshot)).isDisjointFrom(places);
    if (isNear) near.push(snapshot);
  }
  return near;
}

/** The places of all that a snapshot leads to in the store. */
async function placesOfSnapshot(
  store: ObjectStore,
  metadata: IcebergMetadata,
  snapshot: IcebergSnapshot,
): Promise<ReadonlySet<string>> {
  const { "manifest-list": list } = snapshot;
  const own = knownOf(store);
  // A table of the first version may name its manifests in the metadata itself.
  const isNamed = list !== undefined;
  const seen = isNamed ? own.lists.get(list) : undefined;
  if (seen !== undefined) return seen;
  const places = new Set(isNamed ? placeIn(store, list) : []);
  // What lies elsewhere is not read.
  const manifests = isNamed && pathIn(store, list) === undefined ? [] : await manifestsOf(store, metadata, snapshot);
  for (const manifest of manifests) for (const place of await placesOfManifest(store, manifest)) places.add(place);
  const once = onlyOnce(own, places);
  if (isNamed) remember(own.lists, FILES_MAX, [list, once]);
  return once;
}

async function placesOfManifest(store: ObjectStore, manifest: ManifestFile): Promise<ReadonlySet<string>> {
  const own = knownOf(store);
  const seen = own.manifests.get(manifest.manifest_path);
  if (seen !== undefined) return seen;
  const places = new Set(placeIn(store, manifest.manifest_path));
  for (const { file } of await readManifest(store, manifest))
    for (const place of placeIn(store, file.file_path)) places.add(place);
  const once = onlyOnce(own, places);
  remember(own.manifests, FILES_MAX, [manifest.manifest_path, once]);
  return once;
}

function placeIn(store: ObjectStore, location: string): readonly string[] {
  const path = pathIn(store, location);
  return path === undefined ? [] : [placeOf(path)];
}

function knownOf(store: ObjectStore): Known {
  const own = known.get(store) ?? {
    lists: new Map<string, ReadonlySet<string>>(),
    manifests: new Map<string, ReadonlySet<string>>(),
    sets: new Map<string, ReadonlySet<string>>(),
  };
  known.set(store, own);
  return own;
}

function onlyOnce({ sets }: Known, places: ReadonlySet<string>): ReadonlySet<string> {
  const key = [...places].toSorted().join("\0");
  const seen = sets.get(key) ?? places;
  remember(sets, FILES_MAX, [key, seen]);
  return seen;
}
