import type { Column } from "@millwright/kernel";
import type { IcebergSchema } from "../domain/iceberg/schema.ts";
import type { ViewVersion } from "../domain/iceberg/view-metadata.ts";

const DIALECT = "duckdb";
const TYPE = /^[a-z_]+(?:\([\d, ]+\)|\[\d+\])?$/;

/** The schema of a view's columns; a nested type, which the engine tells as text, stands as text. */
export function schemaOfView(columns: readonly Column[]): IcebergSchema {
  const fields = columns.map(({ name, type, doc }, index) => ({
    id: index + 1,
    name,
    required: false,
    type: TYPE.test(type) ? type : "string",
    ...(doc === undefined ? {} : { doc }),
  }));
  return { type: "struct", "schema-id": 0, fields };
}

/** A view's next version, in our engine's dialect. */
export function versionOfView(told: {
  readonly sql: string;
  readonly namespace: readonly string[];
  readonly id: number;
  readonly nowMs: number;
}): ViewVersion {
  return {
    "version-id": told.id,
    "timestamp-ms": told.nowMs,
    "schema-id": 0,
    summary: { "engine-name": "millwright" },
    representations: [{ type: "sql", sql: told.sql, dialect: DIALECT }],
    "default-namespace": [...told.namespace],
  };
}
