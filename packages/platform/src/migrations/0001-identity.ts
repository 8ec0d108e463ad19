import type { Migration } from "../database/database.ts";

export const identity: Migration = {
  name: "0001-identity",
  async up(database) {
    await database.schema
      .createTable("metadata_identity")
      .addColumn("what", "text", (column) => column.primaryKey())
      .addColumn("id", "text", (column) => column.notNull())
      .execute();
  },
};
