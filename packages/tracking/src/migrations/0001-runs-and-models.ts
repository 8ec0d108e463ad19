import type { Migration } from "@millwright/platform";

export const runsAndModels: Migration = {
  name: "0001-runs-and-models",
  async up(database) {
    await database.schema
      .createTable("experiment_run")
      .addColumn("id", "text", (column) => column.primaryKey())
      .addColumn("experiment", "text", (column) => column.notNull())
      .addColumn("status", "text", (column) => column.notNull())
      .addColumn("parameters", "text", (column) => column.notNull())
      .addColumn("tags", "text", (column) => column.notNull())
      .addColumn("artifact_path", "text", (column) => column.notNull())
      .addColumn("started_at", "bigint", (column) => column.notNull())
      .addColumn("ended_at", "bigint")
      .execute();
    await database.schema
      .createTable("run_metric")
      .addColumn("run_id", "text", (column) => column.notNull())
      .addColumn("name", "text", (column) => column.notNull())
      .addColumn("step", "bigint", (column) => column.notNull())
      .addColumn("value", "double precision", (column) => column.notNull())
      .addColumn("logged_at", "bigint", (column) => column.notNull())
      .addPrimaryKeyConstraint("run_metric_key", ["run_id", "name", "step"])
      .execute();
    await database.schema
      .createTable("model_version")
      .addColumn("model", "text", (column) => column.notNull())
      .addColumn("version", "integer", (column) => column.notNull())
      .addColumn("run_id", "text", (column) => column.notNull())
      .addColumn("artifact_path", "text", (column) => column.notNull())
      .addColumn("details", "text", (column) => column.notNull())
      .addColumn("created_at", "bigint", (column) => column.notNull())
      .addPrimaryKeyConstraint("model_version_key", ["model", "version"])
      .execute();
    await database.schema
      .createTable("model_alias")
      .addColumn("model", "text", (column) => column.notNull())
      .addColumn("alias", "text", (column) => column.notNull())
      .addColumn("version", "integer", (column) => column.notNull())
      .addPrimaryKeyConstraint("model_alias_key", ["model", "alias"])
      .execute();
  },
};
