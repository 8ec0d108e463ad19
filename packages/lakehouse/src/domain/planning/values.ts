/**
 * A value of a column as the planner compares it: numbers, dates (days), times and timestamps (microseconds), decimals
 * (unscaled) and booleans as number or bigint, which JavaScript compares exactly; texts, UUIDs and binaries by their bytes.
 */
export type PlanValue = number | bigint | Uint8Array;

export function compareValues(one: PlanValue, other: PlanValue): number {
  if (one instanceof Uint8Array || other instanceof Uint8Array) {
    if (one instanceof Uint8Array && other instanceof Uint8Array) return Buffer.compare(one, other);
    throw new Error("bytes are compared with bytes alone");
  }
  return one < other ? -1 : one > other ? 1 : 0;
}

export function bytesOf(text: string): Uint8Array {
  return Buffer.from(text);
}

/**
 * A bound in Iceberg's single-value binary form (specification, Appendix D). A column may have been widened since: the
 * length says what it was written as. Undefined for types that are not pruned by, and NaN.
 */
export function decodeValue(type: string, bound: Buffer): PlanValue | undefined {
  switch (type) {
    case "boolean":
      return bound.length === 1 ? bound.readUInt8() : undefined;
    case "int":
    case "long":
    case "date":
    case "time":
    case "timestamp":
    case "timestamptz":
    case "timestamp_ns":
    case "timestamptz_ns":
      return bound.length === 4 ? bound.readInt32LE() : bound.length === 8 ? long(bound) : undefined;
    case "float":
    case "double":
      return finite(bound.length === 4 ? bound.readFloatLE() : bound.length === 8 ? bound.readDoubleLE() : Number.NaN);
    case "string":
    case "uuid":
    case "binary":
      return bound;
    default:
      if (type.startsWith("decimal(")) return bigEndian(bound);
      return type.startsWith("fixed[") ? bound : undefined;
  }
}

/** A number where it is exact, which is ten times as fast as a bigint. */
function long(bytes: Buffer): number | bigint {
  const value = bytes.readInt32LE(4) * 2 ** 32 + bytes.readUInt32LE();
  return Number.isSafeInteger(value) ? value : bytes.readBigInt64LE();
}

function finite(value: number): number | undefined {
  return Number.isNaN(value) ? undefined : value;
}

/** Two's complement, the most significant byte first. */
function bigEndian(bytes: Buffer): bigint | undefined {
  if (bytes.length === 0) return undefined;
  return BigInt.asIntN(bytes.length * 8, BigInt(`0x${bytes.toString("hex")}`));
}

/** A partition's value as Avro gives it, whose source has this type. */
export function storedValue(type: string, value: unknown): PlanValue | undefined {
  if (typeof value === "number" || typeof value === "bigint") return Number.isNaN(value) ? undefined : value;
  if (typeof value === "boolean") return Number(value);
  if (typeof value === "string") return bytesOf(value);
  return value instanceof Uint8Array ? decodeValue(type, Buffer.from(value)) : undefined;
}

/** The least bytes beyond all that begin with a prefix; undefined when there are none. */
export function afterPrefix(prefix: Uint8Array): Uint8Array | undefined {
  let end = prefix.length;
  while (end > 0 && prefix[end - 1] === 0xff) end -= 1;
  if (end === 0) return undefined;
  const next = Uint8Array.from(prefix.subarray(0, end));
  next[end - 1] = (next[end - 1] ?? 0) + 1;
  return next;
}

export function startsWith(value: Uint8Array, prefix: Uint8Array): boolean {
  return value.length >= prefix.length && Buffer.compare(value.subarray(0, prefix.length), prefix) === 0;
}
