import type { Column } from "@millwright/kernel";
import { lakehouseErrors } from "../errors.ts";

/** How a DuckDB type is stored: the Iceberg type, and the DuckDB type that it is cast to before writing. */
export interface StoredType {
  readonly iceberg: string;
  readonly duckdb: string;
}

/**
 * Unsigned and small integers widen to int or long. HUGEINT, which `sum()` gives, becomes long: a sum beyond 64 bits
 * fails the write rather than turning every total into a decimal.
 */
const STORED: Readonly<Record<string, StoredType>> = {
  BOOLEAN: { iceberg: "boolean", duckdb: "BOOLEAN" },
  TINYINT: { iceberg: "int", duckdb: "INTEGER" },
  SMALLINT: { iceberg: "int", duckdb: "INTEGER" },
  INTEGER: { iceberg: "int", duckdb: "INTEGER" },
  UTINYINT: { iceberg: "int", duckdb: "INTEGER" },
  USMALLINT: { iceberg: "int", duckdb: "INTEGER" },
  UINTEGER: { iceberg: "long", duckdb: "BIGINT" },
  BIGINT: { iceberg: "long", duckdb: "BIGINT" },
  UBIGINT: { iceberg: "long", duckdb: "BIGINT" },
  HUGEINT: { iceberg: "long", duckdb: "BIGINT" },
  UHUGEINT: { iceberg: "long", duckdb: "BIGINT" },
  FLOAT: { iceberg: "float", duckdb: "FLOAT" },
  DOUBLE: { iceberg: "double", duckdb: "DOUBLE" },
  DATE: { iceberg: "date", duckdb: "DATE" },
  TIME: { iceberg: "time", duckdb: "TIME" },
  TIMESTAMP: { iceberg: "timestamp", duckdb: "TIMESTAMP" },
  TIMESTAMP_S: { iceberg: "timestamp", duckdb: "TIMESTAMP" },
  TIMESTAMP_MS: { iceberg: "timestamp", duckdb: "TIMESTAMP" },
  TIMESTAMP_NS: { iceberg: "timestamp", duckdb: "TIMESTAMP" },
  "TIMESTAMP WITH TIME ZONE": { iceberg: "timestamptz", duckdb: "TIMESTAMPTZ" },
  VARCHAR: { iceberg: "string", duckdb: "VARCHAR" },
  JSON: { iceberg: "string", duckdb: "VARCHAR" },
  UUID: { iceberg: "uuid", duckdb: "UUID" },
  BLOB: { iceberg: "binary", duckdb: "BLOB" },
  '"NULL"': { iceberg: "string", duckdb: "VARCHAR" },
};

export function storedType(duckdbType: string, column: string): StoredType {
  const plain = STORED[duckdbType];
  if (plain !== undefined) return plain;
  const decimal = /^DECIMAL\((\d+),(\d+)\)$/.exec(duckdbType);
  if (decimal !== null) return { iceberg: `decimal(${decimal[1]}, ${decimal[2]})`, duckdb: duckdbType };
  if (duckdbType.startsWith("ENUM(")) return { iceberg: "string", duckdb: "VARCHAR" };
  throw lakehouseErrors.create("lakehouse/unsupported-type", { because: `column ${column}: ${duckdbType}` });
}

/** The DuckDB type in which a declared column is read and written. */
export function duckdbType({ name, type }: Column): string {
  const found = Object.values(STORED).find(({ iceberg }) => iceberg === type);
  if (found !== undefined) return found.duckdb;
  const decimal = /^decimal\((\d+),\s*(\d+)\)$/.exec(type);
  if (decimal !== null) return `DECIMAL(${decimal[1]},${decimal[2]})`;
  throw lakehouseErrors.create("lakehouse/unsupported-type", { because: `column ${name}: ${type}` });
}
