import type { PartitionField, PartitionSpec } from "./metadata.ts";
import { fieldsOf, typeText, type IcebergSchema } from "./schema.ts";

/** A value as `partitionValueSql` answers it. */
export type PartitionValue = null | boolean | number | bigint | string | Uint8Array;

/** The partition of a data file by the names of its spec's fields, as manifests store it. */
export function partitionOf(
  { fields }: PartitionSpec,
  { schema, values }: { readonly schema: IcebergSchema; readonly values: readonly PartitionValue[] },
): object {
  return Object.fromEntries(
    fields.map((field, index) => [field.name, storedValue(field, { schema, value: values[index] ?? null })]),
  );
}

function storedValue(
  field: PartitionField,
  { schema, value }: { readonly schema: IcebergSchema; readonly value: PartitionValue },
): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value);
  if (typeof value !== "string") return value;
  const source = fieldsOf(schema).find(({ id }) => id === field["source-id"]);
  const decimal = source === undefined ? null : /^decimal\((\d+),\s*\d+\)$/.exec(typeText(source.type));
  return decimal === null ? value : decimalBytes(value, Number(decimal[1]));
}

/** The unscaled value, big end first, in the bytes that a decimal of so many digits has. */
function decimalBytes(text: string, precision: number): Buffer {
  const size = Math.ceil((precision * Math.log2(10) + 1) / 8);
  const unscaled = BigInt.asUintN(8 * size, BigInt(text.replace(".", "")));
  return Buffer.from(unscaled.toString(16).padStart(2 * size, "0"), "hex");
}

const PART_LENGTH_MAX = 150;

/** The folders of a partition: `day=2026-01-02`, `carrier=AA`. */
export function partitionFolder({ fields }: PartitionSpec, values: readonly PartitionValue[]): readonly string[] {
  return fields.flatMap((field, index) => {
    if (field.transform === "void") return [];
    const text = escaped(shown(field.transform, values[index] ?? null));
    return [`${escaped(field.name)}=${text}`.slice(0, PART_LENGTH_MAX)];
  });
}

/** As the reference's writers show it. */
function shown(transform: string, value: PartitionValue): string {
  if (value === null) return "null";
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  const number = Number(value);
  const iso = (ms: number, length: number) => {
    const date = new Date(ms);
    return Number.isNaN(date.getTime()) ? String(value) : date.toISOString().slice(0, length).replace("T", "-");
  };
  switch (transform) {
    case "year":
      return String(1970 + number);
    case "month":
      return iso(Date.UTC(1970, number), 7);
    case "day":
      return iso(number * 86_400_000, 10);
    case "hour":
      return iso(number * 3_600_000, 13);
    default:
      return String(value);
  }
}

/** Nothing that a path or a pattern of files gives a meaning to. */
function escaped(text: string): string {
  return encodeURIComponent(text).replace(
    /[*'()!~.]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
