import type { ManifestFile } from "./domain/iceberg/manifest-list.ts";
import type { IcebergMetadata } from "./domain/iceberg/metadata.ts";
import type { ObjectStore } from "./ports.ts";
import { remember } from "./remember.ts";

// What a store has at a location, of files that are written once and never changed.

const METADATA_MAX = 64;
/** As many as an expiry compares, and in all of them no more manifests than these: they would fill the memory. */
const LISTS_MAX = 512;
const MANIFESTS_MAX = 60_000;
/** A longer list is read again. */
const MANIFESTS_OF_LIST_MAX = 1_000;

type Known<Value> = WeakMap<ObjectStore, Map<string, Value>>;
const metadataKnown: Known<IcebergMetadata> = new WeakMap();
const listsKnown: Known<readonly ManifestFile[]> = new WeakMap();

/** The metadata that a store was last seen to have at a location. */
export function metadataKnownAt(store: ObjectStore, location: string): IcebergMetadata | undefined {
  return metadataKnown.get(store)?.get(location);
}

/** Keeps what a file holds as long as the store is there and few others were seen since. */
export function keepMetadata(store: ObjectStore, location: string, metadata: IcebergMetadata): void {
  remember(of(metadataKnown, store), METADATA_MAX, [location, metadata]);
}

/** The manifests that a list at a location was last seen to tell of. */
export function manifestsKnownAt(store: ObjectStore, location: string): readonly ManifestFile[] | undefined {
  return listsKnown.get(store)?.get(location);
}

export function keepManifests(store: ObjectStore, location: string, manifests: readonly ManifestFile[]): void {
  if (manifests.length > MANIFESTS_OF_LIST_MAX) return;
  const kept = of(listsKnown, store);
  remember(kept, LISTS_MAX, [location, manifests]);
  let count = 0;
  for (const list of kept.values()) count += list.length;
  for (const [oldest, list] of kept) {
    if (count <= MANIFESTS_MAX) return;
    kept.delete(oldest);
    count -= list.length;
  }
}

function of<Value>(known: Known<Value>, store: ObjectStore): Map<string, Value> {
  const kept = known.get(store) ?? new Map<string, Value>();
  known.set(store, kept);
  return kept;
}
