import { quoteName, type Lakehouse } from "@millwright/lakehouse";
import { evaluateAlerts, type StandingAlert } from "./alerts/evaluate-alerts.ts";
import { binsOf } from "./bins.ts";
import type { MonitorDefinition } from "./define-monitor.ts";
import { learnedFrom, performanceSql, type Task } from "./performance-sql.ts";
import { servedRows, type ServedAnswers } from "./served-rows.ts";
import { NO_SKEW, skewSql } from "./skew-sql.ts";
import { stabilitySql, type Watched } from "./stability-sql.ts";

export interface MonitorRequest {
  readonly definition: MonitorDefinition;
  readonly features: readonly string[];
  readonly label: string;
  readonly task: Task;
  /** The column by whose days the rows are taken; without it they are all of one day, which is null. */
  readonly timestamp?: string;
  readonly baseline: { readonly table: string; readonly where: string; readonly place?: string };
  /** The rows scored in batch; absent where there are none. */
  readonly scored?: string;
  /** What the services of the model answered; absent where there is nothing. */
  readonly served?: ServedAnswers;
}

export interface MonitorResult {
  readonly table: string;
  readonly snapshotId: string;
  readonly rows: number;
  /** Those that stand by what was found now. */
  readonly alerts: readonly StandingAlert[];
}

/** The table of a monitor's results: by feature, source of rows and day, how far the values are from the training's. */
export function monitorTable(name: string): string {
  return `${name.replaceAll(/[^A-Za-z0-9_]/g, "_")}_results`;
}

/** The table of how right the answers were, by source of rows and day. */
export function performanceTable(name: string): string {
  return `${name.replaceAll(/[^A-Za-z0-9_]/g, "_")}_performance`;
}

/**
 * The population stability index of each feature on each day: the sum over bins of (a − e) ln(a / e), where e is the
 * baseline's share of a bin and a the day's (Siddiqi, Credit Risk Scorecards, 2006). Bins are the baseline's tenths, of
 * text its most frequent values; missing is one of its own; an empty bin counts as a share of 0.0001. Beside it the rates
 * of missing values, of numbers outside the baseline's range and of texts that it has not. Equal rows give equal results
 * whatever the number of threads: the tenths are exact or those of a sample by content, and sums are rounded.
 */
export async function runMonitor(
  { lakehouse }: { readonly lakehouse: Lakehouse },
  request: MonitorRequest,
): Promise<MonitorResult> {
  const { definition, baseline } = request;
  const [table, performance] = [monitorTable(definition.name), performanceTable(definition.name)];
  const features = request.features.filter((feature) => !definition.except.includes(feature));
  const bins = await binsOf(lakehouse, { ...baseline, features });
  const text = new Set([...bins].flatMap(([name, { kind }]) => (kind === "text" ? [name] : [])));
  const learned = await learnedFrom(lakehouse, request);
  const scored = scoredRows(lakehouse, request);
  const served = request.served === undefined ? undefined : servedRows(lakehouse, request.served, { text });
  const watched = [scored, served].filter((rows) => rows !== undefined);
  const { served: answers } = request;
  const skew =
    answers?.recomputed === undefined
      ? NO_SKEW
      : skewSql(lakehouse, { served: answers, recomputed: answers.recomputed, bins });
  const select = stabilitySql(bins, { baseline: learned.baseline, watched, skew });
  const snapshot = await lakehouse.write({ table, select, mode: "replace" });
  const { outcomes: found } = definition;
  const outcomes = found === undefined || answers === undefined ? undefined : { served: answers, found };
  const how = await performanceSql(lakehouse, { ...learned, scored, outcomes });
  await lakehouse.write({ table: performance, select: how, mode: "replace" });
  const tables = { features: lakehouse.relation(table), performance: lakehouse.relation(performance) };
  return {
    table,
    snapshotId: snapshot.snapshotId,
    rows: snapshot.rowCount,
    alerts: await evaluateAlerts(lakehouse, { rules: definition.alerts, tables }),
  };
}

function scoredRows(lakehouse: Lakehouse, { scored, timestamp }: MonitorRequest): Watched | undefined {
  if (scored === undefined) return undefined;
  const day = timestamp === undefined ? "NULL::date" : `date_trunc('day', ${quoteName(timestamp)})::date`;
  return { source: "scored", from: lakehouse.relation(scored), day };
}
