import { isMeasure } from "./check-sql.ts";
import type { Check, MeasureCheck, RowCheck, Threshold } from "./define-checks.ts";

/** What was counted for one check. */
export interface Counted {
  /** The failing rows, or the number that was measured; null where there was none to measure. */
  readonly observed: number | null;
  /** The rows that were looked at. */
  readonly rows: number;
}

export interface Verdict {
  readonly passed: boolean;
  /** What it means that it did not pass; the declared severity when it did. */
  readonly severity: "error" | "warning";
}

export function judge(check: Check, counted: Counted): Verdict {
  const severity = check.severity ?? "error";
  if (isMeasure(check)) return { passed: isWithin(check, counted.observed), severity };
  const isBad = !passesMostly(check, counted);
  const { warnIf, errorIf } = check;
  const isError =
    errorIf === undefined ? warnIf === undefined && severity === "error" && isBad : meets(errorIf, counted);
  if (isError) return { passed: false, severity: "error" };
  const isWarning = warnIf === undefined ? isBad : meets(warnIf, counted);
  return { passed: !isWarning, severity: isWarning ? "warning" : severity };
}

function isWithin({ min = -Infinity, max = Infinity }: MeasureCheck, observed: number | null): boolean {
  return observed !== null && observed >= min && observed <= max;
}

function passesMostly({ mostly = 1 }: RowCheck, { observed, rows }: Counted): boolean {
  const failing = observed ?? 0;
  return mostly === 1 ? failing === 0 : rows === 0 || (rows - failing) / rows >= mostly;
}

function meets(threshold: Threshold, { observed, rows }: Counted): boolean {
  const [, operator = "", number = "", percent = ""] = /^([<>=!]+)\s*([\d.]+)(%?)$/.exec(threshold) ?? [];
  const failing = observed ?? 0;
  const value = percent === "" ? failing : rows === 0 ? 0 : (failing / rows) * 100;
  const bound = Number(number);
  if (operator === ">") return value > bound;
  if (operator === ">=") return value >= bound;
  if (operator === "<") return value < bound;
  if (operator === "<=") return value <= bound;
  return operator === "=" ? value === bound : value !== bound;
}

/** A check's name in its definition: what it is and of which columns. */
export function nameOf(check: Check): string {
  if (check.check === "row_count") return "row_count";
  if (check.check === "unique") return `unique(${check.columns.join(", ")})`;
  if (check.check === "quantile") return `quantile(${check.column}, ${check.quantile})`;
  return check.check === "holds" ? check.name : `${check.check}(${check.column})`;
}

export function expectationOf(check: Check): string {
  const [rule, ...exceptions] = [ruleOf(check), ...(isMeasure(check) ? [] : exceptionsOf(check))];
  return exceptions.length === 0 ? rule : `${rule}; ${exceptions.join(", ")}`;
}

function ruleOf(check: Check): string {
  switch (check.check) {
    case "in_set":
      return `one of ${check.values.join(", ")}`;
    case "matches":
      return check.pattern;
    case "holds":
      return check.condition;
    case "not_null":
    case "unique":
      return "no failing row";
    default:
      return sidesOf(check) || "any value";
  }
}

function sidesOf({ min, max }: { readonly min?: number | string; readonly max?: number | string }): string {
  const sides = [min === undefined ? "" : `at least ${min}`, max === undefined ? "" : `at most ${max}`];
  return sides.filter((side) => side !== "").join(", ");
}

function exceptionsOf({ mostly, warnIf, errorIf }: RowCheck): readonly string[] {
  return [
    ...(mostly === undefined ? [] : [`in ${Number((mostly * 100).toFixed(6))}% of the rows`]),
    ...(warnIf === undefined ? [] : [`a warning if ${warnIf}`]),
    ...(errorIf === undefined ? [] : [`an error if ${errorIf}`]),
  ];
}
