import type { Migration } from "@millwright/platform";

/** What was last done for each table of main by itself, and when its folder was last looked through. */
export const care: Migration = {
  name: "0005-care",
  async up(database) {
    await database.schema
      .createTable("lake_care")
      .addColumn("name", "text", (column) => column.primaryKey())
      .addColumn("cared_at", "bigint", (column) => column.notNull())
      .addColumn("orphans_at", "bigint", (column) => column.notNull())
      .addColumn("actions", "text", (column) => column.notNull())
      .execute();
  },
};
