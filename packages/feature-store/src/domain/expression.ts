/**
 * On-demand features are expressions as data: one text says what is computed, and both sides read it, SQL for the batch
 * and JavaScript for a request. Every number is a double and every time is microseconds since the epoch, also a double,
 * so that both give the same answer; a feature is rounded to float32 at its end. Missing stays missing.
 */
export type Expression =
  | { readonly op: "column"; readonly name: string }
  | { readonly op: "constant"; readonly value: number }
  | { readonly op: "plus" | "minus" | "times" | "over"; readonly left: Expression; readonly right: Expression }
  | { readonly op: "least" | "greatest" | "coalesce"; readonly items: readonly Expression[] }
  | { readonly op: "floor"; readonly value: Expression }
  | { readonly op: "modulo"; readonly value: Expression; readonly by: number };

const MINUTE_US = 60_000_000;
const DAY_US = 86_400_000_000;

/** A field of the request or a feature of the inputs, by its name. */
export function column(name: string): Expression {
  return { op: "column", name };
}

export function constant(value: number): Expression {
  return { op: "constant", value };
}

export function plus(left: Expression, right: Expression): Expression {
  return { op: "plus", left, right };
}

export function minus(left: Expression, right: Expression): Expression {
  return { op: "minus", left, right };
}

export function times(left: Expression, right: Expression): Expression {
  return { op: "times", left, right };
}

/** Division; by zero it is missing. */
export function over(left: Expression, right: Expression): Expression {
  return { op: "over", left, right };
}

/** The smallest of those that are there. */
export function least(...items: readonly Expression[]): Expression {
  return { op: "least", items };
}

/** The largest of those that are there. */
export function greatest(...items: readonly Expression[]): Expression {
  return { op: "greatest", items };
}

/** The first that is there. */
export function coalesce(...items: readonly Expression[]): Expression {
  return { op: "coalesce", items };
}

/** Missing stays missing. */
export function clip(value: Expression, { min, max }: { readonly min?: number; readonly max?: number }): Expression {
  // `least(missing, max)` would be max, so the bound itself is made missing with the value.
  const bound = (limit: number) => plus(times(value, constant(0)), constant(limit));
  const capped = max === undefined ? value : least(value, bound(max));
  return min === undefined ? capped : greatest(capped, bound(min));
}

/** Minutes from one time to a later one. */
export function minutesBetween(earlier: Expression, later: Expression): Expression {
  return over(minus(later, earlier), constant(MINUTE_US));
}

/** A time moved by a duration such as `7d`, `-15m` or `2h`. */
export function shift(time: Expression, duration: string): Expression {
  const sign = duration.startsWith("-") ? -1 : 1;
  return plus(time, constant(sign * durationMs(duration.replace(/^-/, "")) * 1_000));
}

/** A time moved by minutes that are themselves an expression. */
export function addMinutes(time: Expression, minutes: Expression): Expression {
  return plus(time, times(minutes, constant(MINUTE_US)));
}

/** Minutes since midnight, 0 to 1439. */
export function minuteOfDay(time: Expression): Expression {
  return { op: "modulo", value: { op: "floor", value: over(time, constant(MINUTE_US)) }, by: 1_440 };
}

/** Monday 1 to Sunday 7. */
export function isoDayOfWeek(time: Expression): Expression {
  // Day 0 of the epoch was a Thursday.
  const days: Expression = { op: "floor", value: over(time, constant(DAY_US)) };
  return plus({ op: "modulo", value: plus(days, constant(3)), by: 7 }, constant(1));
}

/** `90s`, `15m`, `2h`, `7d`, `4w` in milliseconds. */
export function durationMs(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(s|m|h|d|w)$/.exec(text);
  if (match === null) throw new Error(`${JSON.stringify(text)} is not a duration like 15m, 2h or 7d`);
  const unitMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
  return Number(match[1]) * (unitMs[match[2] ?? ""] ?? 0);
}

/** The names of the columns that an expression reads. */
export function columnsIn(expression: Expression): readonly string[] {
  switch (expression.op) {
    case "column":
      return [expression.name];
    case "constant":
      return [];
    case "floor":
    case "modulo":
      return columnsIn(expression.value);
    case "least":
    case "greatest":
    case "coalesce":
      return [...new Set(expression.items.flatMap(columnsIn))];
    default:
      return [...new Set([...columnsIn(expression.left), ...columnsIn(expression.right)])];
  }
}

/** The expression as SQL over doubles; `columnSql` gives a column as a double (a time as microseconds). */
export function expressionSql(expression: Expression, columnSql: (name: string) => string): string {
  const sql = (inner: Expression) => expressionSql(inner, columnSql);
  switch (expression.op) {
    case "column":
      return columnSql(expression.name);
    case "constant":
      return `${expression.value}::double`;
    case "plus":
      return `(${sql(expression.left)} + ${sql(expression.right)})`;
    case "minus":
      return `(${sql(expression.left)} - ${sql(expression.right)})`;
    case "times":
      return `(${sql(expression.left)} * ${sql(expression.right)})`;
    case "over":
      return `(${sql(expression.left)} / nullif(${sql(expression.right)}, 0))`;
    case "floor":
      return `floor(${sql(expression.value)})`;
    case "modulo": {
      const value = sql(expression.value);
      return `(${value} - ${expression.by}::double * floor(${value} / ${expression.by}::double))`;
    }
    default:
      return `${expression.op}(${expression.items.map(sql).join(", ")})`;
  }
}

/** The expression as a function over slots of a number array; NaN is missing. */
export function compileExpression(
  expression: Expression,
  slotOf: (name: string) => number,
): (slots: Float64Array) => number {
  const compile = (inner: Expression) => compileExpression(inner, slotOf);
  switch (expression.op) {
    case "column": {
      const slot = slotOf(expression.name);
      return (slots) => slots[slot] ?? Number.NaN;
    }
    case "constant": {
      const { value } = expression;
      return () => value;
    }
    case "floor": {
      const value = compile(expression.value);
      return (slots) => Math.floor(value(slots));
    }
    case "modulo": {
      const [value, by] = [compile(expression.value), expression.by];
      return (slots) => {
        const dividend = value(slots);
        return dividend - by * Math.floor(dividend / by);
      };
    }
    case "least":
    case "greatest":
    case "coalesce":
      return gather(expression.op, expression.items.map(compile));
    default:
      return arithmetic(expression.op, compile(expression.left), compile(expression.right));
  }
}

type Compiled = (slots: Float64Array) => number;

function gather(op: "least" | "greatest" | "coalesce", items: readonly Compiled[]): Compiled {
  return (slots) => {
    let result = Number.NaN;
    for (const item of items) {
      const value = item(slots);
      if (Number.isNaN(value)) continue;
      if (op === "coalesce") return value;
      if (Number.isNaN(result) || (op === "least" ? value < result : value > result)) result = value;
    }
    return result;
  };
}

function arithmetic(op: "plus" | "minus" | "times" | "over", left: Compiled, right: Compiled): Compiled {
  if (op === "plus") return (slots) => left(slots) + right(slots);
  if (op === "minus") return (slots) => left(slots) - right(slots);
  if (op === "times") return (slots) => left(slots) * right(slots);
  return (slots) => {
    const divisor = right(slots);
    return divisor === 0 ? Number.NaN : left(slots) / divisor;
  };
}
