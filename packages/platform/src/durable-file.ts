import { open, rename } from "node:fs/promises";
import { dirname } from "node:path";
import { systemIds } from "@millwright/kernel";
import { makeFolder, syncFolder } from "./durable-folder.ts";
import { platformErrors } from "./errors.ts";

/** Writes a file so that it is whole or as it was, and on disk, whatever dies meanwhile. */
export async function writeFileDurably(path: string, content: string | Uint8Array): Promise<void> {
  const scratch = `${path}.${systemIds()}.tmp`;
  try {
    await makeFolder(dirname(path));
    const file = await open(scratch, "w");
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(scratch, path);
    await syncFolder(dirname(path));
  } catch (error) {
    throw mapIoError(error);
  }
}

/** SQLite's FULL, IOERR_WRITE and IOERR_SHMSIZE: on a full disk any of the three, by the file that cannot grow. */
const SQLITE_FULL: ReadonlySet<unknown> = new Set([13, 778, 4874]);

/** SQLite's IOERR, whose lowest byte all of its kinds share. */
const SQLITE_IOERR = 10;

/** ENOSPC, EDQUOT and SQLite's words for them as `platform/disk-full`, EIO as `platform/disk-fault`; anything else as it is. */
export function mapIoError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { code, errcode } = error as { readonly code?: unknown; readonly errcode?: unknown };
  if (code === "ENOSPC" || code === "EDQUOT" || SQLITE_FULL.has(errcode))
    return platformErrors.create("platform/disk-full", { because: "the file system refused the write", cause: error });
  if (code === "EIO" || (typeof errcode === "number" && (errcode & 0xff) === SQLITE_IOERR))
    return platformErrors.create("platform/disk-fault", { because: error.message, cause: error });
  return error;
}
