import { lakehouseErrors } from "../errors.ts";

/** As a file's entry in the log tells of the rows of it that are deleted. */
export interface DeletionVector {
  /** `i` within the log, `u` beside the data under a name made of an id, `p` at a path. */
  readonly storageType: string;
  readonly pathOrInlineDv: string;
  readonly offset?: number | null;
  readonly sizeInBytes: number;
  readonly cardinality: number;
}

const ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";
const DIGITS: ReadonlyMap<string, number> = new Map(Array.from(ALPHABET, (letter, index) => [letter, index]));

/** Z85 (ZeroMQ's RFC 32): five letters for four bytes. */
function decodeZ85(text: string): Buffer {
  if (text.length % 5 !== 0) throw damaged("a deletion vector is not of whole words");
  const bytes = Buffer.alloc((text.length / 5) * 4);
  for (let at = 0; at < text.length; at += 5) {
    let word = 0;
    for (const letter of text.slice(at, at + 5)) {
      const digit = DIGITS.get(letter);
      if (digit === undefined) throw damaged("a deletion vector is not in Z85");
      word = word * 85 + digit;
    }
    if (word > 0xffff_ffff) throw damaged("a deletion vector is not in Z85");
    bytes.writeUInt32BE(word, (at / 5) * 4);
  }
  return bytes;
}

/** Where a vector that has a file of its own lies, relative to the table or absolute. Undefined for one within the log. */
export function vectorPath({ storageType, pathOrInlineDv }: DeletionVector): string | undefined {
  if (storageType === "p") return pathOrInlineDv;
  if (storageType !== "u") return undefined;
  const prefix = pathOrInlineDv.slice(0, -20);
  const hex = decodeZ85(pathOrInlineDv.slice(-20)).toString("hex");
  const id = hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  return `${prefix === "" ? "" : `${prefix}/`}deletion_vector_${id}.bin`;
}

/** The rows that a vector deletes, from 0, in order. `file` holds it where it has a file of its own. */
export function deletedRows(vector: DeletionVector, file: Uint8Array | undefined): readonly number[] {
  const rows = bitmapRows(file === undefined ? decodeZ85(vector.pathOrInlineDv) : stored(vector, file));
  if (rows.length !== vector.cardinality)
    throw damaged(`a deletion vector has ${rows.length} rows and says that they are ${vector.cardinality}`);
  return rows;
}

/** In a file each vector stands after its length, in front of a checksum (the protocol, "Deletion Vector File Storage Format"). */
function stored({ offset, sizeInBytes }: DeletionVector, file: Uint8Array): Buffer {
  const bytes = Buffer.from(file);
  const at = offset ?? 1;
  if (at + 4 + sizeInBytes > bytes.length || bytes.readInt32BE(at) !== sizeInBytes)
    throw damaged("a file of deletion vectors is cut off");
  return bytes.subarray(at + 4, at + 4 + sizeInBytes);
}

const MAGIC = 1_681_511_377;
const ROWS_MAX = 5_000_000;

/** A 64-bit Roaring bitmap in its portable form, behind Delta's number for it: 32-bit ones by their upper halves. */
export function bitmapRows(bytes: Buffer): readonly number[] {
  try {
    if (bytes.readInt32LE(0) !== MAGIC) throw damaged("a deletion vector is of an unknown form");
    const reader = { bytes, at: 12 };
    const rows: number[] = [];
    for (let left = Number(bytes.readBigInt64LE(4)); left > 0; left -= 1) {
      const upper = bytes.readUInt32LE(reader.at) * 2 ** 32;
      reader.at += 4;
      readBitmap(reader, upper, rows);
    }
    return rows;
  } catch (error) {
    if (error instanceof RangeError) throw damaged("a deletion vector is cut off");
    throw error;
  }
}

interface Reader {
  readonly bytes: Buffer;
  at: number;
}

const WITHOUT_RUNS = 12_346;
const WITH_RUNS = 12_347;
const ARRAY_MAX = 4_096;

/** Roaring's format specification: containers of 65,536 values, each an array, a bitmap or runs. */
function readBitmap(reader: Reader, upper: number, rows: number[]): void {
  const { bytes } = reader;
  const cookie = bytes.readUInt32LE(reader.at);
  const hasRuns = (cookie & 0xffff) === WITH_RUNS;
  if (!hasRuns && cookie !== WITHOUT_RUNS) throw damaged("a deletion vector is no Roaring bitmap");
  reader.at += 4;
  const containers = hasRuns ? (cookie >>> 16) + 1 : bytes.readUInt32LE(reader.at);
  if (!hasRuns) reader.at += 4;
  const runs = bytes.subarray(reader.at, reader.at + (hasRuns ? Math.ceil(containers / 8) : 0));
  reader.at += runs.length;
  const headers = Array.from({ length: Math.min(containers, 65_536) }, (_, index) => ({
    base: upper + bytes.readUInt16LE(reader.at + index * 4) * 65_536,
    count: bytes.readUInt16LE(reader.at + index * 4 + 2) + 1,
    isRuns: ((runs[index >> 3] ?? 0) & (1 << (index & 7))) !== 0,
  }));
  reader.at += containers * 4;
  // The places of the containers, which follow each other anyway.
  if (!hasRuns || containers >= 4) reader.at += containers * 4;
  for (const header of headers) {
    readContainer(reader, header, rows);
    if (rows.length > ROWS_MAX) throw damaged(`a deletion vector has more than ${ROWS_MAX} rows`);
  }
}

function readContainer(
  reader: Reader,
  { base, count, isRuns }: { readonly base: number; readonly count: number; readonly isRuns: boolean },
  rows: number[],
): void {
  const { bytes } = reader;
  const next = () => {
    const value = bytes.readUInt16LE(reader.at);
    reader.at += 2;
    return value;
  };
  if (isRuns) {
    for (let left = next(); left > 0; left -= 1) {
      const from = next();
      const length = next() + 1;
      for (let one = 0; one < length; one += 1) rows.push(base + from + one);
    }
  } else if (count <= ARRAY_MAX) for (let left = count; left > 0; left -= 1) rows.push(base + next());
  else {
    for (let byte = 0; byte < 8_192; byte += 1) {
      const bits = bytes.readUInt8(reader.at + byte);
      for (let bit = 0; bit < 8; bit += 1) if ((bits & (1 << bit)) !== 0) rows.push(base + byte * 8 + bit);
    }
    reader.at += 8_192;
  }
}

function damaged(because: string): Error {
  return lakehouseErrors.create("lakehouse/damaged-delta-log", { because });
}
