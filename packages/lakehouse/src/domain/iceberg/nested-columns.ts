import { quoteName } from "../names.ts";
import { duckdbTypeOf } from "./duckdb-type.ts";
import { missingValue } from "./initial-default.ts";
import type { IcebergField, IcebergType } from "./schema.ts";

/** What a file calls each of its fields, at any depth, by field id. */
export type FileNames = ReadonlyMap<number, string>;

/**
 * A column of today as an expression over a file that may call what is within it otherwise, or lack it. The engine alone
 * finds columns by field id, but what is within them by name, and answers NULL where the name has changed.
 */
export function columnIn(field: IcebergField, names: FileNames): string {
  const { id, name, type } = field;
  const missing = missingValue(field);
  return `${part({ id, type, column: name, depth: 0, missing }, names, (own) => quoteName(own))} AS ${quoteName(name)}`;
}

interface Part {
  readonly id: number;
  readonly type: IcebergType;
  /** The column's name, for errors. */
  readonly column: string;
  readonly depth: number;
  /** What stands where the file lacks it. */
  readonly missing: string;
}

function part({ id, type, column, depth, missing }: Part, names: FileNames, within: (name: string) => string): string {
  const own = names.get(id);
  if (own === undefined) return `CAST(${missing} AS ${duckdbTypeOf(type, column)})`;
  return valueOf({ type, column, depth }, names, within(own));
}

function valueOf({ type, column, depth }: Omit<Part, "id" | "missing">, names: FileNames, value: string): string {
  if (typeof type === "string") return `CAST(${value} AS ${duckdbTypeOf(type, column)})`;
  const inner = `e${depth}`;
  const next = { column, depth: depth + 1 };
  if (type.type === "list")
    return `list_transform(${value}, lambda ${inner}: ${valueOf({ type: type.element, ...next }, names, inner)})`;
  if (type.type === "map") {
    const key = valueOf({ type: type.key, ...next }, names, `${inner}.key`);
    const mapped = valueOf({ type: type.value, ...next }, names, `${inner}.value`);
    const entry = `struct_pack(key := ${key}, value := ${mapped})`;
    return `CASE WHEN ${value} IS NULL THEN NULL ELSE map_from_entries(list_transform(map_entries(${value}), lambda ${inner}: ${entry})) END`;
  }
  const fields = type.fields.map(
    (field) =>
      `${quoteName(field.name)} := ${part({ id: field.id, type: field.type, missing: missingValue(field), ...next }, names, (own) => `struct_extract(${value}, '${own.replaceAll("'", "''")}')`)}`,
  );
  return `CASE WHEN ${value} IS NULL THEN NULL ELSE struct_pack(${fields.join(", ")}) END`;
}
