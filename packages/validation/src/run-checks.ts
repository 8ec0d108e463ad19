import { quoteText, type Lakehouse, type QueryResult } from "@millwright/lakehouse";
import { aggregatesOf, failingRows, isCostly, isMeasure, repeatedRows } from "./check-sql.ts";
import type { Check, ChecksDefinition } from "./define-checks.ts";
import { expectationOf, judge, nameOf, type Counted } from "./judge.ts";

export interface CheckResult {
  readonly check: string;
  readonly severity: "error" | "warning";
  readonly passed: boolean;
  /** Rows that fail; of a measure, its value, 0 where there was none. */
  readonly observed: number;
  readonly unit: "rows" | "value";
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

/** Runs all checks of a table: what is counted row by row in one pass, uniqueness, distinct values and quantiles apart. */
export async function runChecks(
  { lakehouse }: { readonly lakehouse: Pick<Lakehouse, "relation" | "query" | "write"> },
  definition: ChecksDefinition,
): Promise<ChecksReport> {
  const relation = lakehouse.relation(definition.table.name);
  const counts = await countAll(lakehouse, { relation, checks: definition.checks });
  const results: CheckResult[] = [];
  for (const [index, check] of definition.checks.entries()) {
    const counted = counts.get(index) ?? { observed: null, rows: 0 };
    const verdict = judge(check, counted);
    const failing = verdict.passed ? undefined : sampleRows(check, relation);
    results.push({
      check: nameOf(check),
      ...verdict,
      observed: counted.observed ?? 0,
      unit: isMeasure(check) && check.check !== "row_count" ? "value" : "rows",
      expected: expectationOf(check),
      sample: failing === undefined ? NO_ROWS : await lakehouse.query(failing, { maxRows: SAMPLE_ROWS }),
    });
  }
  if (definition.keepFailures === true) await keepFailures(lakehouse, definition, results);
  const passed = results.every((result) => result.passed || result.severity === "warning");
  return { name: definition.name, table: definition.table.name, passed, results };
}

function sampleRows(check: Check, relation: string): string | undefined {
  if (isMeasure(check)) return undefined;
  return check.check === "unique" ? repeatedRows(check, relation) : failingRows(check, relation);
}

interface Counting {
  readonly relation: string;
  readonly checks: readonly Check[];
}

type Counts = ReadonlyMap<number, Counted>;

async function countAll(lakehouse: Pick<Lakehouse, "query">, { relation, checks }: Counting): Promise<Counts> {
  const all = checks.map((check, index) => ({ check, index }));
  const counts = new Map(
    await countTogether(lakehouse, { relation, checks: all.filter(({ check }) => !isCostly(check)) }),
  );
  for (const { check, index } of all) {
    if (!isCostly(check)) continue;
    const own =
      check.check === "unique"
        ? [[index, await countRepeated(lakehouse, { relation, check })] as const]
        : await countTogether(lakehouse, { relation, checks: [{ check, index }] });
    for (const [at, counted] of own) counts.set(at, counted);
  }
  return counts;
}

interface Indexed {
  readonly check: Check;
  readonly index: number;
}

/** One statement for all of these; what two of them count alike is counted once. */
async function countTogether(
  lakehouse: Pick<Lakehouse, "query">,
  { relation, checks }: { readonly relation: string; readonly checks: readonly Indexed[] },
): Promise<Counts> {
  const asked = checks.flatMap(({ check, index }) => {
    const aggregates = aggregatesOf(check);
    return aggregates === undefined ? [] : [{ index, ...aggregates }];
  });
  const expressions = [...new Set(asked.flatMap(({ observed, rows }) => [observed, rows]))];
  if (expressions.length === 0) return new Map();
  const { rows } = await lakehouse.query(`SELECT ${expressions.join(", ")} FROM ${relation}`);
  const [values = []] = rows;
  const at = (expression: string) => {
    const value = values[expressions.indexOf(expression)] ?? null;
    return value === null ? null : Number(value);
  };
  return new Map(asked.map((one) => [one.index, { observed: at(one.observed), rows: at(one.rows) ?? 0 }]));
}

async function countRepeated(
  lakehouse: Pick<Lakehouse, "query">,
  { relation, check }: { readonly relation: string; readonly check: Extract<Check, { check: "unique" }> },
): Promise<Counted> {
  const rows = `SELECT count(*) FROM ${relation}${check.where === undefined ? "" : ` WHERE ${check.where}`}`;
  const { rows: answer } = await lakehouse.query(
    `SELECT coalesce(sum(rows_), 0), (${rows}) FROM (${repeatedRows(check, relation)})`,
  );
  const [[observed = 0, all = 0] = []] = answer;
  return { observed: Number(observed), rows: Number(all) };
}

const KEPT_ROWS_MAX = 10_000;

/** The failing rows of each check, whole, with the check's name. None failing leaves the table empty. */
async function keepFailures(
  lakehouse: Pick<Lakehouse, "relation" | "write">,
  { name, table, checks }: ChecksDefinition,
  results: readonly CheckResult[],
): Promise<void> {
  const relation = lakehouse.relation(table.name);
  const parts = checks.flatMap((check, index) => {
    const rows = results[index]?.passed === true ? undefined : failingRows(check, relation);
    if (rows === undefined) return [];
    return [`(SELECT ${quoteText(nameOf(check))} AS failed_check, * FROM (${rows}) LIMIT ${KEPT_ROWS_MAX})`];
  });
  const none = `SELECT NULL::varchar AS failed_check, * FROM ${relation} WHERE false`;
  await lakehouse.write({ table: `${name}_failures`, select: [none, ...parts].join(" UNION ALL "), mode: "replace" });
}
