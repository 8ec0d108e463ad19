import { open, readFile, rename } from "node:fs/promises";
import { dirname, isAbsolute, join, normalize, relative, sep } from "node:path";
import { digestFile, makeFolder } from "@millwright/platform";
import { mapDiskError } from "../domain/disk-error.ts";
import type { ObjectStore } from "../ports.ts";

/** Files below one folder. A write goes to a scratch name, is synced, renamed, and its folder synced. */
export function openLocalObjectStore({ root }: { readonly root: string }): ObjectStore {
  const inside = (path: string) => {
    const full = normalize(path.startsWith(root + sep) ? path : join(root, path));
    if (full !== root && !full.startsWith(root + sep)) throw new Error(`path ${path} leaves the store`);
    return full;
  };
  // As clients of tables write and read it: nothing in a location is escaped.
  const placeOf = (location: string) => {
    const place = location.replace(/^file:(?:\/\/(?:localhost)?(?=\/))?/, "");
    if (isAbsolute(place) && !normalize(place).startsWith(root + sep))
      throw new Error(`${location} is not in the store`);
    return inside(place);
  };
  return {
    capabilities: { localPaths: true },
    locate: inside,
    write: async (path, bytes) => {
      const full = inside(path);
      try {
        await makeFolder(dirname(full));
        await writeSynced(`${full}.tmp`, bytes);
        await rename(`${full}.tmp`, full);
        await syncPath(dirname(full));
      } catch (error) {
        throw mapDiskError(error);
      }
    },
    read: async (location) => readFile(placeOf(location)),
    pathOf: (location) => relative(root, placeOf(location)).replaceAll(sep, "/"),
    digest: async (path) => {
      try {
        return await digestFile(inside(path));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
        throw error;
      }
    },
    sync: async (path) => {
      try {
        await syncPath(inside(path));
        await syncPath(dirname(inside(path)));
      } catch (error) {
        throw mapDiskError(error);
      }
    },
    prepareFolder: async (path) => {
      try {
        await makeFolder(inside(path));
      } catch (error) {
        throw mapDiskError(error);
      }
    },
    close: () => Promise.resolve(),
  };
}

async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, "w");
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncPath(path: string): Promise<void> {
  const file = await open(path, "r");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
