import type { Migration } from "@millwright/platform";

export const trafficTables: Migration = {
  name: "0001-traffic",
  async up(database) {
    await database.schema
      .createTable("traffic_plan")
      .addColumn("service", "text", (column) => column.primaryKey())
      .addColumn("weights", "text", (column) => column.notNull())
      .addColumn("defined_hash", "text", (column) => column.notNull())
      .addColumn("changed_at", "bigint", (column) => column.notNull())
      .execute();
    await database.schema
      .createTable("traffic_decision")
      .addColumn("id", "text", (column) => column.primaryKey())
      .addColumn("service", "text", (column) => column.notNull())
      .addColumn("kind", "text", (column) => column.notNull())
      .addColumn("decided_by", "text", (column) => column.notNull())
      .addColumn("reason", "text", (column) => column.notNull())
      .addColumn("weights", "text", (column) => column.notNull())
      .addColumn("previous_weights", "text", (column) => column.notNull())
      .addColumn("versions", "text", (column) => column.notNull())
      .addColumn("numbers", "text", (column) => column.notNull())
      .addColumn("decided_at", "bigint", (column) => column.notNull())
      .execute();
    await database.schema
      .createIndex("traffic_decision_by_service")
      .on("traffic_decision")
      .columns(["service", "id"])
      .execute();
    await database.schema
      .createTable("traffic_rollout")
      .addColumn("service", "text", (column) => column.primaryKey())
      .addColumn("state", "text", (column) => column.notNull())
      .addColumn("changed_at", "bigint", (column) => column.notNull())
      .execute();
  },
};
