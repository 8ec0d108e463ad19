import type { Column } from "@millwright/kernel";
import type { QueryBuilder } from "@millwright/platform";
import type { CatalogEntry } from "../ports.ts";

/** The catalog's tables in the metadata database. */
export interface CatalogTables {
  lake_branch: { name: string; created_at: number };
  lake_entry: EntryRow;
  lake_publication: { id: string; branch: string; reason: string; changes: string; published_at: number };
  lake_file: { path: string; bytes: number; sha256: string };
}

/** One name on one branch. `removed` stands for what the branch had from main and dropped. */
export interface EntryRow {
  branch: string;
  name: string;
  kind: string;
  metadata_location: string | null;
  sql: string | null;
  columns: string;
  snapshot_id: string | null;
  row_count: number | null;
  bytes: number | null;
  file_count: number | null;
  properties: string;
  updated_at: number;
  /** Another one after each change. */
  revision: string;
  /** Main's revision of the name when the branch took it; null on main and for what the branch itself made. */
  base_revision: string | null;
}

export type EntryContent = Omit<EntryRow, "branch" | "name" | "revision" | "base_revision">;

export const MAIN = "main";
export const REMOVED = "removed";
export const NAMESPACE = "namespace";

/** Which row of a name a change is meant for: the one of this revision. */
type Guard = Pick<EntryRow, "branch" | "name" | "revision">;

/** True when the row was there as it was expected, and is now this. */
export async function updateEntry(
  kysely: QueryBuilder<CatalogTables>,
  { branch, name, revision }: Guard,
  change: Partial<EntryRow>,
): Promise<boolean> {
  const updated = await kysely
    .updateTable("lake_entry")
    .set(change)
    .where("branch", "=", branch)
    .where("name", "=", name)
    .where("revision", "=", revision)
    .executeTakeFirst();
  return updated.numUpdatedRows === 1n;
}

/** True when the row was there as it was expected, and is gone. */
export async function deleteEntry(
  kysely: QueryBuilder<CatalogTables>,
  { branch, name, revision }: Guard,
): Promise<boolean> {
  const deleted = await kysely
    .deleteFrom("lake_entry")
    .where("branch", "=", branch)
    .where("name", "=", name)
    .where("revision", "=", revision)
    .executeTakeFirst();
  return deleted.numDeletedRows === 1n;
}

export function contentOf(entry: CatalogEntry): EntryContent {
  return {
    kind: entry.kind,
    metadata_location: entry.metadataLocation,
    sql: entry.sql,
    columns: JSON.stringify(entry.columns),
    snapshot_id: entry.snapshotId,
    row_count: entry.rowCount,
    bytes: entry.bytes,
    file_count: entry.fileCount,
    properties: JSON.stringify(entry.properties),
    updated_at: entry.updatedAtMs,
  };
}

export function entryOf(row: EntryRow): CatalogEntry {
  return {
    name: row.name,
    kind: row.kind === "view" ? "view" : "table",
    metadataLocation: row.metadata_location,
    sql: row.sql,
    columns: JSON.parse(row.columns) as readonly Column[],
    snapshotId: row.snapshot_id,
    rowCount: row.row_count,
    bytes: row.bytes,
    fileCount: row.file_count,
    properties: JSON.parse(row.properties) as Record<string, string>,
    updatedAtMs: row.updated_at,
  };
}
