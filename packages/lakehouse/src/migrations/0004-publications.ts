import type { Migration } from "@millwright/platform";

/** What was published from branches, when and why. */
export const publications: Migration = {
  name: "0004-publications",
  async up(database) {
    await database.schema
      .createTable("lake_publication")
      .addColumn("id", "text", (column) => column.primaryKey())
      .addColumn("branch", "text", (column) => column.notNull())
      .addColumn("reason", "text", (column) => column.notNull())
      .addColumn("changes", "text", (column) => column.notNull())
      .addColumn("published_at", "bigint", (column) => column.notNull())
      .execute();
    await database.schema
      .createIndex("lake_publication_by_time")
      .on("lake_publication")
      .column("published_at")
      .execute();
  },
};
