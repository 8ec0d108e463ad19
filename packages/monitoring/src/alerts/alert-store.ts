import type { Clock, IdSource } from "@millwright/kernel";
import type { Database, MigrationSet } from "@millwright/platform";
import { alerts } from "../migrations/0001-alerts.ts";
import type { StandingAlert } from "./evaluate-alerts.ts";

export const monitoringMigrations: MigrationSet = { area: "monitoring", migrations: [alerts] };

/** An alert from when it first stood; it is resolved once it does no more. */
export interface AlertRecord extends StandingAlert {
  readonly id: string;
  readonly monitor: string;
  readonly sinceMs: number;
  readonly seenMs: number;
  readonly resolvedMs: number | null;
  /** The routes that were told of its state as it is. */
  readonly told: readonly string[];
}

export interface AlertStore {
  /** Takes what stands now for a monitor: what is new begins, what stands no more is resolved. */
  settle(monitor: string, standing: readonly StandingAlert[]): Promise<void>;
  /** Those of a monitor whose state not all of these routes have been told. */
  untold(monitor: string, routes: readonly string[]): Promise<readonly AlertRecord[]>;
  /** Keeps which routes know of an alert's state. */
  tell(id: string, routes: readonly string[]): Promise<void>;
  /** Newest first; of all monitors when none is named. */
  list(asked: {
    readonly monitor?: string;
    readonly standingOnly?: boolean;
    readonly limit: number;
  }): Promise<readonly AlertRecord[]>;
}

interface Tables {
  monitor_alert: {
    id: string;
    monitor: string;
    alert_key: string;
    alert: string;
    since_at: number;
    seen_at: number;
    resolved_at: number | null;
    told: string;
  };
}

/** So many alerts of a monitor are kept. */
const KEPT_MAX = 1_000;

export function createAlertStore({
  database,
  clock,
  ids,
}: {
  readonly database: Database;
  readonly clock: Clock;
  readonly ids: IdSource;
}): AlertStore {
  const kysely = database.as<Tables>();
  const write = database.grouped<Tables>();
  const ofMonitor = async (monitor: string) =>
    await kysely
      .selectFrom("monitor_alert")
      .selectAll()
      .where("monitor", "=", monitor)
      .orderBy("since_at", "desc")
      .orderBy("id", "desc")
      .limit(KEPT_MAX)
      .execute();
  return {
    settle: (monitor, standing) =>
      write(async (transaction) => {
        const nowMs = clock.nowMs();
        const open = await transaction
          .selectFrom("monitor_alert")
          .select(["id", "alert_key"])
          .where("monitor", "=", monitor)
          .where("resolved_at", "is", null)
          .execute();
        const held = new Map(open.map(({ id, alert_key: key }) => [key, id]));
        for (const alert of standing) {
          const key = keyOf(alert);
          const id = held.get(key);
          held.delete(key);
          const row = { alert: JSON.stringify(alert), seen_at: nowMs };
          if (id === undefined)
            await transaction
              .insertInto("monitor_alert")
              .values({ id: ids(), monitor, alert_key: key, since_at: nowMs, resolved_at: null, told: "[]", ...row })
              .execute();
          else await transaction.updateTable("monitor_alert").set(row).where("id", "=", id).execute();
        }
        for (const id of held.values())
          await transaction
            .updateTable("monitor_alert")
            .set({ resolved_at: nowMs, told: "[]" })
            .where("id", "=", id)
            .execute();
      }),
    untold: async (monitor, routes) =>
      (await ofMonitor(monitor)).map(recordOf).filter(({ told }) => routes.some((route) => !told.includes(route))),
    tell: async (id, routes) => {
      await kysely
        .updateTable("monitor_alert")
        .set({ told: JSON.stringify(routes) })
        .where("id", "=", id)
        .execute();
    },
    list: async ({ monitor, standingOnly = false, limit }) => {
      let query = kysely.selectFrom("monitor_alert").selectAll();
      if (monitor !== undefined) query = query.where("monitor", "=", monitor);
      if (standingOnly) query = query.where("resolved_at", "is", null);
      return (await query.orderBy("since_at", "desc").orderBy("id", "desc").limit(limit).execute()).map(recordOf);
    },
  };
}

function keyOf({ rule, rows, feature }: StandingAlert): string {
  return JSON.stringify([rule, rows, feature]);
}

function recordOf(row: Tables["monitor_alert"]): AlertRecord {
  return {
    // Only `settle` writes it.
    ...(JSON.parse(row.alert) as StandingAlert),
    id: row.id,
    monitor: row.monitor,
    sinceMs: Number(row.since_at),
    seenMs: Number(row.seen_at),
    resolvedMs: row.resolved_at === null ? null : Number(row.resolved_at),
    told: JSON.parse(row.told) as readonly string[],
  };
}
