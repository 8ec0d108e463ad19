import type { Migration } from "@millwright/platform";

/** One row for each time that an alert stood; `resolved_at` null while it does, `told` the routes that know of its state. */
export const alerts: Migration = {
  name: "0001-alerts",
  async up(database) {
    await database.schema
      .createTable("monitor_alert")
      .addColumn("id", "text", (column) => column.primaryKey())
      .addColumn("monitor", "text", (column) => column.notNull())
      .addColumn("alert_key", "text", (column) => column.notNull())
      .addColumn("alert", "text", (column) => column.notNull())
      .addColumn("since_at", "bigint", (column) => column.notNull())
      .addColumn("seen_at", "bigint", (column) => column.notNull())
      .addColumn("resolved_at", "bigint")
      .addColumn("told", "text", (column) => column.notNull())
      .execute();
    await database.schema
      .createIndex("monitor_alert_by_monitor")
      .on("monitor_alert")
      .columns(["monitor", "since_at"])
      .execute();
  },
};
