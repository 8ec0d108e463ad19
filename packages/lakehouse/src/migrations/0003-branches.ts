import type { Migration, QueryBuilder } from "@millwright/platform";

const KEPT = [
  "name",
  "kind",
  "metadata_location",
  "sql",
  "columns",
  "snapshot_id",
  "row_count",
  "bytes",
  "file_count",
  "properties",
  "updated_at",
] as const;

type Row = Record<(typeof KEPT)[number], unknown>;

interface Before {
  lake_table: Row & { name: string; metadata_location: string | null };
  lake_entry: Row & { branch: string; revision: string };
}

/** Every table and view by branch; what was there is `main`. */
export const branches: Migration = {
  name: "0003-branches",
  async up(database) {
    await database.schema
      .createTable("lake_branch")
      .addColumn("name", "text", (column) => column.primaryKey())
      .addColumn("created_at", "bigint", (column) => column.notNull())
      .execute();
    await database.schema
      .createTable("lake_entry")
      .addColumn("branch", "text", (column) => column.notNull())
      .addColumn("name", "text", (column) => column.notNull())
      .addColumn("kind", "text", (column) => column.notNull())
      .addColumn("metadata_location", "text")
      .addColumn("sql", "text")
      .addColumn("columns", "text", (column) => column.notNull())
      .addColumn("snapshot_id", "text")
      .addColumn("row_count", "bigint")
      .addColumn("bytes", "bigint")
      .addColumn("file_count", "integer")
      .addColumn("properties", "text", (column) => column.notNull())
      .addColumn("updated_at", "bigint", (column) => column.notNull())
      .addColumn("revision", "text", (column) => column.notNull())
      .addColumn("base_revision", "text")
      .addPrimaryKeyConstraint("lake_entry_key", ["branch", "name"])
      .execute();
    const before = database as QueryBuilder<Before>;
    await before
      .insertInto("lake_entry")
      .columns(["branch", ...KEPT, "revision"])
      .expression((tables) =>
        tables
          .selectFrom("lake_table")
          .select((values) => [
            values.val("main").as("branch"),
            ...KEPT,
            values.fn.coalesce("metadata_location", "name").as("revision"),
          ]),
      )
      .execute();
    await database.schema.dropTable("lake_table").execute();
  },
};
