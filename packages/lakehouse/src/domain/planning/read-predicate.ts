import { boundOf, togetherWith, type Constant } from "./constants.ts";
import type { Folded } from "./foldable.ts";
import {
  and,
  NEVER,
  or,
  WHATEVER,
  type Monotone,
  type Operator,
  type PlanColumn,
  type Predicate,
} from "./predicate.ts";
import type { SqlExpression } from "./sql-tree.ts";
import { bytesOf } from "./values.ts";

/** What the names and parameters of a condition stand for. */
export interface Names {
  /** Undefined for what is no column of a table, or not for certain. */
  column(names: readonly string[]): PlanColumn | undefined;
  /** Undefined where the caller has given none. */
  parameter(identifier: string): Constant | Constant["value"] | undefined;
  /** The value of an expression without columns, where the engine has been asked for it. */
  folded(expression: SqlExpression): Folded | undefined;
}

const COMPARISONS: Readonly<Record<string, Operator>> = {
  COMPARE_EQUAL: "=",
  COMPARE_NOTEQUAL: "!=",
  COMPARE_LESSTHAN: "<",
  COMPARE_LESSTHANOREQUALTO: "<=",
  COMPARE_GREATERTHAN: ">",
  COMPARE_GREATERTHANOREQUALTO: ">=",
};
const OPPOSITE: Readonly<Record<Operator, Operator>> = {
  "=": "!=",
  "!=": "=",
  "<": ">=",
  "<=": ">",
  ">": "<=",
  ">=": "<",
};
const MIRRORED: Readonly<Record<Operator, Operator>> = {
  "=": "=",
  "!=": "!=",
  "<": ">",
  "<=": ">=",
  ">": "<",
  ">=": "<=",
};

/** What must hold of a row for a condition to be true, or, when it is denied, to be false. */
export function readPredicate(condition: SqlExpression, names: Names, isDenied = false): Predicate {
  const { type, children = [] } = condition;
  switch (type) {
    case "CONJUNCTION_AND":
    case "CONJUNCTION_OR": {
      const parts = children.map((child) => readPredicate(child, names, isDenied));
      return (type === "CONJUNCTION_AND") === isDenied ? or(parts) : and(parts);
    }
    case "OPERATOR_NOT":
      return children[0] === undefined ? WHATEVER : readPredicate(children[0], names, !isDenied);
    case "OPERATOR_IS_NULL":
    case "OPERATOR_IS_NOT_NULL":
      return nullTest((type === "OPERATOR_IS_NULL") !== isDenied, children[0], names);
    case "COMPARE_IN":
    case "COMPARE_NOT_IN":
      return membership((type === "COMPARE_IN") !== isDenied, children, names);
    case "COMPARE_BETWEEN":
      return between(condition, names, isDenied);
    case "COMPARE_DISTINCT_FROM":
    case "COMPARE_NOT_DISTINCT_FROM":
      return distinct((type === "COMPARE_DISTINCT_FROM") !== isDenied, condition, names);
    case "FUNCTION":
      return begins(condition, names, isDenied);
    case "COLUMN_REF": {
      const column = columnIn(condition, names);
      return column?.type === "boolean"
        ? { kind: "compare", column, operator: "=", value: isDenied ? 0 : 1 }
        : WHATEVER;
    }
    default: {
      const operator = COMPARISONS[type];
      if (operator === undefined) return WHATEVER;
      return comparison(isDenied ? OPPOSITE[operator] : operator, condition, names);
    }
  }
}

function comparison(operator: Operator, { left, right }: SqlExpression, names: Names): Predicate {
  const direct = compared(operator, left, right, names);
  return direct.kind === "anything" ? compared(MIRRORED[operator], right, left, names) : direct;
}

function compared(
  operator: Operator,
  own: SqlExpression | undefined,
  other: SqlExpression | undefined,
  names: Names,
): Predicate {
  const term = own === undefined ? undefined : termIn(own, names);
  if (term === undefined || other === undefined) return WHATEVER;
  const constant = constantIn(other, term.type, names);
  return constant === undefined ? WHATEVER : comparedTo(operator, term, constant);
}

function comparedTo(operator: Operator, term: Term, constant: Constant): Predicate {
  // Nothing is equal to NULL, nor less, nor other than it.
  if (constant.value === null) return NEVER;
  const bound = boundOf(term.type, constant);
  // What will have grown when the statement runs leaves at most fewer rows there.
  const isSafe = !("isMoving" in constant && constant.isMoving === true) || operator === ">" || operator === ">=";
  if (bound === undefined || !isSafe) return WHATEVER;
  const through = composed(term.through, bound.through);
  return { kind: "compare", column: term.column, operator, value: bound.value, ...(through ? { through } : {}) };
}

function composed(first: Monotone | undefined, then: Monotone | undefined): Monotone | undefined {
  if (first === undefined || then === undefined) return first ?? then;
  return (value) => then(first(value));
}

function nullTest(isNull: boolean, expression: SqlExpression | undefined, names: Names): Predicate {
  const column = expression === undefined ? undefined : columnIn(expression, names);
  return column === undefined ? WHATEVER : { kind: isNull ? "null" : "not-null", column };
}

