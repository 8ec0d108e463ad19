import { contentHash } from "@millwright/kernel";
import { historicalSelect, planFeatures } from "@millwright/feature-store";
import { duckdbType, quoteName, quoteText } from "@millwright/lakehouse";
import {
  deliverAlerts,
  monitorTable,
  runMonitor,
  type MonitorDefinition,
  type MonitorRequest,
  type MonitorResult,
} from "@millwright/monitoring";
import type { Task, TaskContext, TaskOutcome } from "@millwright/orchestration";
import { PREDICTIONS_TABLE } from "@millwright/serving";
import {
  requestOf,
  ROW_PLACE,
  scoredTable,
  splitConditions,
  trainingTable,
  type TrainingDefinition,
} from "@millwright/training";
import type { Defined } from "../load-project.ts";
import { tellLineage } from "./lineage.ts";
import type { RoadParts } from "./parts.ts";
import { monitorColumns } from "./training-columns.ts";

/** Raised when equal rows would give other results. */
const MONITOR_VERSION = 4;

/**
 * Compares the rows that were scored, and what was served, day by day with what the model learned on, and tells what
 * alerts begin or end. A route that cannot be told never fails the step; it is said.
 */
export function monitorTask(
  parts: RoadParts,
  { name, definition }: Defined<MonitorDefinition>,
  { training, reads }: { readonly training: TrainingDefinition; readonly reads: readonly string[] },
): Task {
  return {
    id: `monitor:${name}`,
    kind: "monitor",
    name,
    reads: [...new Set([`table:${trainingTable(training.name)}`, `scoring:${training.name}`, ...reads])],
    waitsFor: [],
    definitionHash: async () =>
      contentHash({
        definition,
        split: training.split,
        formula: MONITOR_VERSION,
        // What was answered meanwhile is no step's output.
        served: (await parts.lakehouse.sameRows(PREDICTIONS_TABLE)).at(-1) ?? null,
      }),
    stillThere: async (version) => (await parts.lakehouse.sameRows(monitorTable(name))).includes(version),
    run: async (context): Promise<TaskOutcome> => {
      const request = await requestOfMonitor(parts, { definition, training });
      if (request.scored === undefined && request.served === undefined)
        return { outputVersion: "none", facts: {}, warned: true, message: "nothing has been scored yet" };
      context.progress({ message: "comparing rows with the training's" });
      const result = await runMonitor({ lakehouse: parts.lakehouse }, request);
      await tellMonitor(parts, context, { request, training });
      const problems = await settleAlerts(parts, { definition, result });
      return outcomeOf(result, problems);
    },
  };
}

async function requestOfMonitor(
  { lakehouse, tracking }: RoadParts,
  { definition, training }: { readonly definition: MonitorDefinition; readonly training: TrainingDefinition },
): Promise<MonitorRequest> {
  const features = planFeatures(training.features).features.map((feature) => feature.name);
  const scored = scoredTable(training.name);
  const versions = await tracking.versions(training.name).catch(() => []);
  const alike = versions.filter(({ details }) => {
    const signature = details["signature"] as { readonly features?: readonly string[] } | undefined;
    return signature?.features?.join("\u0000") === features.join("\u0000");
  });
  const hasServed = (await lakehouse.table(PREDICTIONS_TABLE)) !== undefined && alike.length > 0;
  const served = {
    table: PREDICTIONS_TABLE,
    model: training.name,
    versions: alike.map(({ version }) => version),
    features,
  };
  return {
    definition,
    features,
    label: training.label,
    task: training.trainer.objective,
    ...(training.timestamp === undefined ? {} : { timestamp: training.timestamp }),
    baseline: { table: trainingTable(training.name), where: splitConditions(training).train, place: ROW_PLACE },
    ...((await lakehouse.table(scored)) === undefined ? {} : { scored }),
    ...(hasServed ? { served: { ...served, recomputed: await recomputedSql({ lakehouse }, training) } } : {}),
  };
}

/** So many of the newest answers are asked for again. */
const RECOMPUTED_MAX = 20_000;

/** The features of the newest answers as the tables have them for the time of each request. */
async function recomputedSql(
  { lakehouse }: Pick<RoadParts, "lakehouse">,
  training: TrainingDefinition,
): Promise<string> {
  const columns = new Map((await lakehouse.tables()).map((table) => [table.name, table.columns]));
  const request = requestOf(training);
  const fields = request.map((column) => {
    const value = `json_extract_string(request, ${quoteText(`$."${column.name.replaceAll('"', '\\"')}"`)})`;
    return `try_cast(${value} AS ${duckdbType(column)}) AS ${quoteName(column.name)}`;
  });
  const newest = `SELECT id, request FROM ${lakehouse.relation(PREDICTIONS_TABLE)} WHERE model = ${quoteText(training.name)} ORDER BY predicted_at DESC LIMIT ${RECOMPUTED_MAX}`;
  return historicalSelect({
    population: `(SELECT ${["id", ...fields].join(", ")} FROM (${newest}))`,
    ...(training.timestamp === undefined ? {} : { timestamp: training.timestamp }),
    keep: ["id"],
    selections: training.features,
    columnsOf: (table) => columns.get(table) ?? [],
    populationColumns: [{ name: "id", type: "string" }, ...request],
  });
}

async function tellMonitor(
  parts: RoadParts,
  context: TaskContext,
  { request, training }: { readonly request: MonitorRequest; readonly training: TrainingDefinition },
): Promise<void> {
  const { definition, features, baseline, scored } = request;
  const tables = [baseline.table, ...(scored === undefined ? [] : [scored])].map((table) => `table:${table}`);
  await tellLineage(parts, context, {
    task: `monitor:${definition.name}`,
    inputs: tables,
    outputs: { [`monitor:${definition.name}`]: monitorColumns(features, { tables, timestamp: training.timestamp }) },
  });
}

async function settleAlerts(
  { alerts, logger, environment, post }: RoadParts,
  { definition, result }: { readonly definition: MonitorDefinition; readonly result: MonitorResult },
): Promise<readonly string[]> {
  await alerts.settle(definition.name, result.alerts);
  const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
  const ports = { alerts, logger: logger.child({ monitor: definition.name }), environment, post, pause };
  return deliverAlerts(ports, { monitor: definition.name, routes: definition.routes });
}

function outcomeOf({ snapshotId, rows, alerts }: MonitorResult, problems: readonly string[]): TaskOutcome {
  const told = alerts.map(({ feature, rule, rows: of, worst, days }) => {
    const what = feature ?? "the answers";
    return `${what} (${of === "served" ? "served, " : ""}${rule}: ${worst.toFixed(2)}, ${days} days)`;
  });
  const message = [...(told.length === 0 ? [] : [`alert: ${told.join(", ")}`]), ...problems].join("; ");
  return {
    outputVersion: snapshotId,
    facts: { rows, alerts: alerts.length },
    warned: message !== "",
    ...(message === "" ? {} : { message }),
  };
}
