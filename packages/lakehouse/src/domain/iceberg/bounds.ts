/**
 * A bound in Iceberg's single-value binary form (specification, Appendix D), from the writer's text.
 * Undefined where a bound would not be exact and safe: readers then do not prune by it.
 */
export function encodeBound({
  type,
  text,
  side,
  length = Infinity,
}: {
  readonly type: string;
  readonly text: string;
  readonly side: "min" | "max";
  /** Letters of a text, or bytes, to which a bound is cut. */
  readonly length?: number;
}): Buffer | undefined {
  switch (type) {
    case "boolean":
      return Buffer.from([text === "1" || text === "true" ? 1 : 0]);
    case "int":
      return int32(Number(text));
    case "long":
      return int64(BigInt(text));
    case "float":
    case "double":
      return floating(type, Number(text.replace("inf", "Infinity")));
    case "date":
      return int32(Date.parse(`${text}T00:00:00Z`) / 86_400_000);
    case "timestamp":
    case "timestamptz":
      return timestamp(text);
    case "string":
      return string(text, { side, length });
    case "binary":
      return bytes(Buffer.from(text, "hex"), { side, length });
    case "time":
      return time(text);
    default:
      return type.startsWith("decimal") ? decimal(text) : undefined;
  }
}

/** What a bound says: something to compare by, and as text. Undefined for types that are not written here. */
export function decodeBound(
  type: string,
  bound: Buffer,
): { readonly value: string | number | bigint; readonly text: string } | undefined {
  const plain = (value: string | number | bigint) => ({ value, text: String(value) });
  switch (type) {
    case "boolean":
      return { value: bound.readUInt8(), text: bound.readUInt8() === 1 ? "true" : "false" };
    case "int":
      return plain(bound.readInt32LE());
    case "long":
      // A file from before the column was widened has the shorter form.
      return plain(bound.length === 4 ? bound.readInt32LE() : bound.readBigInt64LE());
    case "float":
      return plain(Math.fround(bound.readFloatLE()));
    case "double":
      return plain(bound.length === 4 ? Math.fround(bound.readFloatLE()) : bound.readDoubleLE());
    case "date":
      return {
        value: bound.readInt32LE(),
        text: new Date(bound.readInt32LE() * 86_400_000).toISOString().slice(0, 10),
      };
    case "timestamp":
    case "timestamptz":
      return timestampText(bound.readBigInt64LE());
    case "string":
      return plain(bound.toString());
    default:
      return undefined;
  }
}

/** Microseconds as ISO text, to the second where they are whole ones. */
function timestampText(micros: bigint) {
  const seconds = Number((micros - (((micros % 1_000_000n) + 1_000_000n) % 1_000_000n)) / 1_000_000n);
  const date = new Date(seconds * 1_000);
  if (Number.isNaN(date.getTime())) return { value: micros, text: `${micros} µs` };
  const fraction = micros - BigInt(seconds) * 1_000_000n;
  const whole = date.toISOString().slice(0, 19).replace("T", " ");
  return { value: micros, text: fraction === 0n ? whole : `${whole}.${String(fraction).padStart(6, "0")}` };
}

function int32(value: number): Buffer | undefined {
  if (!Number.isInteger(value)) return undefined;
  const buffer = Buffer.alloc(4);
  buffer.writeInt32LE(value);
  return buffer;
}

function int64(value: bigint): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeBigInt64LE(value);
  return buffer;
}

function floating(type: "float" | "double", value: number): Buffer | undefined {
  if (Number.isNaN(value)) return undefined;
  const buffer = Buffer.alloc(type === "float" ? 4 : 8);
  if (type === "float") buffer.writeFloatLE(value);
  else buffer.writeDoubleLE(value);
  return buffer;
}

function timestamp(text: string): Buffer | undefined {
  const match = /^(-?\d{4,}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2})(?:\.(\d{1,6}))?(?:\+00(?::00)?)?$/.exec(text);
  if (match === null) return undefined;
  const seconds = Date.parse(`${match[1]}T${match[2]}Z`) / 1_000;
  if (!Number.isFinite(seconds)) return undefined;
  return int64(BigInt(seconds) * 1_000_000n + BigInt((match[3] ?? "0").padEnd(6, "0")));
}

interface Cut {
  readonly side: "min" | "max";
  readonly length: number;
}

/** The writer itself cuts at so many bytes, whichever side it is. */
const WRITER_BYTES_MAX = 256;
const CODE_POINT_MAX = 0x10ffff;

/** Long texts are cut. What is cut is too small for an upper bound: its last letter that has one becomes the next one. */
function string(text: string, { side, length }: Cut): Buffer | undefined {
  const letters = Array.from(text);
  const isCut = letters.length > length || Buffer.byteLength(text) >= WRITER_BYTES_MAX;
  const kept = letters.slice(0, length);
  if (!isCut || side === "min") return Buffer.from(kept.join(""));
  for (let last = kept.length - 1; last >= 0; last -= 1) {
    const next = nextLetter(kept[last] ?? "");
    if (next !== undefined) return Buffer.from([...kept.slice(0, last), next].join(""));
  }
  return undefined;
}

/** Surrogates are no letters. */
function nextLetter(letter: string): string | undefined {
  const point = (letter.codePointAt(0) ?? CODE_POINT_MAX) + 1;
  if (point > CODE_POINT_MAX) return undefined;
  return String.fromCodePoint(point >= 0xd800 && point <= 0xdfff ? 0xe000 : point);
}

function bytes(value: Buffer, { side, length }: Cut): Buffer | undefined {
  const isCut = value.length > length || value.length >= WRITER_BYTES_MAX;
  const kept = Buffer.from(value.subarray(0, Math.min(length, value.length)));
  if (!isCut || side === "min") return kept;
  const last = kept.findLastIndex((byte) => byte < 0xff);
  if (last === -1) return undefined;
  kept.writeUInt8(kept.readUInt8(last) + 1, last);
  return kept.subarray(0, last + 1);
}

/** Microseconds of a day. */
function time(text: string): Buffer | undefined {
  const match = /^(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,6}))?$/.exec(text);
  if (match === null) return undefined;
  const seconds = Number(match[1]) * 3_600 + Number(match[2]) * 60 + Number(match[3]);
  return int64(BigInt(seconds) * 1_000_000n + BigInt((match[4] ?? "0").padEnd(6, "0")));
}

/** The unscaled value, big end first, in the fewest bytes. */
function decimal(text: string): Buffer | undefined {
  if (!/^-?\d+(?:\.\d+)?$/.test(text)) return undefined;
  const unscaled = BigInt(text.replace(".", ""));
  let size = 1;
  while (BigInt.asIntN(8 * size, unscaled) !== unscaled) size += 1;
  const hex = BigInt.asUintN(8 * size, unscaled)
    .toString(16)
    .padStart(2 * size, "0");
  return Buffer.from(hex, "hex");
}
