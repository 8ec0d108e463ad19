import { crc32 } from "node:zlib";
import { isMillError } from "@millwright/kernel";
import { bitmapRows } from "./delta/deletion-vectors.ts";
import { isVector, vectorKey, type LiveFile } from "./domain/iceberg/scan.ts";
import { lakehouseErrors } from "./errors.ts";
import type { ObjectStore } from "./ports.ts";

/** The rows that deletion vectors take from their data files, from 0, by `vectorKey`. Throws `lakehouse/damaged-file`. */
export async function readVectors(
  store: ObjectStore,
  files: readonly LiveFile[],
): Promise<ReadonlyMap<string, readonly number[]>> {
  const vectors = new Map<string, readonly number[]>();
  for (const [path, own] of Map.groupBy(files.filter(isVector), ({ file }) => file.file_path)) {
    const bytes = Buffer.from(await store.read(path));
    for (const one of own) vectors.set(vectorKey(one), rowsOf(bytes, one));
  }
  return vectors;
}

const LENGTH_BYTES = 4;
const CHECKSUM_BYTES = 4;

/** A length, the bitmap behind its magic number, and a CRC-32 of those two (Puffin's specification, `deletion-vector-v1`). */
function rowsOf(bytes: Buffer, { file }: LiveFile): readonly number[] {
  const at = Number(file.content_offset ?? 0);
  const size = Number(file.content_size_in_bytes ?? 0);
  const end = at + size - CHECKSUM_BYTES;
  const isWhole = size > LENGTH_BYTES + CHECKSUM_BYTES && at + size <= bytes.length;
  if (!isWhole || bytes.readUInt32BE(at) !== size - LENGTH_BYTES - CHECKSUM_BYTES) throw damaged(file, "is cut off");
  const bitmap = bytes.subarray(at + LENGTH_BYTES, end);
  if (crc32(bitmap) !== bytes.readUInt32BE(end)) throw damaged(file, "is not as it was written");
  const rows = readRows(bitmap, file);
  if (rows.length !== file.record_count) throw damaged(file, `has ${rows.length} rows, not ${file.record_count}`);
  return rows;
}

function readRows(bitmap: Buffer, file: LiveFile["file"]): readonly number[] {
  try {
    return bitmapRows(bitmap);
  } catch (error) {
    throw isMillError(error) ? damaged(file, "cannot be read", error) : error;
  }
}

function damaged(file: LiveFile["file"], what: string, cause?: unknown): Error {
  const because = `a deletion vector in ${file.file_path} ${what}`;
  return lakehouseErrors.create("lakehouse/damaged-file", { because, cause });
}
