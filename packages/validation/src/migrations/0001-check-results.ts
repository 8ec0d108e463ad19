import type { Migration } from "@millwright/platform";

export const checkResults: Migration = {
  name: "0001-check-results",
  async up(database) {
    await database.schema
      .createTable("check_result")
      .addColumn("id", "text", (column) => column.primaryKey())
      .addColumn("name", "text", (column) => column.notNull())
      .addColumn("table_name", "text", (column) => column.notNull())
      .addColumn("check_name", "text", (column) => column.notNull())
      .addColumn("severity", "text", (column) => column.notNull())
      .addColumn("passed", "integer", (column) => column.notNull())
      .addColumn("observed", "double precision", (column) => column.notNull())
      .addColumn("expected", "text", (column) => column.notNull())
      .addColumn("at_ms", "bigint", (column) => column.notNull())
      .execute();
    await database.schema.createIndex("check_result_by_name").on("check_result").columns(["name", "at_ms"]).execute();
  },
};
