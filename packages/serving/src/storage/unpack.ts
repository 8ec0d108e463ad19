import { createHash, randomUUID } from "node:crypto";
import { closeSync, createReadStream, mkdirSync, openSync, writeSync } from "node:fs";
import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { Transform } from "node:stream";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { isMillError } from "@millwright/kernel";
import { Unzip, UnzipInflate } from "fflate";
import { unpackTar } from "modern-tar/fs";
import { wrongUri } from "./model-uri.ts";
import { removeAbandoned } from "./remove-abandoned.ts";
import type { ModelStorage } from "./resolve-model-uri.ts";

const ARCHIVE = /\.(?:tar|tar\.gz|tgz|zip)$/i;
const FILES_MAX = 50_000;
/** The one before may be in use still. */
const KEPT = 2;

export function isArchive(path: string): boolean {
  return ARCHIVE.test(path);
}

/**
 * Where the model of an archive lies, a file or a folder, or with `isWhole` all that is in it: unpacked into the cache, once
 * for each archive that stands at the path. Only files and folders within it are taken: no links. Throws `inference/model-uri`.
 */
export async function unpacked(
  archive: string,
  {
    uri,
    storage,
    isWhole,
  }: {
    readonly uri: string;
    readonly storage: Pick<ModelStorage, "cacheFolder" | "bytesMax">;
    readonly isWhole: boolean;
  },
): Promise<string> {
  const { size, mtimeMs } = await stat(archive);
  const key = createHash("sha256").update(archive).digest("hex").slice(0, 32);
  const place = join(storage.cacheFolder, "unpacked", key);
  const folder = join(place, `${size}-${Math.trunc(mtimeMs)}`);
  if (!(await isThere(folder))) await unpackInto(folder, { archive, uri, bytesMax: storage.bytesMax });
  await keepNewest(place, basename(folder));
  return isWhole ? folder : withinOnly(folder);
}

interface Unpacking {
  readonly archive: string;
  readonly uri: string;
  readonly bytesMax: number;
}

/** Whole or not at all: another process may do the same. */
async function unpackInto(folder: string, unpacking: Unpacking): Promise<void> {
  await removeAbandoned(dirname(folder));
  const part = `${folder}.${randomUUID()}.part`;
  await mkdir(part, { recursive: true, mode: 0o700 });
  try {
    await (/\.zip$/i.test(unpacking.archive) ? unpackZip : unpackTarFile)(part, unpacking);
    await rename(part, folder).catch(async (error: unknown) => {
      if (!(await isThere(folder))) throw error;
    });
  } catch (error) {
    if (isMillError(error)) throw error;
    throw wrongUri(unpacking.uri, `it cannot be unpacked: ${(error as Error).message}`, error);
  } finally {
    await rm(part, { recursive: true, force: true });
  }
}

async function unpackTarFile(folder: string, unpacking: Unpacking): Promise<void> {
  const { archive } = unpacking;
  const limits = limitsOf(unpacking);
  const bounded = new Transform({
    transform: (chunk: Buffer, _, done) => done(limits.refuseBytes(chunk.length), chunk),
  });
  const filter = ({ name, type = "file" }: { readonly name: string; readonly type?: string }) => {
    if (type !== "file" && type !== "directory") throw limits.refusal(`${name.slice(0, 200)} is a ${type}`);
    limits.enter(name);
    return true;
  };
  const unzipped = /\.(?:tgz|gz)$/i.test(archive) ? [createGunzip()] : [];
  const target = unpackTar(folder, { filter, dmode: 0o700, fmode: 0o600, strict: true });
  await pipeline([createReadStream(archive), ...unzipped, bounded, target]);
}

async function unpackZip(folder: string, unpacking: Unpacking): Promise<void> {
  const limits = limitsOf(unpacking);
  let begun = 0;
  let open = 0;
  let failed: Error | null = null;
  const unzip = new Unzip((file) => {
    begun += 1;
    const path = join(folder, limits.enter(file.name));
    if (file.name.endsWith("/")) return void mkdirSync(path, { recursive: true });
    mkdirSync(dirname(path), { recursive: true });
    const to = openSync(path, "wx", 0o600);
    open += 1;
    file.ondata = (error, chunk, isLast) => {
      failed ??= error ?? limits.refuseBytes(chunk.length);
      if (failed === null) writeSync(to, chunk);
      if (!isLast && error === null) return;
      closeSync(to);
      open -= 1;
    };
    file.start();
  });
  unzip.register(UnzipInflate);
  for await (const chunk of createReadStream(unpacking.archive)) {
    unzip.push(chunk as Buffer);
    if (failed !== null) throw failed as Error;
  }
  unzip.push(new Uint8Array(0), true);
  // The list of its files stands at its end.
  if (open > 0 || begun !== (await filesOfZip(unpacking.archive))) throw limits.refusal("it is not whole");
}

const ZIP_END = Buffer.from("PK\u0005\u0006", "latin1");
const ZIP_END_BYTES = 22;
const ZIP_COMMENT_BYTES_MAX = 2 ** 16 - 1;

/** How many files a zip says that it has (APPNOTE.TXT 4.3.16); undefined where it has no such end. */
async function filesOfZip(archive: string): Promise<number | undefined> {
  const { size } = await stat(archive);
  const start = Math.max(0, size - ZIP_END_BYTES - ZIP_COMMENT_BYTES_MAX);
  const tail = await buffer(createReadStream(archive, { start }));
  const at = tail.lastIndexOf(ZIP_END);
  if (at < 0 || at + ZIP_END_BYTES > tail.length) return undefined;
  return tail.readUInt16LE(at + 10);
}

/** What an archive may hold. */
function limitsOf({ uri, bytesMax }: Unpacking) {
  const refusal = (because: string) => wrongUri(uri, `it is not unpacked: ${because}`);
  let bytes = 0;
  let entries = 0;
  return {
    refusal,
    /** Answers the name, where it leads to a place within. */
    enter: (name: string): string => {
      entries += 1;
      if (entries > FILES_MAX) throw refusal(`it has more than ${FILES_MAX} files`);
      const isOutside = name.startsWith("/") || /[\\\0]/.test(name) || name.split("/").includes("..");
      if (isOutside || name === "") throw refusal(`${JSON.stringify(name.slice(0, 200))} leads out of it`);
      return name;
    },
    refuseBytes: (more: number): Error | null => {
      bytes += more;
      return bytes > bytesMax ? refusal(`it is larger than ${bytesMax} bytes`) : null;
    },
  };
}

/** An archive of one file is that file; one of one folder is that folder, unless it is a version of the model. */
async function withinOnly(folder: string): Promise<string> {
  const [first, ...others] = await readdir(folder, { withFileTypes: true });
  if (first === undefined || others.length > 0 || /^\d+$/.test(first.name)) return folder;
  return join(folder, first.name);
}

async function keepNewest(place: string, own: string): Promise<void> {
  const names = (await readdir(place)).filter((name) => name !== own && /^\d+-\d+$/.test(name));
  const aged = await Promise.all(
    names.map(async (name) => ({ name, atMs: (await stat(join(place, name)).catch(() => undefined))?.ctimeMs ?? 0 })),
  );
  const old = aged.toSorted((one, other) => other.atMs - one.atMs).slice(KEPT - 1);
  await Promise.all(old.map(({ name }) => rm(join(place, name), { recursive: true, force: true })));
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
