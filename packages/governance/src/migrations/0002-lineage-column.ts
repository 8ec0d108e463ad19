import type { Migration } from "@millwright/platform";

/** A column's dependences, each from when it was told until another took its place (`until_at` null: it holds). */
export const lineageColumn: Migration = {
  name: "0002-lineage-column",
  async up(database) {
    await database.schema
      .createTable("lineage_column")
      .addColumn("job", "text", (column) => column.notNull())
      .addColumn("from_name", "text", (column) => column.notNull())
      .addColumn("from_column", "text", (column) => column.notNull())
      .addColumn("to_name", "text", (column) => column.notNull())
      .addColumn("to_column", "text", (column) => column.notNull())
      .addColumn("type", "text", (column) => column.notNull())
      .addColumn("kind", "text", (column) => column.notNull())
      .addColumn("because", "text")
      .addColumn("since_at", "bigint", (column) => column.notNull())
      .addColumn("until_at", "bigint")
      .execute();
    await database.schema
      .createIndex("lineage_column_to")
      .on("lineage_column")
      .columns(["to_name", "until_at"])
      .execute();
    await database.schema
      .createIndex("lineage_column_from")
      .on("lineage_column")
      .columns(["from_name", "until_at"])
      .execute();
  },
};
