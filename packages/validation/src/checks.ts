import type { ColumnOf, NameOf, TableReference, Tables } from "@millwright/kernel";
import { quoteName, quoteText, type Lakehouse, type QueryResult } from "@millwright/lakehouse";

interface Common {
  /** `error` (default) stops what depends on the table, `warning` does not. */
  readonly severity?: "error" | "warning";
  /** Looks only at the rows of this condition. */
  readonly where?: string;
}

export type Check<Column extends string = string> = Common &
  (
    | { readonly check: "row_count"; readonly min?: number; readonly max?: number }
    | { readonly check: "not_null"; readonly column: Column }
    | { readonly check: "unique"; readonly columns: readonly Column[] }
    | {
        readonly check: "between";
        readonly column: Column;
        readonly min?: number | string;
        readonly max?: number | string;
      }
    | { readonly check: "in_set"; readonly column: Column; readonly values: readonly (string | number)[] }
    | { readonly check: "matches"; readonly column: Column; readonly pattern: string }
    | { readonly check: "holds"; readonly name: string; readonly condition: string }
  );

export interface ChecksDefinition {
  readonly kind: "checks";
  readonly name: string;
  readonly table: TableReference;
  readonly checks: readonly Check[];
  /** Keep the rows that fail in the table `NAME_failures`, in the place of those of the last run. */
  readonly keepFailures?: boolean;
}

/**
 * Declares what must hold of a table.
 *
 * @example
 * ```ts
 * export const departuresHold = defineChecks({ name: "departures_hold", table: table("departures"), checks: [{ check: "not_null", column: "origin" }] });
 * ```
 */
export function defineChecks<const Name extends NameOf<Tables>>(options: {
  readonly name: string;
  readonly table: TableReference<Name>;
  readonly checks: readonly Check<ColumnOf<Name>>[];
  /** Keep the rows that fail in the table `NAME_failures`, in the place of those of the last run. */
  readonly keepFailures?: boolean;
}): ChecksDefinition {
  return { kind: "checks", ...options };
}

export interface CheckResult {
  readonly check: string;
  readonly severity: "error" | "warning";
  readonly passed: boolean;
  /** Rows that fail; for a row count, the rows there are. */
  readonly observed: number;
  readonly expected: string;
  readonly sample: QueryResult;
}

export interface ChecksReport {
  readonly name: string;
  readonly table: string;
  readonly passed: boolean;
  readonly results: readonly CheckResult[];
}

const SAMPLE_ROWS = 10;
const NO_ROWS: QueryResult = { columns: [], rows: [], truncated: false };

/** Runs all checks of a table: those that look at one row at a time in one pass, uniqueness apart. */
export async function runChecks(
  { lakehouse }: { readonly lakehouse: Lakehouse },
  definition: ChecksDefinition,
): Promise<ChecksReport> {
  const relation = lakehouse.relation(definition.table.name);
  const counts = await countFailures(lakehouse, { relation, checks: definition.checks });
  const results: CheckResult[] = [];
  for (const [index, check] of definition.checks.entries()) {
    const observed = counts[index] ?? 0;
    const passed =
      check.check === "row_count"
        ? observed >= (check.min ?? 0) && observed <= (check.max ?? Infinity)
        : observed === 0;
    const failing = failingRows(check, relation);
    const sample = passed || failing === undefined ? NO_ROWS : await lakehouse.query(failing, { maxRows: SAMPLE_ROWS });
    results.push({
      check: nameOf(check),
      severity: check.severity ?? "error",
      passed,
      observed,
      expected: expectationOf(check),
      sample,
    });
  }
  if (definition.keepFailures === true) await keepFailures(lakehouse, definition, results);
  const passed = results.every((result) => result.passed || result.severity === "warning");
  return { name: definition.name, table: definition.table.name, passed, results };
}

const KEPT_ROWS_MAX = 10_000;

/** The failing rows of each check, whole, with the check's name. None failing leaves the table empty. */
async function keepFailures(
  lakehouse: Lakehouse,
  { name, table, checks }: ChecksDefinition,
  results: readonly CheckResult[],
): Promise<void> {
  const relation = lakehouse.relation(table.name);
  const parts = checks.flatMap((check, index) => {
    if (results[index]?.passed === true || check.check === "row_count") return [];
    const rows =
      check.check === "unique"
        ? `SELECT * FROM ${relation} WHERE ${within(check, "true")} QUALIFY count(*) OVER (PARTITION BY ${check.columns.map(quoteName).join(", ")}) > 1`
        : (failingRows(check, relation) ?? "");
    return [`(SELECT ${quoteText(nameOf(check))} AS failed_check, * FROM (${rows}) LIMIT ${KEPT_ROWS_MAX})`];
  });
  const none = `SELECT NULL::varchar AS failed_check, * FROM ${relation} WHERE false`;
  await lakehouse.write({ table: `${name}_failures`, select: [none, ...parts].join(" UNION ALL "), mode: "replace" });
}

async function countFailures(
  lakehouse: Lakehouse,
  { relation, checks }: { readonly relation: string; readonly checks: readonly Check[] },
): Promise<readonly number[]> {
  const aggregates = checks.flatMap((check, index) => {
    const condition = check.check === "row_count" ? "true" : failCondition(check);
    return condition === undefined ? [] : [`count(*) FILTER (WHERE ${within(check, condition)}) AS c${index}`];
  });
  const counts = checks.map(() => 0);
  if (aggregates.length > 0) {
    const { columns, rows } = await lakehouse.query(`SELECT ${aggregates.join(", ")} FROM ${relation}`);
    columns.forEach(({ name }, column) => (counts[Number(name.slice(1))] = Number(rows[0]?.[column] ?? 0)));
  }
  for (const [index, check] of checks.entries()) {
    const failing = check.check === "unique" ? failingRows(check, relation) : undefined;
    if (failing === undefined) continue;
    const { rows } = await lakehouse.query(`SELECT coalesce(sum(rows_), 0) FROM (${failing})`);
    counts[index] = Number(rows[0]?.[0] ?? 0);
  }
  return counts;
}

/** The condition of a failing row; undefined for what is not seen in one row. */
function failCondition(check: Check): string | undefined {
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
    default:
      return undefined;
  }
}

function failingRows(check: Check, relation: string): string | undefined {
  if (check.check === "unique") {
    const columns = check.columns.map(quoteName).join(", ");
    return `SELECT ${columns}, count(*) AS rows_ FROM ${relation} WHERE ${within(check, "true")} GROUP BY ${columns} HAVING count(*) > 1`;
  }
  const condition = failCondition(check);
  return condition === undefined ? undefined : `SELECT * FROM ${relation} WHERE ${within(check, condition)}`;
}

function within({ where }: Common, condition: string): string {
  return where === undefined ? `(${condition})` : `(${where}) AND (${condition})`;
}

function literal(value: string | number): string {
  return typeof value === "number" ? String(value) : quoteText(value);
}

function nameOf(check: Check): string {
  if (check.check === "row_count") return "row_count";
  if (check.check === "unique") return `unique(${check.columns.join(", ")})`;
  return check.check === "holds" ? check.name : `${check.check}(${check.column})`;
}

function expectationOf(check: Check): string {
  switch (check.check) {
    case "row_count":
    case "between":
      return [
        check.min === undefined ? "" : `at least ${check.min}`,
        check.max === undefined ? "" : `at most ${check.max}`,
      ]
        .filter((side) => side !== "")
        .join(", ");
    case "in_set":
      return `one of ${check.values.join(", ")}`;
    case "matches":
      return check.pattern;
    case "holds":
      return check.condition;
    default:
      return "no failing row";
  }
}
