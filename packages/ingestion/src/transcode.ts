import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { Transform, type TransformCallback } from "node:stream";
import { pipeline } from "node:stream/promises";
import { ingestionErrors } from "./errors.ts";
import { nameOf, type SourceFile } from "./source-files.ts";
import type { SourceDefinition } from "./source.ts";
import { unpackerOf } from "./unpacked.ts";

type EncodedSource = Pick<SourceDefinition, "name" | "csv">;

interface Copies {
  readonly files: readonly SourceFile[];
  remove(): Promise<void>;
}

/** A source's files in UTF-8: they themselves, or copies of those that are written in another encoding. */
export async function inUtf8(
  files: readonly SourceFile[],
  { source, folder }: { readonly source: EncodedSource; readonly folder: string },
): Promise<Copies> {
  const { encoding = "utf-8" } = source.csv;
  if (decoderOf(source, encoding).encoding === "utf-8") return { files, remove: () => Promise.resolve() };
  const copies = join(folder, `utf8-${randomUUID()}`);
  const remove = () => rm(copies, { recursive: true, force: true });
  await mkdir(copies, { recursive: true });
  try {
    const made: SourceFile[] = [];
    for (const [index, file] of files.entries()) {
      const path = join(copies, `${index}.csv`);
      await transcode(file, { path, source, encoding });
      made.push({ ...file, path, name: file.path });
    }
    return { files: made, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function transcode(
  file: SourceFile,
  { path, source, encoding }: { readonly path: string; readonly source: EncodedSource; readonly encoding: string },
): Promise<void> {
  const decoder = decoderOf(source, encoding);
  const decode = (bytes: Uint8Array | undefined, done: TransformCallback) => {
    try {
      done(null, decoder.decode(bytes, { stream: bytes !== undefined }));
    } catch (cause) {
      done(
        ingestionErrors.create("ingestion/unreadable", {
          because: `${source.name}: ${nameOf(file)} is not ${encoding}`,
          where: { file: nameOf(file) },
          cause,
        }),
      );
    }
  };
  const text = new Transform({
    transform: (chunk: Uint8Array, _encoding, done) => decode(chunk, done),
    flush: (done) => decode(undefined, done),
  });
  const unpack = unpackerOf(file.path);
  const read = createReadStream(file.path);
  const write = createWriteStream(path);
  await (unpack === undefined ? pipeline(read, text, write) : pipeline(read, unpack, text, write));
}

function decoderOf(source: EncodedSource, encoding: string): TextDecoder {
  try {
    return new TextDecoder(encoding, { fatal: true });
  } catch (cause) {
    throw ingestionErrors.create("ingestion/unknown-format", {
      because: `${source.name}: there is no encoding ${JSON.stringify(encoding)}`,
      remedy: 'Name it as the WHATWG Encoding standard does: "windows-1252", "shift_jis", "utf-16le".',
      cause,
    });
  }
}
