import { crc32 } from "node:zlib";

/**
 * A block of an Avro file packed by Snappy: its bytes and the CRC-32 of what they unpack to (Avro 1.11, "Object Container
 * Files"; Snappy, "format_description"). Throws for what is cut off, reaches outside, or is not what was packed.
 */
export function unpackSnappyBlock(block: Buffer, bytesMax: number): Buffer {
  if (block.length < 5) throw new Error("a snappy block of the Avro file is cut off");
  const unpacked = unpackSnappy(block.subarray(0, -4), bytesMax);
  if (crc32(unpacked) !== block.readUInt32BE(block.length - 4))
    throw new Error("a snappy block of the Avro file is not as it was written");
  return unpacked;
}

function unpackSnappy(packed: Buffer, bytesMax: number): Buffer {
  const size = varint(packed);
  if (size.value > bytesMax) throw new Error("a snappy block of the Avro file is too large");
  const out = Buffer.alloc(size.value);
  let [from, to] = [size.next, 0];
  while (from < packed.length) {
    const part = partAt(packed, from);
    const isInside = part.next <= packed.length && to + part.length <= out.length;
    if (!isInside || (part.back !== undefined && (part.back === 0 || part.back > to)))
      throw new Error("a snappy block of the Avro file is cut off");
    if (part.back === undefined) packed.copy(out, to, part.next - part.length, part.next);
    // What is repeated may reach into itself: byte by byte.
    else for (let at = 0; at < part.length; at += 1) out[to + at] = out[to + at - part.back] ?? 0;
    from = part.next;
    to += part.length;
  }
  if (to !== out.length) throw new Error("a snappy block of the Avro file is cut off");
  return out;
}

interface Part {
  readonly length: number;
  /** How far before the end what is repeated begins; absent for bytes that stand here. */
  readonly back?: number;
  readonly next: number;
}

function partAt(packed: Buffer, at: number): Part {
  const tag = byte(packed, at);
  switch (tag & 3) {
    case 0: {
      const short = tag >> 2;
      const extra = short < 60 ? 0 : short - 59;
      const length = (extra === 0 ? short : little(packed, at + 1, extra)) + 1;
      return { length, next: at + 1 + extra + length };
    }
    case 1:
      return { length: ((tag >> 2) & 7) + 4, back: ((tag >> 5) << 8) | byte(packed, at + 1), next: at + 2 };
    case 2:
      return { length: (tag >> 2) + 1, back: little(packed, at + 1, 2), next: at + 3 };
    default:
      return { length: (tag >> 2) + 1, back: little(packed, at + 1, 4), next: at + 5 };
  }
}

function byte(packed: Buffer, at: number): number {
  const value = packed[at];
  if (value === undefined) throw new Error("a snappy block of the Avro file is cut off");
  return value;
}

function little(packed: Buffer, at: number, bytes: number): number {
  let value = 0;
  for (let index = bytes - 1; index >= 0; index -= 1) value = value * 256 + byte(packed, at + index);
  return value;
}

function varint(packed: Buffer): { readonly value: number; readonly next: number } {
  let value = 0;
  for (let index = 0; index < 5; index += 1) {
    const part = byte(packed, index);
    value += (part & 127) * 2 ** (7 * index);
    if (part < 128) return { value, next: index + 1 };
  }
  throw new Error("a snappy block of the Avro file is cut off");
}
