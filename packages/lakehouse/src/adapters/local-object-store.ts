import {
  closeSync,
  existsSync,
  fsync,
  openSync,
  readFileSync,
  realpathSync,
  statSync,
  writeFile,
  writeFileSync,
} from "node:fs";
import { link, lstat, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, normalize, relative, sep } from "node:path";
import { promisify } from "node:util";
import { digestFile, makeFolder, makeFolderSync, sha256Of } from "@millwright/platform";
import { mapDiskError } from "../domain/disk-error.ts";
import { lakehouseErrors } from "../errors.ts";
import type { Digest, ListedFile, NewFile, ObjectStore } from "../ports.ts";

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
    if (full !== root && !within(full)) throw outside(`path ${path}`);
    return full;
  };
  // As clients of tables write and read it: nothing in a location is escaped.
  const placeOf = (location: string) => {
    const place = location.replace(/^file:(?:\/\/(?:localhost)?(?=\/))?/, "");
    if (isAbsolute(place) && !within(normalize(place))) throw outside(location);
    return inside(place);
  };
  const pathOf = (location: string) => {
    const place = placeOf(location);
    return place.startsWith(root + sep) ? relative(root, place).replaceAll(sep, "/") : place;
  };
  const resolved = (path: string) => {
    const full = inside(path);
    refuseLinkOut(full, folders);
    return full;
  };
  return {
    capabilities: { localPaths: true },
    locate: inside,
    write: async (path, bytes) => {
      const full = resolved(path);
      try {
        await makeFolder(dirname(full));
        await writeSynced(`${full}.tmp`, bytes);
        await rename(`${full}.tmp`, full);
        await syncAll([dirname(full)]);
      } catch (error) {
        throw mapDiskError(error);
      }
    },
    create: async (files) => {
      try {
        await createAll(files, { inside, refuse: (folder) => refuseLinkOut(folder, folders) });
      } catch (error) {
        throw mapDiskError(error);
      }
    },
    read: async (location) => readFile(resolved(placeOf(location))),
    pathOf,
    digest: async (path) => {
      try {
        return await digestFile(resolved(path));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
        throw error;
      }
    },
    sync: async (path) => {
      try {
        await syncAll(namesOf(resolved(path)));
      } catch (error) {
        throw mapDiskError(error);
      }
    },
    seal: async (path) => {
      try {
        const full = resolved(path);
        const [digest] = await Promise.all([digestWritten(full), syncAll(namesOf(full))]);
        return digest;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
        throw mapDiskError(error);
      }
    },
    prepareFolder: async (path) => {
      try {
        const full = resolved(path);
        if (!existsSync(full)) await makeFolder(full);
      } catch (error) {
        throw mapDiskError(error);
      }
    },
    list: (path) => filesBelow(inside(path), pathOf),
    remove: async (path) => {
      await rm(resolved(path), { force: true });
    },
    link: async (path, alias) => {
      try {
        const [own, other] = [resolved(path), resolved(alias)];
        await makeFolder(dirname(other));
        return await linkFile(own, other);
      } catch (error) {
        throw mapDiskError(error);
      }
    },
    namesIn: async (folder) => {
      try {
        return (await readdir(resolved(folder))).toSorted();
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
        throw error;
      }
    },
    exists: async (path) => (await stat(resolved(path)).catch(() => undefined)) !== undefined,
    removeFolder: async (path) => {
      await rm(resolved(path), { recursive: true, force: true });
    },
    close: () => Promise.resolve(),
  };
}

function outside(what: string): Error {
  return lakehouseErrors.create("lakehouse/outside-store", { because: `${what.slice(0, 300)} leaves the store` });
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

/**
 * A folder of the store may itself be a link to another disk; a link within it must not lead out. Throws when one does.
 * Asked at once: to ask in the background takes ten times as long as the answer.
 */
function refuseLinkOut(full: string, folders: readonly string[]): void {
  const own = folders.find((folder) => full === folder || full.startsWith(folder + sep));
  if (own === undefined) return;
  const [place, root] = [nearestReal(full), nearestReal(own)];
  if (place === root || place.startsWith(root + sep)) return;
  if (folders.some((folder) => place.startsWith(nearestReal(folder) + sep))) return;
  throw new Error(`a symbolic link leads ${full} out of the store`);
}

/** Where a path leads, as far as it is there. */
function nearestReal(path: string): string {
  try {
    return realpathSync.native(path);
  } catch (error) {
    const parent = dirname(path);
    if ((error as NodeJS.ErrnoException).code !== "ENOENT" || parent === path) throw error;
    return join(nearestReal(parent), basename(path));
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

// To open and close, and to read and write what is small and in memory, takes a twentieth of what asking for it in the
// background does.
const SMALL_BYTES = 256 * 2 ** 10;
const sync = promisify(fsync);

/**
 * Under their own names at once: nothing leads to them before they are whole. All are written before any is synced, so that
 * the file system brings them to the disk in one step.
 */
async function createAll(
  files: Iterable<NewFile>,
  { inside, refuse }: { readonly inside: (path: string) => string; readonly refuse: (folder: string) => void },
): Promise<void> {
  const opened = new Map<string, number>();
  const folders = new Set<string>();
  try {
    for (const { path, bytes } of files) {
      const place = inside(path);
      const folder = dirname(place);
      // A file that is not there yet is no link, and none is opened in its place: it is its folder that may lead out.
      if (!folders.has(folder)) refuse(folder);
      folders.add(folder);
      const file = openNew(place);
      opened.set(place, file);
      if (bytes.length <= SMALL_BYTES) writeFileSync(file, bytes);
      else await promisify(writeFile)(file, bytes);
    }
    await allDone([...[...opened.values()].map((file) => sync(file)), syncAll(folders)]);
  } catch (error) {
    for (const place of opened.keys()) await rm(place, { force: true }).catch(() => undefined);
    throw error;
  } finally {
    for (const file of opened.values()) closeSync(file);
  }
}

function openNew(place: string): number {
  try {
    return openSync(place, "wx");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    makeFolderSync(dirname(place));
    return openSync(place, "wx");
  }
}

/** A file's bytes, and the name under which its folder has it. */
function namesOf(place: string): readonly string[] {
  return [place, dirname(place)];
}

async function syncAll(places: Iterable<string>): Promise<void> {
  const opened: number[] = [];
  try {
    for (const place of places) opened.push(openSync(place, "r"));
    await allDone(opened.map((file) => sync(file)));
  } finally {
    for (const file of opened) closeSync(file);
  }
}

/** None is left behind at work when another fails: their files are about to be closed. */
async function allDone(works: readonly Promise<unknown>[]): Promise<void> {
  for (const done of await Promise.allSettled(works)) if (done.status === "rejected") throw done.reason;
}

/** What has just been written is in memory still. */
async function digestWritten(place: string): Promise<Digest> {
  if (statSync(place).size > SMALL_BYTES) return digestFile(place);
  const bytes = readFileSync(place);
  return { bytes: bytes.length, sha256: sha256Of(bytes) };
}
