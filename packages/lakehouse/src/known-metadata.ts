import type { IcebergMetadata } from "./domain/iceberg/metadata.ts";
import type { ObjectStore } from "./ports.ts";

const TABLES_MAX = 64;
const known = new WeakMap<ObjectStore, Map<string, IcebergMetadata>>();

/** The metadata that a store was last seen to have at a location: a metadata file is written once and never changed. */
export function metadataKnownAt(store: ObjectStore, location: string): IcebergMetadata | undefined {
  return known.get(store)?.get(location);
}

/** Keeps what a file holds as long as the store is there and few others were seen since. */
export function keepMetadata(store: ObjectStore, location: string, metadata: IcebergMetadata): void {
  const kept = known.get(store) ?? new Map<string, IcebergMetadata>();
  known.set(store, kept);
  kept.delete(location);
  kept.set(location, metadata);
  const [oldest] = kept.keys();
  if (kept.size > TABLES_MAX && oldest !== undefined) kept.delete(oldest);
}
