import { columnsOf } from "./domain/iceberg/metadata.ts";
import { versionOf, type ViewMetadata } from "./domain/iceberg/view-metadata.ts";
import type { CatalogEntry } from "./ports.ts";

/** A view as the catalog has it: SQL of our engine's dialect is asked here, of others the view is told and not read. */
export function entryOfView(
  key: string,
  { metadata, metadataLocation }: { readonly metadata: ViewMetadata; readonly metadataLocation: string | null },
): CatalogEntry {
  const version = versionOf(metadata);
  const own = version?.representations.find(({ dialect }) => dialect.toLowerCase() === "duckdb");
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
