import { closeSync, fsyncSync, mkdirSync, openSync } from "node:fs";
import { mkdir, open } from "node:fs/promises";
import { dirname, resolve } from "node:path";

/**
 * Makes a folder and those above it that are missing, each on the disk: a file that is synced in a new folder is lost
 * with it, unless the folder's own name is synced too.
 */
export async function makeFolder(path: string): Promise<void> {
  for (const changed of changedBy(await mkdir(path, { recursive: true }), path)) await syncFolder(changed);
}

/** The same, for what begins without waiting. */
export function makeFolderSync(path: string): void {
  for (const changed of changedBy(mkdirSync(path, { recursive: true }), path)) {
    const folder = openSync(changed, "r");
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
  }
}

/** Brings a folder's entries to the disk. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** The folders that got a new entry, when `first` was the first that had to be made. */
function changedBy(first: string | undefined, path: string): readonly string[] {
  if (first === undefined) return [];
  const changed: string[] = [];
  const top = dirname(first);
  for (let folder = dirname(resolve(path)); folder.length >= top.length; folder = dirname(folder)) {
    changed.push(folder);
    if (folder === top) break;
  }
  return changed;
}
