import { quoteName, quoteText, type Lakehouse } from "@millwright/lakehouse";

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
  readonly timestamp: string;
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

const SHARE_MIN = 0.0001;

/** The table of a monitor's results: feature, day, rows, missing_rate, psi. */
export function monitorTable(name: string): string {
  return `${name.replaceAll(/[^A-Za-z0-9_]/g, "_")}_results`;
}

/**
 * The population stability index of each feature on each day: the sum over bins of (a − e) ln(a / e), where e is the
 * baseline's share of a bin and a the day's (Siddiqi, Credit Risk Scorecards, 2006). Bins are the baseline's tenths, and
 * missing is one of its own; an empty bin counts as a share of 0.0001. Exact quantiles, and rounding to nine digits, make
 * equal rows give equal results whatever the number of threads.
 */
export async function runMonitor(
  { lakehouse }: { readonly lakehouse: Lakehouse },
  request: MonitorRequest,
): Promise<MonitorResult> {
  const table = monitorTable(request.definition.name);
  const select = request.features
    .filter((feature) => !request.definition.except.includes(feature))
    .map((feature) => `SELECT * FROM (${featureSql(lakehouse, request, feature)})`)
    .join(" UNION ALL ");
  const snapshot = await lakehouse.write({ table, select: `${select} ORDER BY feature, day`, mode: "replace" });
  return {
    table,
    snapshotId: snapshot.snapshotId,
    rows: snapshot.rowCount,
    alerts: await alertsOf(lakehouse, { table, rule: request.definition.alert }),
  };
}

function featureSql(lakehouse: Lakehouse, { timestamp, baseline, current }: MonitorRequest, feature: string): string {
  const value = `t.${quoteName(feature)}`;
  const binned = `CASE WHEN ${value} IS NULL THEN -1 ELSE len(list_filter(edges.cuts, edge -> edge < ${value})) END`;
  const base = `${lakehouse.relation(baseline.table)} AS t WHERE ${baseline.where}`;
  return `WITH edges AS (SELECT quantile_disc(${value}, [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]) AS cuts FROM ${base}),
    expected AS (SELECT ${binned} AS bin, count(*) AS n FROM (SELECT ${value} FROM ${base}) AS t, edges GROUP BY 1),
    seen AS (SELECT date_trunc('day', t.${quoteName(timestamp)})::date AS day, ${binned} AS bin, count(*) AS n FROM ${lakehouse.relation(current.table)} AS t, edges GROUP BY 1, 2),
    days AS (SELECT day, sum(n) AS n, sum(n) FILTER (WHERE bin = -1) AS missing FROM seen GROUP BY day),
    bins AS (SELECT bin FROM expected UNION SELECT bin FROM seen),
    shares AS (
      SELECT days.day, greatest(coalesce(expected.n, 0) / (SELECT sum(n) FROM expected), ${SHARE_MIN}) AS e, greatest(coalesce(seen.n, 0) / days.n, ${SHARE_MIN}) AS a
      FROM days CROSS JOIN bins LEFT JOIN expected USING (bin) LEFT JOIN seen ON seen.day = days.day AND seen.bin = bins.bin
    )
    SELECT ${quoteText(feature)} AS feature, shares.day, any_value(days.n)::bigint AS rows, (coalesce(any_value(days.missing), 0) / any_value(days.n))::double AS missing_rate, round(sum((a - e) * ln(a / e)), 9)::double AS psi
    FROM shares JOIN days USING (day) GROUP BY shares.day`;
}

async function alertsOf(
  lakehouse: Lakehouse,
  { table, rule }: { readonly table: string; readonly rule: AlertRule },
): Promise<readonly Alert[]> {
  const { rows } = await lakehouse.query(
    `SELECT feature, count(*), max(psi) FROM ${lakehouse.relation(table)} WHERE psi > ? GROUP BY feature HAVING count(*) >= ? ORDER BY 3 DESC`,
    { parameters: [rule.psiAbove, rule.days] },
  );
  return rows.map(([feature, days, psi]) => ({
    feature: typeof feature === "string" ? feature : "",
    days: Number(days),
    worstPsi: Number(psi),
  }));
}
