import type { ManifestFile } from "./domain/iceberg/manifest-list.ts";
import type { IcebergMetadata } from "./domain/iceberg/metadata.ts";
import type { ObjectStore } from "./ports.ts";

// What a store has at a location, of files that are written once and never changed.

const FILES_MAX = 64;
/** A longer list is read again: many of them would fill the memory. */
const MANIFESTS_MAX = 1_000;

type Known<Value> = WeakMap<ObjectStore, Map<string, Value>>;
const metadataKnown: Known<IcebergMetadata> = new WeakMap();
const listsKnown: Known<readonly ManifestFile[]> = new WeakMap();

/** The metadata that a store was last seen to have at a location. */
export function metadataKnownAt(store: ObjectStore, location: string): IcebergMetadata | undefined {
  return metadataKnown.get(store)?.get(location);
}

/** Keeps what a file holds as long as the store is there and few others were seen since. */
export function keepMetadata(store: ObjectStore, location: string, metadata: IcebergMetadata): void {
  keep(metadataKnown, store, { location, value: metadata });
}

/** The manifests that a list at a location was last seen to tell of. */
export function manifestsKnownAt(store: ObjectStore, location: string): readonly ManifestFile[] | undefined {
  return listsKnown.get(store)?.get(location);
}

export function keepManifests(store: ObjectStore, location: string, manifests: readonly ManifestFile[]): void {
  if (manifests.length <= MANIFESTS_MAX) keep(listsKnown, store, { location, value: manifests });
}

function keep<Value>(
  known: Known<Value>,
  store: ObjectStore,
  { location, value }: { readonly location: string; readonly value: Value },
): void {
  const kept = known.get(store) ?? new Map<string, Value>();
  known.set(store, kept);
  kept.delete(location);
  kept.set(location, value);
  const [oldest] = kept.keys();
  if (kept.size > FILES_MAX && oldest !== undefined) kept.delete(oldest);
}