function membership(isIn: boolean, [own, ...others]: readonly SqlExpression[], names: Names): Predicate {
  const each = comparedTogether(
    own,
    others.map((other) => [isIn ? "=" : "!=", other] as const),
    names,
  );
  return isIn ? or(each) : and(each);
}

function between({ input, lower, upper }: SqlExpression, names: Names, isDenied: boolean): Predicate {
  const bounds = [[isDenied ? "<" : ">=", lower] as const, [isDenied ? ">" : "<=", upper] as const];
  const parts = comparedTogether(input, bounds, names);
  return isDenied ? or(parts) : and(parts);
}

/** Comparisons of one statement's part, which the engine makes in one type: that of its widest value. */
function comparedTogether(
  own: SqlExpression | undefined,
  others: readonly (readonly [Operator, SqlExpression | undefined])[],
  names: Names,
): readonly Predicate[] {
  const term = own === undefined ? undefined : termIn(own, names);
  if (term === undefined) return others.map(() => WHATEVER);
  const constants = others.map(([, other]) => other && constantIn(other, term.type, names));
  const inOneType = togetherWith(term.type, constants);
  return others.map(([operator], at) => {
    const constant = inOneType[at];
    return constant === undefined ? WHATEVER : comparedTo(operator, term, constant);
  });
}

/** `IS [NOT] DISTINCT FROM`: NULL is a value like another. */
function distinct(isDistinct: boolean, { left, right }: SqlExpression, names: Names): Predicate {
  const column = left === undefined ? undefined : columnIn(left, names);
  const constant = right === undefined || column === undefined ? undefined : constantIn(right, column.type, names);
  if (column === undefined || constant === undefined) return WHATEVER;
  if (constant.value === null) return { kind: isDistinct ? "not-null" : "null", column };
  const other = compared(isDistinct ? "!=" : "=", left, right, names);
  return isDistinct ? or([other, { kind: "null", column }]) : other;
}

/** `LIKE 'abc%'`, `starts_with(column, 'abc')` and their like. */
function begins(
  { function_name: name = "", children = [] }: SqlExpression,
  names: Names,
  isDenied: boolean,
): Predicate {
  const [own, other] = children;
  const column = own === undefined ? undefined : columnIn(own, names);
  const text = other === undefined ? undefined : constantIn(other, "string", names)?.value;
  if (column?.type !== "string" || typeof text !== "string" || children.length !== 2) return WHATEVER;
  if (name === "~~" || name === "!~~") return like(column, text, (name === "~~") !== isDenied);
  if (!["starts_with", "prefix", "^@"].includes(name)) return WHATEVER;
  return { kind: isDenied ? "not-prefix" : "prefix", column, prefix: bytesOf(text) };
}

function like(column: PlanColumn, pattern: string, isAsked: boolean): Predicate {
  const plain = /^[^%_]*/.exec(pattern)?.[0] ?? "";
  const prefix = bytesOf(plain);
  const rest = pattern.slice(plain.length);
  if (isAsked) return { kind: "prefix", column, prefix };
  // What begins so may still not be like a pattern that asks for more.
  return rest !== "" && /^%+$/.test(rest) ? { kind: "not-prefix", column, prefix } : WHATEVER;
}

interface Term {
  readonly column: PlanColumn;
  /** Of what is compared: the column's, or what it is cast to. */
  readonly type: string;
  readonly through?: Monotone;
}

function columnIn(expression: SqlExpression, names: Names): PlanColumn | undefined {
  return expression.type === "COLUMN_REF" ? names.column(expression.column_names ?? []) : undefined;
}

/** A column, or a function of one that keeps the order of its values. */
function termIn(expression: SqlExpression, names: Names): Term | undefined {
  const column = columnIn(expression, names);
  if (column !== undefined) return { column, type: column.type };
  if (expression.type === "OPERATOR_CAST" && expression.child !== undefined && expression.cast_type !== undefined) {
    const inner = termIn(expression.child, names);
    return inner === undefined ? undefined : castTerm(inner, expression.cast_type.id);
  }
  if (expression.type !== "FUNCTION") return undefined;
  return timeTerm(expression, names);
}

const WIDER: Readonly<Record<string, string>> = { INTEGER: "int", BIGINT: "long", DOUBLE: "double", VARCHAR: "string" };

function castTerm(term: Term, to: string): Term | undefined {
  const { type } = term;
  if (WIDER[to] === type) return term;
  if (to === "BIGINT" && type === "int") return { ...term, type: "long" };
  if (to === "DOUBLE" && /^(?:int|long|float)$/.test(type))
    return through(term, "double", (value) => Number(value as number | bigint));
  if (to === "DATE") return dateOf(term);
  if (to === "TIMESTAMP" || to === "TIMESTAMP WITH TIME ZONE") {
    if (type === "date") return through(term, "timestamp", (days) => BigInt(days as number) * MICROS.day);
    return /^timestamp(?:tz)?$/.test(type) ? { ...term, type: "timestamp" } : undefined;
  }
  return undefined;
}

