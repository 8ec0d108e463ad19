import type { Lakehouse } from "@millwright/lakehouse";
import { kindsOf } from "./kinds.ts";
import { stabilitySql } from "./stability-sql.ts";
import { tenthsOf } from "./tenths.ts";

export interface MonitorDefinition {
  readonly kind: "monitor";
  readonly name: string;
  /** The training whose rows are the baseline and whose scored rows are watched. */
  readonly training: string;
  readonly alert: AlertRule;
  /** Features that differ from day to day by their nature, such as the day of the week. */
  readonly except: readonly string[];
}

/** An alert stands for a feature whose stability index was above a bound on at least so many days. */
export interface AlertRule {
  readonly psiAbove: number;
  readonly days: number;
  /** Days of fewer rows do not count: few rows are spread unlike many by chance alone. Default 0. */
  readonly minRows?: number;
}

/**
 * Declares a watch on a training's features.
 *
 * @example
 * ```ts
 * export const drift = defineMonitor({ name: "late-flights-drift", training: "late-flights", alert: { psiAbove: 0.25, days: 3 } });
 * ```
 */
export function defineMonitor(options: {
  readonly name: string;
  readonly training: string;
  readonly alert?: AlertRule;
  readonly except?: readonly string[];
}): MonitorDefinition {
  return {
    kind: "monitor",
    name: options.name,
    training: options.training,
    alert: options.alert ?? { psiAbove: 0.25, days: 3 },
    except: options.except ?? [],
  };
}

export interface MonitorRequest {
  readonly definition: MonitorDefinition;
  readonly features: readonly string[];
  /** The column by whose days the rows are taken; without it they are all of one day, which is null. */
  readonly timestamp?: string;
  readonly baseline: { readonly table: string; readonly where: string };
  readonly current: { readonly table: string };
}

export interface Alert {
  readonly feature: string;
  readonly days: number;
  readonly worstPsi: number;
}

export interface MonitorResult {
  readonly table: string;
  readonly snapshotId: string;
  readonly rows: number;
  readonly alerts: readonly Alert[];
}

/** The table of a monitor's results: feature, day, rows, missing_rate, psi. */
export function monitorTable(name: string): string {
  return `${name.replaceAll(/[^A-Za-z0-9_]/g, "_")}_results`;
}

/**
 * The population stability index of each feature on each day: the sum over bins of (a − e) ln(a / e), where e is the
 * baseline's share of a bin and a the day's (Siddiqi, Credit Risk Scorecards, 2006). Bins are the baseline's tenths, or a
 * text's frequent values, and missing is one of its own; an empty bin counts as a share of 0.0001. Equal rows give equal results whatever the number
 * of threads: the tenths are exact or those of a sample by content, and sums are rounded to nine digits.
 */
export async function runMonitor(
  { lakehouse }: { readonly lakehouse: Lakehouse },
  request: MonitorRequest,
): Promise<MonitorResult> {
  const table = monitorTable(request.definition.name);
  const features = request.features.filter((feature) => !request.definition.except.includes(feature));
  const columns = (await lakehouse.table(request.baseline.table))?.columns ?? [];
  const texts = new Set(columns.filter(({ type }) => type === "string").map(({ name }) => name));
  const [kinds, numbers] = [features.filter((name) => texts.has(name)), features.filter((name) => !texts.has(name))];
  const bins = {
    tenths: await tenthsOf(lakehouse, { ...request.baseline, features: numbers }),
    kinds: await kindsOf(lakehouse, { ...request.baseline, features: kinds }),
  };
  const snapshot = await lakehouse.write({ table, select: stabilitySql(lakehouse, request, bins), mode: "replace" });
  return {
    table,
    snapshotId: snapshot.snapshotId,
    rows: snapshot.rowCount,
    alerts: await alertsOf(lakehouse, { table, rule: request.definition.alert }),
  };
}

async function alertsOf(
  lakehouse: Lakehouse,
  { table, rule }: { readonly table: string; readonly rule: AlertRule },
): Promise<readonly Alert[]> {
  const { rows } = await lakehouse.query(
    `SELECT feature, count(*), max(psi) FROM ${lakehouse.relation(table)} WHERE psi > ? AND rows >= ? GROUP BY feature HAVING count(*) >= ? ORDER BY 3 DESC`,
    { parameters: [rule.psiAbove, rule.minRows ?? 0, rule.days] },
  );
  return rows.map(([feature, days, psi]) => ({
    feature: typeof feature === "string" ? feature : "",
    days: Number(days),
    worstPsi: Number(psi),
  }));
}
