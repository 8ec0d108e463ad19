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
