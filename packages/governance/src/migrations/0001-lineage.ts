import type { Migration } from "@millwright/platform";

export const lineage: Migration = {
  name: "0001-lineage",
  async up(database) {
    await database.schema
      .createTable("lineage_event")
      .addColumn("id", "text", (column) => column.primaryKey())
      .addColumn("job", "text", (column) => column.notNull())
      .addColumn("event", "text", (column) => column.notNull())
      .addColumn("told_at", "bigint", (column) => column.notNull())
      .execute();
    await database.schema
      .createTable("lineage_edge")
      .addColumn("from_name", "text", (column) => column.notNull())
      .addColumn("to_name", "text", (column) => column.notNull())
      .addColumn("job", "text", (column) => column.notNull())
      .addPrimaryKeyConstraint("lineage_edge_key", ["from_name", "to_name", "job"])
      .execute();
  },
};
