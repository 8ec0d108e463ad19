import { randomBytes } from "node:crypto";
import { inflateRawSync, zstdDecompressSync } from "node:zlib";
import avro from "avsc";
import { unpackSnappyBlock } from "./snappy.ts";

const MAGIC = Buffer.from([0x4f, 0x62, 0x6a, 0x01]);
const META = avro.Type.forSchema({ type: "map", values: "bytes" });
const LONG = avro.Type.forSchema("long");

/** 64 bits: a number where it is exact, else a bigint. The library alone refuses what is beyond 2^53. */
const EXACT_LONG = avro.types.LongType.__with({
  fromBuffer: (buffer: Buffer) => {
    // By halves: most are small, and a bigint for each would cost more than all else of a manifest.
    const value = buffer.readInt32LE(4) * 2 ** 32 + buffer.readUInt32LE();
    return Number.isSafeInteger(value) ? value : buffer.readBigInt64LE();
  },
  toBuffer: (value: number | bigint) => {
    const buffer = Buffer.alloc(8);
    buffer.writeBigInt64LE(BigInt(value));
    return buffer;
  },
  fromJSON: BigInt,
  toJSON: String,
  isValid: (value: unknown) => typeof value === "bigint" || Number.isSafeInteger(value),
  compare: (one: number | bigint, other: number | bigint) => (one < other ? -1 : one > other ? 1 : 0),
});

// A type is compiled once: a table's manifests have one or two schemas, and there are many manifests.
const TYPES_MAX = 100;
const types = new Map<string, avro.Type>();

function typeOf(schemaText: string): avro.Type {
  const known = types.get(schemaText);
  if (known !== undefined) return known;
  // Whether written as a name or as an object: writers do both.
  const typeHook = (inner: unknown) =>
    inner === "long" || (inner as { readonly type?: unknown } | null)?.type === "long" ? EXACT_LONG : undefined;
  const type = avro.Type.forSchema(JSON.parse(schemaText) as avro.Schema, { typeHook });
  if (types.size >= TYPES_MAX) types.clear();
  types.set(schemaText, type);
  return type;
}

/** The bytes of one record: known already, or by encoding it. */
export type RecordBytes = (record: unknown, encode: () => Buffer) => Buffer;

/**
 * An Avro object container file (Avro 1.11, "Object Container Files"), one block, no codec.
 * Written here because the library drops `field-id`, which Iceberg's readers need, from a schema it has parsed.
 */
export function encodeAvroFile(
  schema: object,
  records: readonly unknown[],
  metadata: Readonly<Record<string, string>>,
  { bytesOf = (_record, encode) => encode() }: { readonly bytesOf?: RecordBytes } = {},
): Uint8Array {
  const schemaText = JSON.stringify(schema);
  const type = typeOf(schemaText);
  const sync = randomBytes(16);
  const meta = { "avro.schema": schemaText, "avro.codec": "null", ...metadata };
  const header = META.toBuffer(Object.fromEntries(Object.entries(meta).map(([key, text]) => [key, Buffer.from(text)])));
  const body = Buffer.concat(records.map((record) => bytesOf(record, () => type.toBuffer(record))));
  const blocks = records.length === 0 ? [] : [LONG.toBuffer(records.length), LONG.toBuffer(body.length), body, sync];
  return Buffer.concat([MAGIC, header, sync, ...blocks]);
}

/** The records of a container file, read by the schema that it carries. */
export function decodeAvroFile(bytes: Uint8Array): readonly unknown[] {
  return [...avroRecords(bytes)];
}

/** The same one after the other, for files whose records would not all lie in memory. */
export function* avroRecords(bytes: Uint8Array): Generator<unknown> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!buffer.subarray(0, 4).equals(MAGIC)) throw new Error("not an Avro file");
  const header = META.decode(buffer, 4) as { value: Record<string, Buffer> | undefined; offset: number };
  if (header.value === undefined) throw new Error("the Avro header is cut off");
  const unpack = unpackerOf(header.value["avro.codec"]?.toString() ?? "null");
  const type = typeOf(header.value["avro.schema"]?.toString() ?? "null");
  const sync = buffer.subarray(header.offset, header.offset + 16);
  let offset = header.offset + 16;
  while (offset < buffer.length) {
    const count = long(buffer, offset);
    const size = long(buffer, count.offset);
    const end = size.offset + size.value;
    if (!buffer.subarray(end, end + 16).equals(sync)) throw new Error("a block of the Avro file is cut off or damaged");
    const block = unpack(buffer.subarray(size.offset, end));
    let at = 0;
    for (let index = 0; index < count.value; index += 1) {
      const decoded = type.decode(block, at) as { value: unknown; offset: number };
      if (decoded.offset < 0) throw new Error("the Avro file is cut off");
      yield decoded.value;
      at = decoded.offset;
    }
    offset = end + 16;
  }
}

const BLOCK_BYTES_MAX = 2 ** 30;

/** How a file's blocks are packed. A block that unpacks to more than a gigabyte is refused. */
function unpackerOf(codec: string): (block: Buffer) => Buffer {
  if (codec === "null") return (block) => block;
  if (codec === "deflate") return (block) => inflateRawSync(block, { maxOutputLength: BLOCK_BYTES_MAX });
  if (codec === "snappy") return (block) => unpackSnappyBlock(block, BLOCK_BYTES_MAX);
  if (codec === "zstandard") return (block) => zstdDecompressSync(block, { maxOutputLength: BLOCK_BYTES_MAX });
  throw new Error(`the Avro codec ${codec} is not read`);
}

function long(buffer: Buffer, offset: number): { value: number; offset: number } {
  const decoded = LONG.decode(buffer, offset) as { value: number | undefined; offset: number };
  if (decoded.value === undefined || decoded.offset < 0) throw new Error("the Avro file is cut off");
  return { value: decoded.value, offset: decoded.offset };
}
