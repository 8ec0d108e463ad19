import { thresholdsOf } from "../engine/run/data-test.ts";
import { INTERNAL } from "../engine/macros.ts";
import { textOf } from "../engine/plain.ts";
import type { DbtProject, DbtTest } from "./lake-project.ts";
import { keepsFailures } from "./open-project.ts";

/** Whether a test's failures are one expression over its table's rows: the house's own `not_null` and `accepted_values`. */
export function isCountable(project: DbtProject, test: DbtTest): boolean {
  const { config, macros } = test.node;
  const attached = project.manifest.nodes.get(test.node.test?.attached ?? "");
  return (
    failureCount(test) !== undefined &&
    macros.every((macro) => macro.startsWith(`macro.${INTERNAL}.`)) &&
    attached !== undefined &&
    attached.config["materialized"] !== "ephemeral" &&
    textOf(config["fail_calc"], "count(*)") === "count(*)" &&
    (config["limit"] ?? null) === null &&
    !textOf(config["where"]).includes("{") &&
    !keepsFailures(test.node)
  );
}

/** One row with three values for each test: its failures, and whether its thresholds are reached. */
export function countSelect(tests: readonly DbtTest[], relation: string): string {
  const counts = tests.map((test, index) => `${failureCount(test) ?? "0"} AS c${index}`);
  const judged = tests.map(({ node }, index) => {
    const { warnIf, errorIf } = thresholdsOf(node);
    return `c${index}, c${index} ${warnIf}, c${index} ${errorIf}`;
  });
  return `SELECT ${judged.join(", ")} FROM (SELECT ${counts.join(", ")} FROM ${relation})`;
}

/** What dbt counts: rows without a value, and values that are not among those accepted, each once. */
function failureCount({ node: { test, config } }: DbtTest): string | undefined {
  if (test === undefined || test.namespace !== null) return undefined;
  const { column_name: column, values, quote = true } = test.arguments;
  if (typeof column !== "string" || column.includes("{")) return undefined;
  const where = textOf(config["where"]);
  const counted = (what: string, condition: string) =>
    `count(${what}) FILTER (WHERE ${where === "" ? "" : `(${where}) AND `}(${condition}))`;
  if (test.name === "not_null") return counted("*", `${column} IS NULL`);
  if (test.name !== "accepted_values" || !isPlain(values) || typeof quote !== "boolean") return undefined;
  const list = values.map((value) => (quote ? `'${value}'` : String(value)));
  return counted(`DISTINCT ${column}`, `${column} NOT IN (${list.join(", ")})`);
}

/** Values that stand in SQL as a template prints them, and none that is an expression. */
function isPlain(values: unknown): values is readonly (string | number)[] {
  return (
    Array.isArray(values) &&
    values.length > 0 &&
    values.every(
      (value) =>
        (typeof value === "string" && !/[{(]/.test(value)) || (typeof value === "number" && Number.isInteger(value)),
    )
  );
}
