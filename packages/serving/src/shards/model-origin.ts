import { lstat, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { ModelOrigin } from "../inference/served-model.ts";

/** A file system's times may be a tick of the system's clock behind: what is changed just before a load is taken for changed after it. */
const CLOCK_BEHIND_MS = 10;
/** Whoever loads after this can tell. */
export const SETTLED_MS = CLOCK_BEHIND_MS + 2;
/** A folder with more in it takes long to look through. */
const ENTRIES_MAX = 1_000;

/** Whether a model that is read now is the one that was read then: nothing in its folder has changed since, nor what links lead to. */
export async function isAsItWas({ folder, sinceMs }: ModelOrigin): Promise<boolean> {
  const beforeMs = sinceMs - CLOCK_BEHIND_MS;
  const paths = [folder];
  try {
    // Not by `recursive`: that follows no links.
    for (const path of paths) {
      // No caller sets these times: what is moved here, or has its content set back, is told by them too.
      const [own, target] = await Promise.all([lstat(path), stat(path)]);
      if (paths.length > ENTRIES_MAX || Math.max(own.ctimeMs, target.ctimeMs) >= beforeMs) return false;
      if (target.isDirectory()) paths.push(...(await readdir(path)).map((name) => join(path, name)));
    }
    return true;
  } catch {
    return false;
  }
}
