import type { Migration, QueryBuilder } from "@millwright/platform";

interface Tables {
  lineage_edge: { from_name: string; to_name: string; job: string };
  lineage_link: { branch: string; from_name: string; to_name: string; job: string };
}

/** All that was told, by the branch that it was told of; what was there is `main`. */
export const branches: Migration = {
  name: "0003-branches",
  async up(database) {
    for (const table of ["lineage_event", "lineage_column"])
      await database.schema
        .alterTable(table)
        .addColumn("branch", "text", (column) => column.notNull().defaultTo("main"))
        .execute();
    await database.schema
      .createIndex("lineage_event_by_job")
      .on("lineage_event")
      .columns(["branch", "job", "told_at"])
      .execute();
    await database.schema
      .createTable("lineage_link")
      .addColumn("branch", "text", (column) => column.notNull())
      .addColumn("from_name", "text", (column) => column.notNull())
      .addColumn("to_name", "text", (column) => column.notNull())
      .addColumn("job", "text", (column) => column.notNull())
      .addPrimaryKeyConstraint("lineage_link_key", ["branch", "from_name", "to_name", "job"])
      .execute();
    await (database as QueryBuilder<Tables>)
      .insertInto("lineage_link")
      .columns(["branch", "from_name", "to_name", "job"])
      .expression((tables) =>
        tables
          .selectFrom("lineage_edge")
          .select((values) => [values.val("main").as("branch"), "from_name", "to_name", "job"]),
      )
      .execute();
    await database.schema.dropTable("lineage_edge").execute();
  },
};
