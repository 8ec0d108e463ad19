import type { PlanValue } from "./values.ts";

/**
 * The bucket of a value (Iceberg specification, Appendix B: 32-bit Murmur3, x86 variant, seed 0). Undefined for types that
 * are not put into buckets here.
 */
export function bucketOf(type: string, value: PlanValue, buckets: number): number | undefined {
  const bytes = hashedBytes(type, value);
  return bytes === undefined ? undefined : (murmur3(bytes) & 0x7fffffff) % buckets;
}

function hashedBytes(type: string, value: PlanValue): Uint8Array | undefined {
  if (value instanceof Uint8Array) return value;
  if (/^(?:int|long|date|time|timestamp|timestamptz)$/.test(type)) return long(value);
  return type.startsWith("decimal(") ? fewestBytes(BigInt(value)) : undefined;
}

function long(value: number | bigint): Uint8Array | undefined {
  if (typeof value === "number" && !Number.isInteger(value)) return undefined;
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt.asIntN(64, BigInt(value)));
  return bytes;
}

/** Two's complement in as few bytes as hold it, the most significant first. */
function fewestBytes(value: bigint): Uint8Array {
  let size = 1;
  while (BigInt.asIntN(size * 8, value) !== value) size += 1;
  const hex = BigInt.asUintN(size * 8, value).toString(16);
  return Buffer.from(hex.padStart(size * 2, "0"), "hex");
}

/** MurmurHash3_x86_32 by Austin Appleby, seed 0. */
function murmur3(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const whole = bytes.length & ~3;
  let hash = 0;
  for (let at = 0; at < whole; at += 4) {
    hash ^= mixed(view.getUint32(at, true));
    hash = rotated(hash, 13);
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0;
  }
  let tail = 0;
  for (let at = bytes.length - 1; at >= whole; at -= 1) tail = (tail << 8) | (bytes[at] ?? 0);
  if (bytes.length > whole) hash ^= mixed(tail);
  hash ^= bytes.length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

function mixed(word: number): number {
  return Math.imul(rotated(Math.imul(word, 0xcc9e2d51), 15), 0x1b873593);
}

function rotated(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
