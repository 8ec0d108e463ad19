import type { Constant } from "./constants.ts";
import { walk, type SqlExpression } from "./sql-tree.ts";

/** Whose value is the same for all rows of a statement, and whenever it is asked. */
const FIXED: ReadonlySet<string> = new Set(
  "+ - * / trunc to_years to_months to_weeks to_days to_hours to_minutes to_seconds date_trunc datetrunc make_date make_timestamp strptime last_day lower upper concat ||".split(
    " ",
  ),
);

/** What only grows while a statement waits. */
const MOMENTS: ReadonlySet<string> = new Set(
  "now current_date today current_timestamp get_current_timestamp transaction_timestamp current_localtimestamp localtimestamp".split(
    " ",
  ),
);

/** A value that the engine is asked for before the statement: one of the present moment will have grown by then. */
export interface Folded extends Constant {
  readonly isMoving: boolean;
}

/** The expressions beside which a condition may be of use once their value is known. */
export function foldablesIn(tree: unknown): readonly SqlExpression[] {
  const found: SqlExpression[] = [];
  walk(tree, (one) => {
    const { class: kind, type } = one as unknown as SqlExpression;
    const isCompared =
      kind === "COMPARISON" || kind === "BETWEEN" || type === "COMPARE_IN" || type === "COMPARE_NOT_IN";
    if (isCompared) found.push(...comparedIn(one as unknown as SqlExpression).filter(isWorthAsking));
    return true;
  });
  return found;
}

function comparedIn({ left, right, lower, upper, children = [] }: SqlExpression): readonly SqlExpression[] {
  return [left, right, lower, upper, ...children].filter((one) => one !== undefined);
}

function isWorthAsking(expression: SqlExpression): boolean {
  return expression.class !== "CONSTANT" && movementOf(expression) !== undefined;
}

/** Whether an expression has one value, and whether that grows; undefined for what depends on rows, or is not known. */
export function movementOf(expression: SqlExpression): "fixed" | "moving" | undefined {
  const { class: kind, function_name: name = "", children = [], child, column_names: names = [] } = expression;
  if (kind === "CONSTANT") return "fixed";
  if (kind === "CAST" && child !== undefined) return movementOf(child);
  if (kind === "COLUMN_REF" && names.length === 1 && MOMENTS.has((names[0] ?? "").toLowerCase())) return "moving";
  if (kind !== "FUNCTION") return undefined;
  if (MOMENTS.has(name) && children.length === 0) return "moving";
  if (!FIXED.has(name)) return undefined;
  const parts = children.map(movementOf);
  if (parts.includes(undefined)) return undefined;
  if (!parts.includes("moving")) return "fixed";
  // It grows with the moment where that is what is added to or cut off, not what is taken away.
  const place = name.startsWith("date") ? 1 : 0;
  const others = parts.filter((_, index) => index !== place);
  return ["+", "-", "date_trunc", "datetrunc"].includes(name) && parts[place] === "moving" && !others.includes("moving")
    ? "moving"
    : undefined;
}

const TYPES: Readonly<Record<string, string>> = {
  date: "DATE",
  timestamp: "TIMESTAMP",
  timestamptz: "TIMESTAMP WITH TIME ZONE",
  int: "INTEGER",
  long: "BIGINT",
  double: "DOUBLE",
  string: "VARCHAR",
  boolean: "BOOLEAN",
};

/** A value as the engine answered it, as a constant. Undefined for types that are not held against statistics. */
export function constantOf(type: string, value: unknown): Constant | undefined {
  const decimal = /^decimal\((\d+),\s*(\d+)\)$/.exec(type);
  if (decimal !== null) {
    const info = { width: Number(decimal[1]), scale: Number(decimal[2]) };
    const unscaled =
      typeof value === "string" && /^-?\d+(?:\.\d+)?$/.test(value) ? BigInt(value.replace(".", "")) : null;
    return { type: { id: "DECIMAL", type_info: info }, value: unscaled };
  }
  const id = TYPES[type];
  const isPlain = value === null || ["string", "number", "bigint", "boolean"].includes(typeof value);
  return id === undefined || !isPlain ? undefined : { type: { id }, value: value as Constant["value"] };
}
