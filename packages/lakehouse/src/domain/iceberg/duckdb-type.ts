import { duckdbType } from "../types.ts";
import { quoteName } from "../names.ts";
import { typeText, type IcebergType } from "./schema.ts";

const FURTHER: Readonly<Record<string, string>> = {
  timestamp_ns: "TIMESTAMP_NS",
  timestamptz_ns: "TIMESTAMPTZ",
  unknown: "VARCHAR",
};

/** The DuckDB type in which values of an Iceberg type are read. Throws `lakehouse/unsupported-type`. */
export function duckdbTypeOf(type: IcebergType, column: string): string {
  if (typeof type !== "string") return nestedType(type, column);
  if (type.startsWith("fixed[")) return "BLOB";
  return FURTHER[type] ?? duckdbType({ name: column, type: typeText(type) });
}

function nestedType(type: Exclude<IcebergType, string>, column: string): string {
  if (type.type === "list") return `${duckdbTypeOf(type.element, column)}[]`;
  if (type.type === "map") return `MAP(${duckdbTypeOf(type.key, column)}, ${duckdbTypeOf(type.value, column)})`;
  const fields = type.fields.map(({ name, type: inner }) => `${quoteName(name)} ${duckdbTypeOf(inner, column)}`);
  return `STRUCT(${fields.join(", ")})`;
}
