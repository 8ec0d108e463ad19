import type { FieldSummary } from "./manifest-list.ts";
import type { PartitionSpec } from "./metadata.ts";
import { partitionTypeOf, partitionValueOf } from "./partition-record.ts";
import type { IcebergSchema } from "./schema.ts";

/**
 * What a manifest list says of the partitions of a manifest's files, by the fields of their spec (Iceberg specification,
 * "Manifest Lists", field_summary): whole pruning passes over manifests by it. Bounds are in the single-value binary form.
 */
export function partitionSummaries(
  partitions: readonly object[],
  { spec, schemas }: { readonly spec: PartitionSpec; readonly schemas: readonly IcebergSchema[] },
): readonly FieldSummary[] {
  return spec.fields.map((field) => {
    const type = partitionTypeOf(field, schemas);
    const values = partitions.map((partition) => partitionValueOf(field, partition) ?? null);
    const present = values.filter((value) => value !== null && !Number.isNaN(value));
    const stored = present.map((value) => singleValue(type, value));
    const known = stored.filter((one) => one !== undefined);
    // One bound that cannot be told would leave its value outside the others.
    const isWhole = known.length === stored.length && known.length > 0;
    return {
      contains_null: values.includes(null),
      contains_nan: type === "float" || type === "double" ? values.some((value) => Number.isNaN(value)) : false,
      lower_bound: isWhole ? least(known).bytes : null,
      upper_bound: isWhole ? least(known, -1).bytes : null,
    };
  });
}

interface Stored {
  readonly order: number | bigint | Buffer;
  readonly bytes: Buffer;
}

function least(values: readonly Stored[], direction: 1 | -1 = 1): Stored {
  return values.reduce((best, one) => (compare(one.order, best.order) * direction < 0 ? one : best));
}

function compare(one: Stored["order"], other: Stored["order"]): number {
  if (one instanceof Buffer && other instanceof Buffer) return Buffer.compare(one, other);
  return one < other ? -1 : one > other ? 1 : 0;
}

/** A value as manifests store partitions. Undefined for what is not told of. */
function singleValue(type: string, value: unknown): Stored | undefined {
  if (typeof value === "boolean") return { order: Number(value), bytes: Buffer.from([Number(value)]) };
  if (typeof value === "string") return { order: Buffer.from(value), bytes: Buffer.from(value) };
  if (value instanceof Uint8Array) return ofBytes(type, Buffer.from(value));
  if (typeof value !== "number" && typeof value !== "bigint") return undefined;
  switch (type) {
    case "int":
    case "date":
      return { order: value, bytes: packed(4, (buffer) => buffer.writeInt32LE(Number(value))) };
    case "float":
      return { order: value, bytes: packed(4, (buffer) => buffer.writeFloatLE(Number(value))) };
    case "double":
      return { order: value, bytes: packed(8, (buffer) => buffer.writeDoubleLE(Number(value))) };
    case "long":
    case "time":
    case "timestamp":
    case "timestamptz":
      return { order: value, bytes: packed(8, (buffer) => buffer.writeBigInt64LE(BigInt(value))) };
    default:
      return undefined;
  }
}

/** Decimals are numbers, the big end first; their bound is in the fewest bytes. */
function ofBytes(type: string, bytes: Buffer): Stored | undefined {
  if (!type.startsWith("decimal")) return { order: bytes, bytes };
  if (bytes.length === 0) return undefined;
  const order = BigInt.asIntN(8 * bytes.length, BigInt(`0x${bytes.toString("hex")}`));
  let from = 0;
  const isSpare = (at: number) => {
    const sign = (bytes[at + 1] ?? 0) >= 0x80;
    return bytes[at] === (sign ? 0xff : 0x00);
  };
  while (from < bytes.length - 1 && isSpare(from)) from += 1;
  return { order, bytes: bytes.subarray(from) };
}

function packed(size: number, write: (buffer: Buffer) => void): Buffer {
  const buffer = Buffer.alloc(size);
  write(buffer);
  return buffer;
}
