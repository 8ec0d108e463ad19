/**
 * A bound in Iceberg's single-value binary form (specification, Appendix D), from the writer's text.
 * Undefined where a bound would not be exact and safe: readers then do not prune by it.
 */
export function encodeBound({
  type,
  text,
  side,
}: {
  readonly type: string;
  readonly text: string;
  readonly side: "min" | "max";
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
      return floating(type, Number(text));
    case "date":
      return int32(Date.parse(`${text}T00:00:00Z`) / 86_400_000);
    case "timestamp":
    case "timestamptz":
      return timestamp(text);
    case "string":
      return string(text, side);
    default:
      return undefined;
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
      return plain(bound.readBigInt64LE());
    case "float":
      return plain(Math.fround(bound.readFloatLE()));
    case "double":
      return plain(bound.readDoubleLE());
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

/** Long texts are cut; an upper bound that was cut would be too small, so it is left out. */
function string(text: string, side: "min" | "max"): Buffer | undefined {
  const short = Array.from(text).slice(0, 16).join("");
  if (short !== text && side === "max") return undefined;
  return Buffer.from(short);
}
