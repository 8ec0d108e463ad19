import { Type } from "@millwright/kernel";
import { textOf, type Lakehouse, type SqlValue } from "@millwright/lakehouse";
import { route, type Route } from "@millwright/platform";
import type { AlertStore } from "./alerts/alert-store.ts";
import type { MonitorDefinition } from "./define-monitor.ts";
import { monitorTable, performanceTable } from "./run-monitor.ts";

const RESULTS_MAX = 100_000;
const ALERTS_MAX = 1_000;

export interface MonitoringParts {
  readonly lakehouse: Lakehouse;
  readonly alerts: AlertStore;
  readonly monitors: readonly MonitorDefinition[];
}

const number = Type.Union([Type.Number(), Type.Null()]);
const Rows = Type.Union([Type.Literal("scored"), Type.Literal("served")], {
  description: "Scored in batch, or answered by a service.",
});
const AlertSchema = Type.Object(
  {
    id: Type.String(),
    monitor: Type.String(),
    rule: Type.String(),
    on: Type.String({ description: "The measure." }),
    rows: Rows,
    feature: Type.Union([Type.String(), Type.Null()], { description: "Null where the rule is on the answers." }),
    days: Type.Integer(),
    worst: Type.Number(),
    bound: Type.Number(),
    sinceMs: Type.Number(),
    seenMs: Type.Number({ description: "When it was last found to stand." }),
    resolvedMs: number,
    told: Type.Array(Type.String(), { description: "The routes that know of its state." }),
  },
  { title: "MonitorAlert" },
);

const day = Type.String({ description: "`all` where the rows have no time." });
const DetailsSchema = Type.Object(
  {
    name: Type.String(),
    table: Type.String(),
    trained: Type.Array(Type.Object({ feature: Type.String(), rows: Type.Number(), missingRate: Type.Number() })),
    results: Type.Array(
      Type.Object({
        feature: Type.String(),
        source: Rows,
        day,
        rows: Type.Number(),
        missingRate: Type.Number(),
        psi: Type.Number(),
        outOfRangeRate: number,
        newCategoryRate: number,
        skewRate: Type.Union([Type.Number(), Type.Null()], {
          description: "Of the answers the share that was given with another value than the tables now have.",
        }),
      }),
    ),
    performance: Type.Array(
      Type.Object({
        source: Rows,
        day,
        rows: Type.Number({ description: "Whose outcome is known." }),
        waiting: Type.Number({ description: "Whose outcome is not known yet." }),
        meanLabel: number,
        meanAnswer: number,
        auc: number,
        logLoss: number,
        calibrationError: number,
        accuracy: number,
        rmse: number,
        mae: number,
      }),
    ),
    alerts: Type.Array(AlertSchema),
  },
  { title: "MonitorResults" },
);

/** Monitors, what they found, and their alerts, over HTTP. */
export function monitoringRoutes(open: () => MonitoringParts): readonly Route[] {
  return [
    route({
      id: "listMonitors",
      path: "/api/v1/monitors",
      summary: "The monitors and how many alerts of each stand.",
      response: Type.Array(
        Type.Object(
          {
            name: Type.String(),
            training: Type.String(),
            rules: Type.Array(Type.String()),
            routes: Type.Array(Type.String()),
            standing: Type.Integer({ description: "Alerts that stand." }),
          },
          { title: "Monitor" },
        ),
      ),
      handler: async () => {
        const { alerts, monitors } = open();
        const standing = await alerts.list({ standingOnly: true, limit: ALERTS_MAX });
        return monitors.map(({ name, training, alerts: rules, routes }) => ({
          name,
          training,
          rules: rules.map((rule) => rule.name),
          routes: routes.map(({ kind }) => kind),
          standing: standing.filter(({ monitor }) => monitor === name).length,
        }));
      },
    }),
    route({
      id: "showMonitor",
      path: "/api/v1/monitors/:name",
      summary: "How far each feature is from the training's on each day, how right the answers were, and the alerts.",
      params: Type.Object({ name: Type.String({ minLength: 1 }) }),
      response: DetailsSchema,
      handler: ({ params: { name } }) => details(open(), name),
    }),
    route({
      id: "listAlerts",
      path: "/api/v1/alerts",
      summary: "The alerts of all monitors, or of one, newest first.",
      query: Type.Object({
        monitor: Type.Optional(Type.String()),
        standing: Type.Optional(Type.Boolean({ description: "Only those that stand." })),
        limit: Type.Optional(Type.Integer({ minimum: 1, maximum: ALERTS_MAX })),
      }),
      response: Type.Array(AlertSchema),
      handler: ({ query: { monitor, standing = false, limit = 100 } }) =>
        open().alerts.list({ ...(monitor === undefined ? {} : { monitor }), standingOnly: standing, limit }),
    }),
  ];
}

async function details({ lakehouse, alerts }: MonitoringParts, name: string) {
  const table = monitorTable(name);
  const results = await readTable(lakehouse, {
    table,
    columns:
      "feature, source, coalesce(day::varchar, 'all'), rows, missing_rate, psi, out_of_range_rate, new_category_rate, skew_rate",
  });
  const performance = await readTable(lakehouse, {
    table: performanceTable(name),
    columns:
      "source, coalesce(day::varchar, 'all'), rows, waiting, mean_label, mean_answer, auc, log_loss, calibration_error, accuracy, rmse, mae",
  });
  return {
    name,
    table,
    trained: results
      .filter(([, source]) => source === "training")
      .map(([feature, , , rows, missing]) => ({
        feature: textOf(feature),
        rows: Number(rows),
        missingRate: Number(missing),
      })),
    results: results.filter(([, source]) => source !== "training").map(featureResult),
    performance: performance.map(performanceResult),
    alerts: await alerts.list({ monitor: name, limit: ALERTS_MAX }),
  };
}

/** A monitor that has not run yet has no table. */
async function readTable(
  lakehouse: Lakehouse,
  { table, columns }: { readonly table: string; readonly columns: string },
): Promise<readonly (readonly SqlValue[])[]> {
  if ((await lakehouse.table(table)) === undefined) return [];
  const sql = `SELECT ${columns} FROM ${lakehouse.relation(table)} ORDER BY ALL`;
  return (await lakehouse.query(sql, { maxRows: RESULTS_MAX })).rows;
}

function featureResult([feature, source, at, rows, missing, psi, range, categories, skew]: readonly SqlValue[]) {
  return {
    feature: textOf(feature),
    source: sourceOf(source),
    day: textOf(at),
    rows: Number(rows),
    missingRate: Number(missing),
    psi: Number(psi),
    outOfRangeRate: numberOf(range),
    newCategoryRate: numberOf(categories),
    skewRate: numberOf(skew),
  };
}

function performanceResult([source, at, rows, waiting, ...measures]: readonly SqlValue[]) {
  const [label, answer, auc, logLoss, calibration, accuracy, rmse, mae] = measures.map(numberOf);
  return {
    source: sourceOf(source),
    day: textOf(at),
    rows: Number(rows),
    waiting: Number(waiting),
    meanLabel: label ?? null,
    meanAnswer: answer ?? null,
    auc: auc ?? null,
    logLoss: logLoss ?? null,
    calibrationError: calibration ?? null,
    accuracy: accuracy ?? null,
    rmse: rmse ?? null,
    mae: mae ?? null,
  };
}

function sourceOf(value: SqlValue | undefined): "scored" | "served" {
  return value === "served" ? "served" : "scored";
}

function numberOf(value: SqlValue | undefined): number | null {
  return value === null || value === undefined ? null : Number(value);
}