function through(term: Term, type: string, next: Monotone): Term {
  const both = composed(term.through, next);
  return { ...term, type, ...(both === undefined ? {} : { through: both }) };
}

const MICROS = { day: 86_400_000_000n, hour: 3_600_000_000n, minute: 60_000_000n, second: 1_000_000n } as const;

function dateOf(term: Term): Term | undefined {
  if (term.type === "date") return term;
  if (!/^timestamp(?:tz)?$/.test(term.type)) return undefined;
  return through(term, "date", (micros) => Number(floored(BigInt(micros as number | bigint), MICROS.day)));
}

function floored(value: bigint, width: bigint): bigint {
  const rest = ((value % width) + width) % width;
  return (value - rest) / width;
}

/** `date_trunc('day', column)`, `year(column)`. */
function timeTerm({ function_name: name = "", children = [] }: SqlExpression, names: Names): Term | undefined {
  if (name === "date_trunc" || name === "datetrunc") {
    const [unit, own] = children;
    const told = unit?.value?.value;
    const term = own === undefined ? undefined : termIn(own, names);
    return term === undefined || typeof told !== "string" ? undefined : truncatedTerm(term, told.toLowerCase());
  }
  const [own] = children;
  if (name !== "year" || own === undefined || children.length !== 1) return undefined;
  const term = termIn(own, names);
  const date = term === undefined ? undefined : dateOf(term);
  return date === undefined ? undefined : through(date, "long", (days) => yearOf(Number(days)));
}

/** Beyond these days the calendar ends: what lies there, infinity among it, stays as it is. */
const DAYS_MAX = 99_000_000;

function yearOf(days: number): number {
  return Math.abs(days) > DAYS_MAX ? days : new Date(days * 86_400_000).getUTCFullYear();
}

function truncatedTerm(term: Term, unit: string): Term | undefined {
  if (unit === "month" || unit === "year") {
    const date = dateOf(term);
    if (date === undefined) return undefined;
    const first = through(date, "date", (days) => firstOf(Number(days), unit));
    return term.type === "date" ? first : through(first, term.type, (days) => BigInt(days as number) * MICROS.day);
  }
  const width = unit in MICROS ? MICROS[unit as keyof typeof MICROS] : undefined;
  if (width === undefined) return undefined;
  if (term.type === "date") return unit === "day" ? term : undefined;
  if (!/^timestamp(?:tz)?$/.test(term.type)) return undefined;
  return through(term, term.type, (micros) => floored(BigInt(micros as number | bigint), width) * width);
}

function firstOf(days: number, unit: "month" | "year"): number {
  if (Math.abs(days) > DAYS_MAX) return days;
  const date = new Date(days * 86_400_000);
  date.setUTCDate(1);
  if (unit === "year") date.setUTCMonth(0);
  return date.getTime() / 86_400_000;
}

/** The value of what has no columns. A parameter takes the type of what it is compared with. */
function constantIn(expression: SqlExpression, besideType: string, names: Names): Constant | undefined {
  const { type, child } = expression;
  if (type === "VALUE_PARAMETER") return parameterOf(names.parameter(expression.identifier ?? ""), besideType);
  if (type === "VALUE_CONSTANT" && expression.value !== undefined) {
    const { value } = expression;
    if (value.is_null === true) return { type: value.type, value: null };
    const plain = value.value;
    if (
      typeof plain === "string" ||
      typeof plain === "number" ||
      typeof plain === "bigint" ||
      typeof plain === "boolean"
    )
      return { type: value.type, value: plain };
    return undefined;
  }
  if (type === "OPERATOR_CAST" && child?.type === "VALUE_CONSTANT" && expression.cast_type !== undefined) {
    const inner = constantIn(child, besideType, names);
    const cast = inner === undefined ? undefined : castConstant(inner, expression.cast_type);
    if (cast !== undefined) return cast;
  }
  return names.folded(expression);
}

/** A text cast to what is written as a text here too; what else is cast is asked of the engine. */
function castConstant({ type, value }: Constant, to: Constant["type"]): Constant | undefined {
  if (type.id !== "VARCHAR" || typeof value !== "string") return undefined;
  if (to.id === "BOOLEAN" && (value === "t" || value === "f")) return { type: to, value: value === "t" };
  // The engine cuts off what is below a day.
  if (to.id === "DATE" && value.length === 10) return { type: to, value };
  return to.id === "TIMESTAMP" || to.id === "TIMESTAMP WITH TIME ZONE" || to.id === "UUID"
    ? { type: to, value }
    : undefined;
}

function parameterOf(value: Constant | Constant["value"] | undefined, besideType: string): Constant | undefined {
  if (value === undefined || (typeof value === "object" && value !== null)) return value;
  if (value === null || typeof value === "string") return { type: { id: "VARCHAR" }, value };
  if (typeof value === "boolean") return { type: { id: "BOOLEAN" }, value };
  if (typeof value === "bigint" || Number.isInteger(value)) return { type: { id: "BIGINT" }, value };
  return besideType === "double" ? { type: { id: "DOUBLE" }, value } : undefined;
}
