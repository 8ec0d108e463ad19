import type { Column } from "@millwright/kernel";
import type { Database } from "@millwright/platform";
import type { CatalogEntry, TableCatalog } from "../ports.ts";

interface Tables {
  lake_table: {
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
  };
}

/** The catalog in the metadata database: a commit is one compare-and-swap of a row's metadata location. */
export function openDatabaseTableCatalog({ database }: { readonly database: Database }): TableCatalog {
  const kysely = database.as<Tables>();
  return {
    get: async (name) => {
      const row = await kysely.selectFrom("lake_table").selectAll().where("name", "=", name).executeTakeFirst();
      return row === undefined ? undefined : entryOf(row);
    },
    list: async () => (await kysely.selectFrom("lake_table").selectAll().orderBy("name").execute()).map(entryOf),
    swap: async (entry, expected) => {
      const row = rowOf(entry);
      if (expected === undefined) {
        const inserted = await kysely
          .insertInto("lake_table")
          .values(row)
          .onConflict((on) => on.doNothing())
          .executeTakeFirst();
        return inserted.numInsertedOrUpdatedRows === 1n;
      }
      const updated = await kysely
        .updateTable("lake_table")
        .set(row)
        .where("name", "=", entry.name)
        .where("metadata_location", expected === null ? "is" : "=", expected)
        .executeTakeFirst();
      return updated.numUpdatedRows === 1n;
    },
    remove: async (name) => {
      await kysely.deleteFrom("lake_table").where("name", "=", name).execute();
    },
    close: () => Promise.resolve(),
  };
}

function rowOf(entry: CatalogEntry): Tables["lake_table"] {
  return {
    name: entry.name,
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

function entryOf(row: Tables["lake_table"]): CatalogEntry {
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
