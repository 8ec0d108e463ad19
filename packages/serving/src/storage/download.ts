import { createHash, randomUUID } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { isMillError } from "@millwright/kernel";
import { getFollowing } from "./get-following.ts";
import { shownUrl, wrongUri } from "./model-uri.ts";
import { removeAbandoned } from "./remove-abandoned.ts";
import type { ModelStorage } from "./resolve-model-uri.ts";

interface Remote {
  readonly url: URL;
  readonly sha256: string | undefined;
}

/**
 * Fetches a file into the cache and answers where it lies. A checksum that is told is held; with it a file that is there is
 * not asked for again, without it the server is asked whether it has another. Throws `inference/model-uri`.
 */
export async function download(
  { url, sha256 }: Remote,
  storage: Pick<ModelStorage, "cacheFolder" | "bytesMax">,
): Promise<string> {
  const folder = join(storage.cacheFolder, createHash("sha256").update(url.href).digest("hex").slice(0, 32));
  const file = join(folder, nameOf(url));
  if (sha256 !== undefined && (await digestOf(file)) === sha256) return file;
  await mkdir(folder, { recursive: true });
  await removeAbandoned(folder);
  const part = join(folder, `.${randomUUID()}.part`);
  try {
    const etag = sha256 === undefined ? await etagOf(file) : undefined;
    const response = await getFollowing(url, etag === undefined ? {} : { "if-none-match": etag });
    if (response.statusCode === 304 && etag !== undefined) {
      response.destroy();
      return file;
    }
    const digest = await received(response, { part, url, bytesMax: storage.bytesMax });
    if (sha256 !== undefined && digest !== sha256)
      throw wrongUri(shownUrl(url), `its bytes have the SHA-256 ${digest}, not ${sha256}`);
    await rename(part, file);
    await noteEtag(file, { etag: response.headers.etag, digest });
    return file;
  } catch (error) {
    if (isMillError(error)) throw error;
    throw wrongUri(shownUrl(url), `it cannot be fetched: ${(error as Error).message}`, error);
  } finally {
    await rm(part, { force: true });
  }
}

/** A model's format is told by its file's name. */
function nameOf({ pathname }: URL): string {
  const last = pathname.split("/").at(-1) ?? "";
  return /^\w[\w.+-]{0,99}$/.test(last) ? last : "model";
}

/** Writes what comes, and answers its SHA-256. */
async function received(
  response: IncomingMessage,
  { part, url, bytesMax }: { readonly part: string; readonly url: URL; readonly bytesMax: number },
): Promise<string> {
  if (response.statusCode !== 200) {
    response.destroy();
    throw wrongUri(shownUrl(url), `its server answers ${response.statusCode}`);
  }
  const hash = createHash("sha256");
  let bytes = 0;
  const told = Number(response.headers["content-length"] ?? Number.NaN);
  const bounded = new Transform({
    transform(chunk: Buffer, _, done) {
      bytes += chunk.length;
      hash.update(chunk);
      done(bytes > bytesMax ? tooLarge(url, bytesMax) : null, chunk);
    },
  });
  if (told > bytesMax) {
    response.destroy();
    throw tooLarge(url, bytesMax);
  }
  await pipeline(response, bounded, createWriteStream(part, { flags: "wx" }));
  if (told >= 0 && bytes !== told) throw wrongUri(shownUrl(url), `${bytes} of its ${told} bytes came`);
  return hash.digest("hex");
}

function tooLarge(url: URL, bytesMax: number): Error {
  return wrongUri(shownUrl(url), `it is larger than ${bytesMax} bytes`);
}

async function digestOf(file: string): Promise<string | undefined> {
  const hash = createHash("sha256");
  try {
    await pipeline(createReadStream(file), hash);
  } catch {
    return undefined;
  }
  return hash.digest("hex");
}

const besides = (file: string) => `${file}.etag`;

/** By which the server knows the file that is here; undefined where that was changed or is none. */
async function etagOf(file: string): Promise<string | undefined> {
  const text = await readFile(besides(file), "utf8").catch(() => "");
  const [, digest, etag] = /^([0-9a-f]{64}) (.+)$/.exec(text) ?? [];
  return etag !== undefined && (await digestOf(file)) === digest ? etag : undefined;
}

async function noteEtag(
  file: string,
  { etag, digest }: { readonly etag: string | undefined; readonly digest: string },
): Promise<void> {
  if (etag === undefined) await rm(besides(file), { force: true });
  else await writeFile(besides(file), `${digest} ${etag}`);
}
