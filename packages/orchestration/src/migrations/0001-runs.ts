import type { Migration } from "@millwright/platform";

export const runs: Migration = {
  name: "0001-runs",
  async up(database) {
    await database.schema
      .createTable("road_run")
      .addColumn("id", "text", (column) => column.primaryKey())
      .addColumn("state", "text", (column) => column.notNull())
      .addColumn("run_trigger", "text", (column) => column.notNull())
      .addColumn("started_at", "bigint", (column) => column.notNull())
      .addColumn("ended_at", "bigint")
      .execute();
    await database.schema
      .createTable("task_run")
      .addColumn("run_id", "text", (column) => column.notNull())
      .addColumn("task_id", "text", (column) => column.notNull())
      .addColumn("kind", "text", (column) => column.notNull())
      .addColumn("name", "text", (column) => column.notNull())
      .addColumn("state", "text", (column) => column.notNull())
      .addColumn("started_at", "bigint")
      .addColumn("took_ms", "double precision")
      .addColumn("message", "text")
      .addColumn("facts", "text", (column) => column.notNull())
      .addColumn("error", "text")
      .addPrimaryKeyConstraint("task_run_key", ["run_id", "task_id"])
      .execute();
    await database.schema
      .createTable("task_done")
      .addColumn("task_id", "text", (column) => column.primaryKey())
      .addColumn("fingerprint", "text", (column) => column.notNull())
      .addColumn("output_version", "text", (column) => column.notNull())
      .addColumn("facts", "text", (column) => column.notNull())
      .addColumn("warned", "integer", (column) => column.notNull())
      .addColumn("done_at", "bigint", (column) => column.notNull())
      .execute();
  },
};
