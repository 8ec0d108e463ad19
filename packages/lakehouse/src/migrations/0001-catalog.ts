import type { Migration } from "@millwright/platform";

export const catalog: Migration = {
  name: "0001-catalog",
  async up(database) {
    await database.schema
      .createTable("lake_table")
      .addColumn("name", "text", (column) => column.primaryKey())
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
      .execute();
  },
};
