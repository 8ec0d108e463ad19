import type { Migration, QueryBuilder } from "@millwright/platform";

const KEPT = ["task_id", "fingerprint", "output_version", "facts", "warned", "done_at"] as const;
type Row = Record<(typeof KEPT)[number], unknown>;

/** Runs, and what each task last left, by the branch that they were on. */
export const branches: Migration = {
  name: "0002-branches",
  async up(database) {
    await database.schema
      .alterTable("road_run")
      .addColumn("branch", "text", (column) => column.notNull().defaultTo("main"))
      .execute();
    await database.schema
      .createTable("task_state")
      .addColumn("branch", "text", (column) => column.notNull())
      .addColumn("task_id", "text", (column) => column.notNull())
      .addColumn("fingerprint", "text", (column) => column.notNull())
      .addColumn("output_version", "text", (column) => column.notNull())
      .addColumn("facts", "text", (column) => column.notNull())
      .addColumn("warned", "integer", (column) => column.notNull())
      .addColumn("done_at", "bigint", (column) => column.notNull())
      .addPrimaryKeyConstraint("task_state_key", ["branch", "task_id"])
      .execute();
    const before = database as QueryBuilder<{ task_done: Row; task_state: Row & { branch: string } }>;
    await before
      .insertInto("task_state")
      .columns(["branch", ...KEPT])
      .expression((tables) =>
        tables.selectFrom("task_done").select((values) => [values.val("main").as("branch"), ...KEPT]),
      )
      .execute();
    await database.schema.dropTable("task_done").execute();
  },
};
