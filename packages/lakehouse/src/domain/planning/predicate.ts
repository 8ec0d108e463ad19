import type { Range } from "./ranges.ts";
import { compareValues, startsWith, afterPrefix, type PlanValue } from "./values.ts";

/** One column of one place in the statement where a table is read. */
export interface PlanColumn {
  /** Which place. */
  readonly table: number;
  readonly fieldId: number;
  /** An Iceberg primitive. */
  readonly type: string;
  /** An outer join may put NULL in the place of the column's own values. */
  readonly isNullable: boolean;
}

/** What is done to a column's values before they are compared: never turns their order round, keeps NULL. */
export type Monotone = (value: PlanValue) => PlanValue;

export type Operator = "=" | "!=" | "<" | "<=" | ">" | ">=";

/** What must hold of a row for a condition to be true: `anything` where more is asked than can be told from statistics. */
export type Predicate =
  | { readonly kind: "anything" }
  | { readonly kind: "never" }
  | { readonly kind: "and"; readonly parts: readonly Predicate[] }
  | { readonly kind: "or"; readonly parts: readonly Predicate[] }
  | ({ readonly kind: "compare"; readonly operator: Operator } & Comparison)
  | { readonly kind: "null" | "not-null"; readonly column: PlanColumn }
  | {
      readonly kind: "prefix" | "not-prefix";
      readonly column: PlanColumn;
      readonly prefix: Uint8Array;
    };

interface Comparison {
  readonly column: PlanColumn;
  readonly through?: Monotone;
  readonly value: PlanValue;
}

export const WHATEVER: Predicate = { kind: "anything" };
export const NEVER: Predicate = { kind: "never" };

export function and(parts: readonly Predicate[]): Predicate {
  const asked = parts.filter(({ kind }) => kind !== "anything");
  if (asked.some(({ kind }) => kind === "never")) return NEVER;
  return asked.length > 1 ? { kind: "and", parts: asked } : (asked[0] ?? WHATEVER);
}

export function or(parts: readonly Predicate[]): Predicate {
  const possible = parts.filter(({ kind }) => kind !== "never");
  if (possible.some(({ kind }) => kind === "anything")) return WHATEVER;
  return possible.length > 1 ? { kind: "or", parts: possible } : (possible[0] ?? NEVER);
}

/** What a predicate asks of one place alone. */
export function ofTable(predicate: Predicate, table: number): Predicate {
  if (predicate.kind === "and") return and(predicate.parts.map((part) => ofTable(part, table)));
  if (predicate.kind === "or") return or(predicate.parts.map((part) => ofTable(part, table)));
  if (predicate.kind === "anything" || predicate.kind === "never") return predicate;
  return predicate.column.table === table ? predicate : WHATEVER;
}

export function columnsOf(predicate: Predicate): readonly PlanColumn[] {
  if (predicate.kind === "and" || predicate.kind === "or") return predicate.parts.flatMap(columnsOf);
  return "column" in predicate ? [predicate.column] : [];
}

/** Whether a row of these ranges may fulfil it. False is certain. */
export function mayHold(predicate: Predicate, rangeOf: (column: PlanColumn) => Range): boolean {
  switch (predicate.kind) {
    case "anything":
      return true;
    case "never":
      return false;
    case "and":
      return predicate.parts.every((part) => mayHold(part, rangeOf));
    case "or":
      return predicate.parts.some((part) => mayHold(part, rangeOf));
    case "null":
      return rangeOf(predicate.column).mayBeNull;
    case "not-null": {
      const range = rangeOf(predicate.column);
      return range.mayHaveValue || range.mayBeNaN;
    }
    case "compare":
      return mayCompare(predicate, rangeOf(predicate.column));
    default:
      return mayBegin(predicate.kind === "prefix", predicate.prefix, rangeOf(predicate.column));
  }
}

/** The SQL engine has NaN above all numbers, and equal to itself. */
const HOLDS_OF_NAN: ReadonlySet<Operator> = new Set([">", ">=", "!="]);

function mayCompare({ operator, value, through }: Comparison & { readonly operator: Operator }, range: Range): boolean {
  if (range.mayBeNaN && HOLDS_OF_NAN.has(operator)) return true;
  if (!range.mayHaveValue) return false;
  const seen = (bound: PlanValue | undefined) =>
    bound === undefined ? undefined : compareValues(through === undefined ? bound : through(bound), value);
  const lower = seen(range.lower);
  const upper = seen(range.upper);
  if (lower !== undefined && upper !== undefined && lower > upper) return false;
  switch (operator) {
    case "=":
      if ((lower ?? 0) > 0 || (upper ?? 0) < 0) return false;
      return through !== undefined || (range.admits?.(value) ?? true);
    case "!=":
      return lower !== 0 || upper !== 0;
    case "<":
      return (lower ?? -1) < 0;
    case "<=":
      return (lower ?? -1) <= 0;
    case ">":
      return (upper ?? 1) > 0;
    case ">=":
      return (upper ?? 1) >= 0;
  }
}

function mayBegin(asked: boolean, prefix: Uint8Array, { mayHaveValue, lower, upper }: Range): boolean {
  if (!mayHaveValue) return false;
  if (lower instanceof Uint8Array && upper instanceof Uint8Array && !asked)
    return !(startsWith(lower, prefix) && startsWith(upper, prefix));
  if (!asked) return true;
  const after = afterPrefix(prefix);
  if (lower instanceof Uint8Array && after !== undefined && Buffer.compare(lower, after) >= 0) return false;
  return !(upper instanceof Uint8Array) || Buffer.compare(upper, prefix) >= 0;
}
