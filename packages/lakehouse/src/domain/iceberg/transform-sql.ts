import type { PartitionField, SortField } from "./metadata.ts";
import { typeText, type IcebergSchema, type IcebergType, type StructType } from "./schema.ts";
import { quoteName, quoteText } from "../names.ts";

const MASK = "4294967295::UBIGINT";

/**
 * A partition value as manifests store it, as SQL over the table's columns (Iceberg specification, "Partition Transforms",
 * Appendix A and B): dates in days, times in microseconds, UUIDs as bytes, decimals as text.
 */
export function partitionValueSql(
  field: Pick<PartitionField, "source-id" | "transform">,
  schema: IcebergSchema,
): string {
  const source = sourceOf(field, schema);
  if (field.transform === "void" || source === undefined) return "NULL::INTEGER";
  const { path, type } = source;
  const argument = /\[(\d+)\]/.exec(field.transform)?.[1] ?? "1";
  switch (field.transform.replace(/\[.*/, "")) {
    case "identity":
      return storedSql(type, path);
    case "bucket":
      return bucketSql(type, path, argument);
    case "truncate":
      return storedSql(type, truncateSql(type, path, argument));
    case "year":
      return `CAST(year(${path}) - 1970 AS INTEGER)`;
    case "month":
      return `CAST((year(${path}) - 1970) * 12 + month(${path}) - 1 AS INTEGER)`;
    case "day":
      return `CAST(CAST(${path} AS DATE) - DATE '1970-01-01' AS INTEGER)`;
    default:
      return `CAST(date_diff('hour', TIMESTAMP '1970-01-01', CAST(${path} AS TIMESTAMP)) AS INTEGER)`;
  }
}

/** What a sort order goes by, as SQL: a value that orders as the transform's does. */
export function orderSql(field: SortField, schema: IcebergSchema): string {
  const source = sourceOf(field, schema);
  const value = field.transform === "identity" && source !== undefined ? source.path : partitionValueSql(field, schema);
  const nulls = field["null-order"] === "nulls-first" ? "NULLS FIRST" : "NULLS LAST";
  return `${value} ${field.direction === "desc" ? "DESC" : "ASC"} ${nulls}`;
}

function sourceOf(
  { "source-id": id }: { readonly "source-id": number },
  schema: IcebergSchema,
): { readonly path: string; readonly type: string } | undefined {
  const found = pathTo(schema, id);
  if (found === undefined) return undefined;
  const [column = "", ...within] = found.names;
  const path = within.reduce((outer, name) => `struct_extract(${outer}, ${quoteText(name)})`, quoteName(column));
  return { path, type: typeText(found.type) };
}

/** The names that lead to a field through structs. */
function pathTo(struct: StructType, id: number): { names: readonly string[]; type: IcebergType } | undefined {
  for (const field of struct.fields) {
    if (field.id === id) return { names: [field.name], type: field.type };
    const inner = typeof field.type === "object" && field.type.type === "struct" ? pathTo(field.type, id) : undefined;
    if (inner !== undefined) return { ...inner, names: [field.name, ...inner.names] };
  }
  return undefined;
}

function storedSql(type: string, value: string): string {
  if (type === "date") return `CAST(${value} - DATE '1970-01-01' AS INTEGER)`;
  if (type.startsWith("timestamp")) return `epoch_us(${value})`;
  if (type === "time") return `date_diff('microsecond', TIME '00:00:00', ${value})`;
  if (type === "uuid") return `unhex(replace(CAST(${value} AS VARCHAR), '-', ''))`;
  if (type.startsWith("decimal")) return `CAST(${value} AS VARCHAR)`;
  return value;
}

function truncateSql(type: string, value: string, width: string): string {
  if (type === "string") return `left(${value}, ${width})`;
  if (type === "binary") return `unhex(left(hex(${value}), 2 * ${width}))`;
  const floor = (unscaled: string) => `(${unscaled}) - ((((${unscaled}) % ${width}) + ${width}) % ${width})`;
  const scale = /^decimal\(\d+,\s*(\d+)\)$/.exec(type)?.[1];
  if (scale === undefined) return `(${floor(value)})`;
  const decimal = type.replace("decimal", "DECIMAL");
  const unscaled = `CAST(replace(CAST(${value} AS VARCHAR), '.', '') AS HUGEINT)`;
  return `CAST(CAST(${floor(unscaled)} AS DECIMAL(38, 0)) / power(10, ${scale})::DECIMAL(38, 0) AS ${decimal})`;
}

/** The bucket of a value: the 32-bit Murmur3 hash (x86 variant, seed 0) of its bytes, made positive, modulo the number. */
function bucketSql(type: string, value: string, buckets: string): string {
  return `CASE WHEN ${value} IS NOT NULL THEN CAST((${murmurSql(hashedHex(type, value))} & 2147483647) % ${buckets} AS INTEGER) END`;
}

/** The bytes that are hashed, in hexadecimal (Appendix B, "32-bit Hash Requirements"). */
function hashedHex(type: string, value: string): string {
  const long = (number: string) => reversed(`lpad(to_hex(CAST(${number} AS BIGINT)), 16, '0')`, 8);
  if (type === "int" || type === "long") return long(value);
  if (type === "date" || type === "time" || type.startsWith("timestamp")) return long(storedSql(type, value));
  if (type === "uuid") return `replace(CAST(${value} AS VARCHAR), '-', '')`;
  if (type === "string") return `hex(encode(${value}))`;
  if (type.startsWith("decimal")) return decimalHex(value);
  return `hex(${value})`;
}

/** Bytes in the other order. */
function reversed(hex: string, bytes: number): string {
  const parts = Array.from({ length: bytes }, (_, index) => `substr(h, ${2 * (bytes - index) - 1}, 2)`);
  return `list_transform([${hex}], lambda h: ${parts.join(" || ")})[1]`;
}

/** The unscaled value, big end first, in the fewest bytes that hold it with its sign. */
function decimalHex(value: string): string {
  const unscaled = `CAST(replace(CAST(${value} AS VARCHAR), '.', '') AS HUGEINT)`;
  const magnitude = `CASE WHEN v < 0 THEN -(v + 1) ELSE v END`;
  // A number of n bytes holds 8n - 1 bits besides its sign.
  const bytes = `list_transform([${magnitude}], lambda m: len(list_filter(range(1, 16), lambda n: m >= CAST(power(2::DOUBLE, 8 * n - 1) AS HUGEINT))) + 1)[1]`;
  const twos = `CASE WHEN v < 0 THEN to_hex(v) ELSE lpad(to_hex(v), 32, '0') END`;
  return `list_transform([${unscaled}], lambda v: right(${twos}, 2 * ${bytes}))[1]`;
}

function murmurSql(hex: string): string {
  const block = (at: string, bytes: number) =>
    Array.from({ length: bytes }, (_, index) => `substr(x, ${at} + ${2 * (bytes - index) - 1}, 2)`).join(" || ");
  const word = (text: string) => `CAST(('0x' || ${text}) AS UBIGINT)`;
  const times = (value: string, factor: string) => `((${value}) * ${factor}::UBIGINT) & ${MASK}`;
  const turned = (value: string, bits: number) =>
    `(((${value}) * ${2 ** bits}::UBIGINT) & ${MASK}) | ((${value}) >> ${32 - bits})`;
  const mixed = (list: string) =>
    `list_transform(list_transform(list_transform(${list}, lambda k: ${times("k", "3432918353")}), lambda k: ${turned("k", 15)}), lambda k: ${times("k", "461845907")})`;
  const blocks = mixed(`list_transform(range(0, len(x) // 8), lambda i: ${word(block("8 * i", 4))})`);
  const body = `list_reduce(list_concat([0::UBIGINT], ${blocks}), lambda h, k: ((${turned("xor(h, k)", 13)}) * 5::UBIGINT + 3864292196::UBIGINT) & ${MASK})`;
  const tailAt = "8 * (len(x) // 8)";
  const tail = `CASE (len(x) % 8) // 2 WHEN 1 THEN ${word(block(tailAt, 1))} WHEN 2 THEN ${word(block(tailAt, 2))} WHEN 3 THEN ${word(block(tailAt, 3))} ELSE 0::UBIGINT END`;
  const whole = `xor(xor(${body}, ${mixed(`[${tail}]`)}[1]), CAST(len(x) // 2 AS UBIGINT))`;
  const step = (value: string, shift: number, factor?: string) => {
    const shifted = `xor(h, h >> ${shift})`;
    return `list_transform([${value}], lambda h: ${factor === undefined ? shifted : times(shifted, factor)})[1]`;
  };
  const last = step(step(step(whole, 16, "2246822507"), 13, "3266489909"), 16);
  return `list_transform([${hex}], lambda x: ${last})[1]`;
}
