import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { glob, realpath, stat } from "node:fs/promises";
import { dirname, join, resolve, sep } from "node:path";
import { contentHash } from "@millwright/kernel";
import { deltaHash, isDeltaTable } from "./delta-source.ts";
import { ingestionErrors } from "./errors.ts";
import type { SourceDefinition } from "./source.ts";

export interface SourceFile {
  readonly path: string;
  /** What it is called where `path` is that of a copy. */
  readonly name?: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** A file as people are told it: its name and its folder's. */
export function nameOf({ path, name = path }: Pick<SourceFile, "path" | "name">): string {
  return name.split("/").slice(-2).join("/");
}

export interface SourceInputs {
  readonly files: readonly SourceFile[];
  /** Of the definition and of every file's content: equal inputs load nothing twice. */
  readonly hash: string;
}

interface Place {
  readonly projectDir: string;
}

/** A source's files, in the order of their names, with the hash of what they hold. */
export async function sourceInputs(source: SourceDefinition, { projectDir }: Place): Promise<SourceInputs> {
  const paths = await sourcePaths(source, { projectDir });
  const files = await Promise.all(
    paths.map(async (path) => {
      const found = await stat(path);
      const sha256 = found.isDirectory() ? await deltaHash(path, source) : await hashFile(path);
      return { path, bytes: found.size, sha256 };
    }),
  );
  const hash = contentHash({
    columns: source.columns,
    format: source.format,
    badRows: source.badRows,
    csv: source.csv,
    ...(source.delta === undefined ? {} : { delta: source.delta }),
    ...(source.sampleRows === undefined ? {} : { sampleRows: source.sampleRows }),
    files: files.map(({ sha256 }) => sha256),
  });
  return { files, hash };
}

/** The folders that an engine must be allowed to read for these sources. */
export async function sourceFolders(sources: readonly SourceDefinition[], place: Place): Promise<readonly string[]> {
  const folders = new Set<string>();
  for (const source of sources) {
    const paths = await sourcePaths(source, place).catch(() => []);
    for (const path of paths) folders.add((await isDeltaTable(path)) ? path : dirname(path));
  }
  return [...folders].toSorted();
}

async function sourcePaths(source: SourceDefinition, { projectDir }: Place): Promise<readonly string[]> {
  const root = await realpath(projectDir);
  const paths = source.path.startsWith("npm:") ? [await packageFile(source, root)] : await projectFiles(source, root);
  if (paths.length === 0) {
    throw ingestionErrors.create("ingestion/no-file", { because: `${source.name}: nothing is at ${source.path}` });
  }
  return paths;
}

async function projectFiles(source: SourceDefinition, root: string): Promise<readonly string[]> {
  const matches = await Array.fromAsync(glob(source.path, { cwd: root }));
  const paths = await Promise.all(matches.toSorted().map((match) => realpath(resolve(root, match))));
  for (const path of paths) if (!path.startsWith(root + sep)) throw outside(source);
  const files = await Promise.all(
    paths.map(async (path) => ((await stat(path)).isFile() || (await isDeltaTable(path)) ? path : undefined)),
  );
  return files.filter((path) => path !== undefined);
}

/** `npm:PACKAGE/file`, looked for in the project's node_modules and those above it, as Node does. */
async function packageFile(source: SourceDefinition, root: string): Promise<string> {
  const match = /^npm:((?:@[a-z0-9._-]+\/)?[a-z0-9._-]+)\/(.+)$/.exec(source.path);
  if (match === null)
    throw ingestionErrors.create("ingestion/no-file", {
      because: `${source.path} is not of the form npm:PACKAGE/file`,
    });
  const [, packageName = "", file = ""] = match;
  for (let folder = root; ; folder = dirname(folder)) {
    const packageRoot = await realpath(join(folder, "node_modules", packageName)).catch(() => undefined);
    if (packageRoot !== undefined) return fileIn(source, { packageRoot, file });
    if (dirname(folder) === folder) break;
  }
  throw ingestionErrors.create("ingestion/no-file", {
    because: `${source.name}: the npm package ${packageName} is not installed`,
    remedy: `Run \`npm install\` in the project (or \`npm install ${packageName}\`).`,
  });
}

async function fileIn(
  source: SourceDefinition,
  { packageRoot, file }: { readonly packageRoot: string; readonly file: string },
): Promise<string> {
  const path = await realpath(join(packageRoot, file)).catch(() => undefined);
  if (path === undefined)
    throw ingestionErrors.create("ingestion/no-file", { because: `${source.name}: nothing is at ${source.path}` });
  if (!path.startsWith(packageRoot + sep)) throw outside(source);
  return path;
}

function outside(source: SourceDefinition): Error {
  return ingestionErrors.create("ingestion/path-outside", { because: `${source.name}: ${source.path}` });
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  return hash.digest("hex");
}
