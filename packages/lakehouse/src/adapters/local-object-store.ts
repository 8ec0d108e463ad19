import { link, lstat, open, readdir, readFile, realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, normalize, relative, sep } from "node:path";
import { digestFile, makeFolder } from "@millwright/platform";
import { mapDiskError } from "../domain/disk-error.ts";
import type { ListedFile, ObjectStore } from "../ports.ts";

export interface LocalObjectStoreOptions {
  readonly root: string;
  /** Absolute folders that belong to the store besides: what lies there has its absolute place as its path. */
  readonly further?: readonly string[];
}

/** Files below one folder. A write goes to a scratch name, is synced, renamed, and its folder synced. */
export function openLocalObjectStore({ root, further = [] }: LocalObjectStoreOptions): ObjectStore {
  const folders = [root, ...further.map((folder) => normalize(folder).replace(/\/$/, ""))];
  const within = (place: string) => folders.some((folder) => place.startsWith(folder + sep));
  const inside = (path: string) => {
    const full = normalize(within(path) ? path : join(root, path));
    if (full !== root && !within(full)) throw new Error(`path ${path} leaves the store`);
    return full;
  };
  // As clients of tables write and read it: nothing in a location is escaped.
  const placeOf = (location: string) => {
    const place = location.replace(/^file:(?:\/\/(?:localhost)?(?=\/))?/, "");
    if (isAbsolute(place) && !within(normalize(place))) throw new Error(`${location} leaves the store`);
    return inside(place);
  };
  const pathOf = (location: string) => {
    const place = placeOf(location);
    return place.startsWith(root + sep) ? relative(root, place).replaceAll(sep, "/") : place;
  };
  const resolved = async (path: string) => {
    const full = inside(path);
    await refuseLinkOut(full, folders);
    return full;
  };
  return {
    capabilities: { localPaths: true },
    locate: inside,
    write: async (path, bytes) => {
      const full = await resolved(path);
      try {
        await makeFolder(dirname(full));
        await writeSynced(`${full}.tmp`, bytes);
        await rename(`${full}.tmp`, full);
        await syncPath(dirname(full));
      } catch (error) {
        throw mapDiskError(error);
      }
    },
    read: async (location) => readFile(await resolved(placeOf(location))),
    pathOf,
    digest: async (path) => {
      try {
        return await digestFile(await resolved(path));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
        throw error;
      }
    },
    sync: async (path) => {
      try {
        const full = await resolved(path);
        await syncPath(full);
        await syncPath(dirname(full));
      } catch (error) {
        throw mapDiskError(error);
      }
    },
    prepareFolder: async (path) => {
      try {
        await makeFolder(await resolved(path));
      } catch (error) {
        throw mapDiskError(error);
      }
    },
    list: (path) => filesBelow(inside(path), pathOf),
    remove: async (path) => {
      await rm(await resolved(path), { force: true });
    },
    link: async (path, alias) => {
      try {
        const [own, other] = await Promise.all([resolved(path), resolved(alias)]);
        await makeFolder(dirname(other));
        return await linkFile(own, other);
      } catch (error) {
        throw mapDiskError(error);
      }
    },
    namesIn: async (folder) => {
      try {
        return (await readdir(await resolved(folder))).toSorted();
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
        throw error;
      }
    },
    exists: async (path) => (await stat(await resolved(path)).catch(() => undefined)) !== undefined,
    removeFolder: async (path) => {
      await rm(await resolved(path), { recursive: true, force: true });
    },
    close: () => Promise.resolve(),
  };
}

async function linkFile(path: string, alias: string): Promise<boolean> {
  try {
    await link(path, alias);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    const [own, other] = await Promise.all([stat(path), stat(alias)]);
    return own.ino === other.ino && own.dev === other.dev;
  }
}

async function* filesBelow(folder: string, pathOf: (place: string) => string): AsyncIterable<ListedFile> {
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(none)) {
    const place = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesBelow(place, pathOf);
    if (!entry.isFile()) continue;
    const found = await lstat(place).catch(() => undefined);
    if (found?.isFile() === true) yield { path: pathOf(place), bytes: found.size, modifiedAtMs: found.mtimeMs };
  }
}

function none(error: unknown): [] {
  if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
  throw error;
}

/** A folder of the store may itself be a link to another disk; a link within it must not lead out. Throws when one does. */
async function refuseLinkOut(full: string, folders: readonly string[]): Promise<void> {
  const own = folders.find((folder) => full === folder || full.startsWith(folder + sep));
  if (own === undefined) return;
  const [place, root] = await Promise.all([nearestReal(full), nearestReal(own)]);
  const isOwn = place === root || place.startsWith(root + sep);
  const isOther = async (folder: string) => place.startsWith((await nearestReal(folder)) + sep);
  if (isOwn || (await Promise.all(folders.map(isOther))).includes(true)) return;
  throw new Error(`a symbolic link leads ${full} out of the store`);
}

/** Where a path leads, as far as it is there. */
async function nearestReal(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    const parent = dirname(path);
    if ((error as NodeJS.ErrnoException).code !== "ENOENT" || parent === path) throw error;
    return join(await nearestReal(parent), basename(path));
  }
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
