import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";

const DAY_MS = 86_400_000;

/** Removes what was begun in a folder, as `….part`, by processes that did not come to its end: nobody has written to it for a day. */
export async function removeAbandoned(folder: string): Promise<void> {
  const parts = (await readdir(folder).catch((): string[] => [])).filter((name) => name.endsWith(".part"));
  for (const name of parts) {
    const path = join(folder, name);
    const { mtimeMs } = (await stat(path).catch(() => undefined)) ?? { mtimeMs: Date.now() };
    if (Date.now() - mtimeMs > DAY_MS) await rm(path, { recursive: true, force: true });
  }
}
