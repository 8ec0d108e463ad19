import type { Migration } from "@millwright/platform";

export const aliasChanges: Migration = {
  name: "0002-alias-changes",
  async up(database) {
    await database.schema
      .createTable("alias_change")
      .addColumn("id", "text", (column) => column.primaryKey())
      .addColumn("model", "text", (column) => column.notNull())
      .addColumn("alias", "text", (column) => column.notNull())
      .addColumn("kind", "text", (column) => column.notNull())
      .addColumn("version", "integer", (column) => column.notNull())
      .addColumn("previous_version", "integer")
      .addColumn("reason", "text", (column) => column.notNull())
      .addColumn("changed_at", "bigint", (column) => column.notNull())
      .execute();
    await database.schema
      .createIndex("alias_change_by_model")
      .on("alias_change")
      .columns(["model", "alias", "id"])
      .execute();
  },
};
