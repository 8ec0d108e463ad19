import type { Migration } from "@millwright/platform";

/** What was written to the store, by its path there: each row comes with the pointer that first leads to the file. */
export const files: Migration = {
  name: "0002-files",
  async up(database) {
    await database.schema
      .createTable("lake_file")
      .addColumn("path", "text", (column) => column.primaryKey())
      .addColumn("bytes", "bigint", (column) => column.notNull())
      .addColumn("sha256", "text", (column) => column.notNull())
      .execute();
  },
};
