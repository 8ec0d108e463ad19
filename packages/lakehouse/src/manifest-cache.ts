import { liveFilesIn } from "./domain/iceberg/manifest.ts";
import { decodeManifestList, type ManifestFile } from "./domain/iceberg/manifest-list.ts";
import { packManifest, type PackedManifest } from "./domain/planning/packed-manifest.ts";
import { decoded, manifestBytes } from "./table-files.ts";
import type { ObjectStore } from "./ports.ts";

const BYTES_MAX = 256 * 2 ** 20;
const BYTES_PER_MANIFEST = 500;

/** What was read of snapshots' manifests, by its place: files there never change. The longest unused go first. */
export interface ManifestCache {
  list(location: string): Promise<readonly ManifestFile[]>;
  manifest(manifest: ManifestFile): Promise<PackedManifest>;
}

interface Kept {
  readonly value: unknown;
  readonly bytes: number;
}

export function createManifestCache(store: ObjectStore, bytesMax = BYTES_MAX): ManifestCache {
  const kept = new Map<string, Kept>();
  let bytes = 0;
  const once = async <Value>(key: string, read: () => Promise<{ value: Value; bytes: number }>): Promise<Value> => {
    const known = kept.get(key);
    if (known !== undefined) {
      kept.delete(key);
      kept.set(key, known);
      return known.value as Value;
    }
    const fresh = await read();
    if (!kept.has(key)) bytes += fresh.bytes;
    kept.set(key, fresh);
    for (const [oldest, { bytes: own }] of kept) {
      if (bytes <= bytesMax) break;
      kept.delete(oldest);
      bytes -= own;
    }
    return fresh.value;
  };
  return {
    list: (location) =>
      once(location, async () => {
        const bytes = await store.read(location);
        const value = decoded(store, location, () => decodeManifestList(bytes));
        return { value, bytes: value.length * BYTES_PER_MANIFEST };
      }),
    manifest: (manifest) =>
      once(manifest.manifest_path, async () => {
        const bytes = await manifestBytes(store, manifest);
        const value = decoded(store, manifest.manifest_path, () => packManifest(liveFilesIn(bytes, manifest)));
        return { value, bytes: value.bytes };
      }),
  };
}
