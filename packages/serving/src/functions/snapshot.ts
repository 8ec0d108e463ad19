import { copyFile, mkdir, readFile, readdir, rm, stat } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { createHash } from "node:crypto";
import { servingErrors } from "../errors.ts";

const FILES_MAX = 2_000;
const BYTES_MAX = 32 * 2 ** 20;
const SOURCE = /\.(?:ts|js|mjs|json)$/;

/** The sources of a project as they are at one moment. */
export interface Sources {
  /** Of what is in them and where. */
  readonly hash: string;
  readonly files: readonly string[];
}

/** Reads a project's sources: all of them, since a function may import any. Throws `serving/wrong-function` beyond 2,000 files. */
export async function readSources(projectDir: string): Promise<Sources> {
  const files = (await filesBelow(projectDir)).toSorted();
  if (files.length > FILES_MAX)
    throw servingErrors.create("serving/wrong-function", {
      because: `the project has ${files.length} sources, where ${FILES_MAX} are the most that are kept for its functions`,
    });
  const hash = createHash("sha256");
  let bytes = 0;
  for (const file of files) {
    const text = await readFile(join(projectDir, file));
    bytes += text.length;
    hash.update(`${file}\u0000${text.length}\u0000`).update(text);
  }
  if (bytes > BYTES_MAX)
    throw servingErrors.create("serving/wrong-function", { because: `the project's sources have ${bytes} bytes` });
  return { hash: hash.digest("hex").slice(0, 16), files };
}

/**
 * Copies the sources to where they stay as they are while they are served. Answers the folder; what is there is taken. Throws
 * `serving/wrong-function` where they are others than were read by now. One caller at a time copies to a folder.
 */
export async function keepSources(
  { hash, files }: Sources,
  { projectDir, folder }: { readonly projectDir: string; readonly folder: string },
): Promise<string> {
  const kept = join(folder, hash);
  if (await isThere(join(kept, COMPLETE))) return kept;
  await rm(kept, { recursive: true, force: true });
  for (const file of files) {
    await mkdir(dirname(join(kept, file)), { recursive: true });
    await copyFile(join(projectDir, file), join(kept, file));
  }
  if ((await readSources(kept)).hash !== hash)
    throw servingErrors.create("serving/wrong-function", {
      because: "the project's sources were changed while they were copied",
      remedy: "Run the step again.",
    });
  await mkdir(join(kept, COMPLETE), { recursive: true });
  return kept;
}

const COMPLETE = ".complete";

/** Removes the copies that nothing is served from any more. */
export async function forgetSources(folder: string, used: ReadonlySet<string>): Promise<void> {
  for (const name of await readdir(folder).catch(() => []))
    if (!used.has(join(folder, name))) await rm(join(folder, name), { recursive: true, force: true });
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** Without hidden folders and what is installed; links are not followed. */
async function filesBelow(root: string, folder = root): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.name.startsWith(".") || entry.name === "node_modules") continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) found.push(...(await filesBelow(root, path)));
    else if (entry.isFile() && SOURCE.test(entry.name)) found.push(relative(root, path));
    if (found.length > FILES_MAX) return found;
  }
  return found;
}
