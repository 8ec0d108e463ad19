import { quoteName, quoteText } from "@millwright/lakehouse";
import type { Check, MeasureCheck, RowCheck } from "./define-checks.ts";

/** What one check asks of its table, as expressions of one aggregate query. */
export interface Aggregates {
  /** The failing rows, or the number that is measured. */
  readonly observed: string;
  /** The rows that are looked at. */
  readonly rows: string;
}

export function isMeasure(check: Check): check is MeasureCheck {
  return ["row_count", "mean", "sum", "standard_deviation", "distinct_count", "quantile"].includes(check.check);
}

/** Whether a check keeps every value it sees until the end: it goes in a statement of its own. */
export function isCostly({ check }: Check): boolean {
  return check === "unique" || check === "distinct_count" || check === "quantile";
}

/** What is counted in a pass over the rows; undefined for uniqueness, which is not seen in one row. */
export function aggregatesOf(check: Check): Aggregates | undefined {
  if (isMeasure(check)) {
    const measured = measureOf(check);
    const filter = check.where === undefined ? "" : ` FILTER (WHERE ${check.where})`;
    return { observed: `${measured}${filter}`, rows: countWhere(check, []) };
  }
  const condition = failCondition(check);
  return condition === undefined
    ? undefined
    : { observed: countWhere(check, [condition]), rows: countWhere(check, seenCondition(check)) };
}

function countWhere({ where }: Pick<Check, "where">, conditions: readonly string[]): string {
  const all = [...(where === undefined ? [] : [where]), ...conditions];
  return all.length === 0 ? "count(*)" : `count(*) FILTER (WHERE ${all.map((one) => `(${one})`).join(" AND ")})`;
}

function measureOf(check: MeasureCheck): string {
  if (check.check === "row_count") return "count(*)";
  const column = quoteName(check.column);
  switch (check.check) {
    case "mean":
      return `avg(${column})`;
    case "sum":
      return `sum(${column})`;
    case "standard_deviation":
      return `stddev_samp(${column})`;
    case "distinct_count":
      return `count(DISTINCT ${column})`;
    case "quantile":
      return `quantile_cont(${column}, ${check.quantile})`;
  }
}

/** Of the rows without a value only some checks say anything. */
function seenCondition(check: RowCheck): readonly string[] {
  if (check.check === "not_null" || check.check === "unique" || check.check === "holds") return [];
  return [`${quoteName(check.column)} IS NOT NULL`];
}

/** The condition of a failing row; undefined for what is not seen in one row. */
function failCondition(check: RowCheck): string | undefined {
  switch (check.check) {
    case "not_null":
      return `${quoteName(check.column)} IS NULL`;
    case "between": {
      const column = quoteName(check.column);
      const sides = [
        check.min === undefined ? [] : [`${column} < ${literal(check.min)}`],
        check.max === undefined ? [] : [`${column} > ${literal(check.max)}`],
      ];
      return sides.flat().join(" OR ") || "false";
    }
    case "in_set":
      return `${quoteName(check.column)} NOT IN (${check.values.map(literal).join(", ")})`;
    case "matches":
      return `NOT regexp_matches(${quoteName(check.column)}::varchar, ${quoteText(check.pattern)})`;
    case "holds":
      return `NOT coalesce((${check.condition}), false)`;
    case "unique":
      return undefined;
  }
}

/** Rows that share their values with others, with how many they are. */
export function repeatedRows(check: Extract<RowCheck, { check: "unique" }>, relation: string): string {
  const columns = check.columns.map(quoteName).join(", ");
  return `SELECT ${columns}, count(*) AS rows_ FROM ${relation}${whereOf(check)} GROUP BY ${columns} HAVING count(*) > 1`;
}

/** The failing rows of a check, whole; undefined for what is measured of all rows. */
export function failingRows(check: Check, relation: string): string | undefined {
  if (isMeasure(check)) return undefined;
  if (check.check === "unique")
    return `SELECT * FROM ${relation}${whereOf(check)} QUALIFY count(*) OVER (PARTITION BY ${check.columns.map(quoteName).join(", ")}) > 1`;
  return `SELECT * FROM ${relation}${whereOf(check, failCondition(check))}`;
}

function whereOf({ where }: Pick<Check, "where">, condition?: string): string {
  const all = [where, condition].filter((one) => one !== undefined);
  return all.length === 0 ? "" : ` WHERE ${all.map((one) => `(${one})`).join(" AND ")}`;
}

function literal(value: string | number): string {
  return typeof value === "number" ? String(value) : quoteText(value);
}
