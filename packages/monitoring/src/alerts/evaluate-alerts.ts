import { quoteName, quoteText, textOf, type Lakehouse } from "@millwright/lakehouse";
import type { AlertRule, FeatureMeasure, Measure } from "../define-monitor.ts";

/** A rule that holds of a feature, or of the answers. */
export interface StandingAlert {
  readonly rule: string;
  readonly on: Measure;
  readonly rows: "scored" | "served";
  /** Null where the rule is on the answers. */
  readonly feature: string | null;
  /** On so many days. */
  readonly days: number;
  readonly worst: number;
  readonly bound: number;
}

/** How a feature's measure is read off the results; `trained` are those of the rows that were learned from. */
const VALUES: Readonly<Record<FeatureMeasure, string>> = {
  stability: "seen.psi",
  missing: "seen.missing_rate - trained.missing_rate",
  range: "seen.out_of_range_rate",
  categories: "seen.new_category_rate",
  skew: "seen.skew_rate",
};

export interface ResultTables {
  /** Relations for FROM. */
  readonly features: string;
  readonly performance: string;
}

/** The alerts that stand, by what the tables of results say, the worst of each rule first. */
export async function evaluateAlerts(
  lakehouse: Lakehouse,
  { rules, tables }: { readonly rules: readonly AlertRule[]; readonly tables: ResultTables },
): Promise<readonly StandingAlert[]> {
  const found: StandingAlert[] = [];
  for (const rule of rules) {
    const { rows } = await lakehouse.query(ruleSql(rule, tables), { parameters: [boundOf(rule), rule.days] });
    for (const [source, feature, days, worst] of rows) {
      const rowsOf = textOf(source) === "served" ? "served" : "scored";
      const named = typeof feature === "string" ? feature : null;
      found.push({
        rule: rule.name,
        on: rule.on,
        rows: rowsOf,
        feature: named,
        days: Number(days),
        worst: Number(worst),
        bound: boundOf(rule),
      });
    }
  }
  return found;
}

function boundOf({ above, below }: AlertRule): number {
  return above ?? below ?? 0;
}

function ruleSql(rule: AlertRule, tables: ResultTables): string {
  const [compare, worst, order] = rule.above === undefined ? ["<", "min", "ASC"] : [">", "max", "DESC"];
  const rows = rule.rows === "any" ? "source IN ('scored', 'served')" : `source = ${quoteText(rule.rows)}`;
  return `WITH measured AS (${measuredSql(rule, tables)}),
    recent AS (SELECT *, dense_rank() OVER (PARTITION BY source ORDER BY day DESC) AS age FROM measured WHERE ${rows} AND rows >= ${rule.minRows})
    SELECT source, feature, count(*), ${worst}(value) FROM recent WHERE age <= ${rule.within} AND value ${compare} ?
    GROUP BY source, feature HAVING count(*) >= ? ORDER BY 4 ${order}, 2`;
}

function measuredSql({ on, features }: AlertRule, { features: results, performance }: ResultTables): string {
  if (!isOfFeature(on))
    return `SELECT source, NULL::varchar AS feature, day, rows, ${quoteName(on)} AS value FROM ${performance}`;
  const chosen = features === undefined ? "true" : `seen.feature IN (${["", ...features].map(quoteText).join(", ")})`;
  return `SELECT seen.source, seen.feature, seen.day, seen.rows, ${VALUES[on]} AS value FROM ${results} AS seen
    JOIN ${results} AS trained ON trained.feature = seen.feature AND trained.source = 'training' WHERE seen.source <> 'training' AND ${chosen}`;
}

function isOfFeature(on: Measure): on is FeatureMeasure {
  return on in VALUES;
}
