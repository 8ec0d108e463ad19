import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { open, readFile, readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { writeFileDurably } from "./durable-file.ts";
import { platformErrors } from "./errors.ts";

/** A folder's checksums, in the form that `sha256sum --check SHA256SUMS` reads. */
const SUMS_FILE = "SHA256SUMS";
const READ_BYTES = 1 << 20;

/** A file whose bytes are not those that were written. */
export interface DamagedFile {
  readonly path: string;
  readonly damage: "changed" | "missing";
}

/** SHA-256 in hexadecimal digits. */
export function sha256Of(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** A file's size in bytes and its SHA-256, a part at a time: it need not fit into memory. */
export async function digestFile(path: string): Promise<{ readonly bytes: number; readonly sha256: string }> {
  const hash = createHash("sha256");
  let bytes = 0;
  const file = await open(path, "r");
  try {
    // One byte more than there is, so that the end of a small file is seen by its first read.
    const part = Buffer.allocUnsafe(Math.min((await file.stat()).size + 1, READ_BYTES));
    let read: number;
    do {
      ({ bytesRead: read } = await file.read(part, 0, part.length));
      hash.update(part.subarray(0, read));
      bytes += read;
    } while (read === part.length);
  } finally {
    await file.close();
  }
  return { bytes, sha256: hash.digest("hex") };
}

/** Keeps the checksums of a folder's files beside them, on disk when the promise resolves. */
export async function writeSums(folder: string, files: Readonly<Record<string, Uint8Array>>): Promise<void> {
  const lines = Object.entries(files).map(([name, bytes]) => `${sha256Of(bytes)}  ${name}\n`);
  await writeFileDurably(join(folder, SUMS_FILE), lines.toSorted().join(""));
}

/** Reads a file of such a folder. Throws `platform/damaged-file` when its bytes are not those that were written. */
export async function readSummed(path: string): Promise<Uint8Array> {
  const bytes = await readFile(path);
  const expected = sumsOf(join(path, "..")).get(basename(path));
  if (expected === undefined || expected === sha256Of(bytes)) return bytes;
  throw platformErrors.create("platform/damaged-file", { because: `${path} is not as it was written` });
}

/** The files of such a folder that are missing or changed. A folder without checksums has none to tell. */
export async function damagedIn(folder: string): Promise<readonly DamagedFile[]> {
  const present = new Set(await readdir(folder));
  const damaged: DamagedFile[] = [];
  for (const [name, expected] of sumsOf(folder)) {
    const path = join(folder, name);
    if (!present.has(name)) damaged.push({ path, damage: "missing" });
    else if ((await digestFile(path)).sha256 !== expected) damaged.push({ path, damage: "changed" });
  }
  return damaged;
}

/** Throws `platform/damaged-file` for a file of checksums that is not one. */
function sumsOf(folder: string): ReadonlyMap<string, string> {
  const path = join(folder, SUMS_FILE);
  const text = readTextIfThere(path);
  const lines = text.split("\n").filter((line) => line !== "");
  return new Map(
    lines.map((line) => {
      const [, sum = "", name = ""] = /^([0-9a-f]{64}) {2}([^/]+)$/.exec(line) ?? [];
      if (sum === "") throw platformErrors.create("platform/damaged-file", { because: `${path} cannot be read` });
      return [name, sum];
    }),
  );
}

function readTextIfThere(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}
