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
  const features = request.features.filter((feature) => !request.definition.except.includes(feature));
  const edges = await edgesOf(lakehouse, { baseline: request.baseline, features });
  const snapshot = await lakehouse.write({ table, select: stabilitySql(lakehouse, request, edges), mode: "replace" });
  return {
    table,
    snapshotId: snapshot.snapshotId,
    rows: snapshot.rowCount,
    alerts: await alertsOf(lakehouse, { table, rule: request.definition.alert }),
  };
}

/** A feature's cuts, as text; none for one that the baseline never has. */
type Edges = ReadonlyMap<string, readonly string[]>;

/** So many features' values lie in memory at one time: exact quantiles keep them all. */
const FEATURES_AT_ONCE = 8;

async function edgesOf(
  lakehouse: Lakehouse,
  { baseline, features }: Pick<MonitorRequest, "baseline" | "features">,
): Promise<Edges> {
  const edges = new Map<string, readonly string[]>();
  for (let first = 0; first < features.length; first += FEATURES_AT_ONCE) {
    const some = features.slice(first, first + FEATURES_AT_ONCE);
    const cuts = some.map((name) => `quantile_disc(${quoteName(name)}, [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9])`);
    const { rows } = await lakehouse.query(
      `SELECT ${cuts.join(", ")} FROM ${lakehouse.relation(baseline.table)} WHERE ${baseline.where}`,
    );
    some.forEach((name, index) => {
      const found = rows[0]?.[index];
      edges.set(name, Array.isArray(found) ? found.map(String) : []);
    });
  }
  return edges;
}

/** Every row's bin of every feature, counted in one pass over the baseline and one over the scored rows; then the sums. */
function stabilitySql(lakehouse: Lakehouse, { timestamp, baseline, current }: MonitorRequest, edges: Edges): string {
  const bins = [...edges].map(([feature, cuts]) => `${binSql(feature, cuts)} AS ${binName(feature)}`).join(", ");
  const names = [...edges.keys()].map(binName);
  const day = timestamp === undefined ? "NULL::date" : `date_trunc('day', ${quoteName(timestamp)})::date`;
  return `WITH binned AS (
      SELECT true AS is_baseline, NULL::date AS day, ${bins} FROM ${lakehouse.relation(baseline.table)} WHERE ${baseline.where}
      UNION ALL SELECT false, ${day}, ${bins} FROM ${lakehouse.relation(current.table)}
    ),
    grouped AS (SELECT is_baseline, day, ${names.join(", ")}, count(*) AS n FROM binned GROUP BY GROUPING SETS (${names.map((name) => `(is_baseline, day, ${name})`).join(", ")})),
    counts AS (SELECT is_baseline, day, substr(name, 2) AS feature, bin, n FROM grouped UNPIVOT (bin FOR name IN (${names.join(", ")}))),
    expected AS (SELECT feature, bin, n, sum(n) OVER (PARTITION BY feature) AS total FROM counts WHERE is_baseline),
    seen AS (SELECT feature, day, bin, n FROM counts WHERE NOT is_baseline),
    days AS (SELECT feature, day, sum(n) AS n, sum(n) FILTER (WHERE bin = -1) AS missing FROM seen GROUP BY feature, day),
    bins AS (SELECT feature, bin FROM expected UNION SELECT feature, bin FROM seen),
    shares AS (
      SELECT days.*, greatest(coalesce(expected.n / expected.total, 0), ${SHARE_MIN}) AS e, greatest(coalesce(seen.n, 0) / days.n, ${SHARE_MIN}) AS a
      FROM days JOIN bins USING (feature) LEFT JOIN expected USING (feature, bin)
      LEFT JOIN seen ON seen.feature = days.feature AND seen.day IS NOT DISTINCT FROM days.day AND seen.bin = bins.bin
    )
    SELECT feature, day, any_value(n)::bigint AS rows, (coalesce(any_value(missing), 0) / any_value(n))::double AS missing_rate, round(sum((a - e) * ln(a / e)), 9)::double AS psi
    FROM shares GROUP BY feature, day ORDER BY feature, day`;
}

/** -1 for missing, else how many of the cuts are below the value. */
function binSql(feature: string, cuts: readonly string[]): string {
  const value = quoteName(feature);
  const above = cuts.map((cut) => `(${value} > ${quoteText(cut)}::float)::tinyint`);
  return `(CASE WHEN ${value} IS NULL THEN -1 ELSE ${["0", ...above].join(" + ")} END)::tinyint`;
}

function binName(feature: string): string {
  return quoteName(`=${feature}`);
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
