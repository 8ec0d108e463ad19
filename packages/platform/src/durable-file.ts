import { mkdir, open, rename } from "node:fs/promises";
import { dirname } from "node:path";
import { platformErrors } from "./errors.ts";

/** Writes a file so that it is whole or as it was, and on disk, whatever dies meanwhile. */
export async function writeFileDurably(path: string, content: string | Uint8Array): Promise<void> {
  const scratch = `${path}.${process.pid}.tmp`;
  try {
    await mkdir(dirname(path), { recursive: true });
    const file = await open(scratch, "w");
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(scratch, path);
    const folder = await open(dirname(path), "r");
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  } catch (error) {
    throw mapIoError(error);
  }
}

/** ENOSPC and EDQUOT as `platform/disk-full`; anything else as it is. */
export function mapIoError(error: unknown): unknown {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  const full =
    code === "ENOSPC" ||
    code === "EDQUOT" ||
    (error instanceof Error && /database or disk is full/i.test(error.message));
  return full
    ? platformErrors.create("platform/disk-full", { because: "the file system refused the write", cause: error })
    : error;
}
