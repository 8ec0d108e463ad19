import type { Column } from "@millwright/kernel";
import { columnsOf } from "../domain/iceberg/metadata.ts";
import type { IcebergSchema } from "../domain/iceberg/schema.ts";
import { versionOf, type ViewMetadata, type ViewVersion } from "../domain/iceberg/view-metadata.ts";
import type { CatalogEntry } from "../ports.ts";

const DIALECT = "duckdb";
const TYPE = /^[a-z_]+(?:\([\d, ]+\)|\[\d+\])?$/;

/** A view of another catalog: SQL of our engine's dialect is asked here, of others the view is told and not read. */
export function entryOfView(
  key: string,
  { metadata, metadataLocation }: { readonly metadata: ViewMetadata; readonly metadataLocation: string | null },
): CatalogEntry {
  const version = versionOf(metadata);
  const own = version?.representations.find(({ dialect }) => dialect.toLowerCase() === DIALECT);
  const schema = metadata.schemas.find((one) => one["schema-id"] === version?.["schema-id"]);
  return {
    name: key,
    kind: "view",
    metadataLocation,
    sql: own?.sql ?? null,
    columns: columnsOf(schema),
    snapshotId: null,
    rowCount: null,
    bytes: null,
    fileCount: null,
    properties: metadata.properties,
    updatedAtMs: metadata["version-log"].at(-1)?.["timestamp-ms"] ?? 0,
  };
}

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
