import type { Monotone } from "./predicate.ts";
import type { SqlType } from "./sql-tree.ts";
import { bytesOf, type PlanValue } from "./values.ts";

/** A constant of a statement with its SQL type; `parameter` for one that takes the type of what it is compared with. */
export interface Constant {
  readonly type: SqlType;
  readonly value: string | number | bigint | boolean | null;
}

/** A constant as it is compared with a column of one type. */
export interface Bound {
  readonly value: PlanValue;
  /** What the column's values become first, where the comparison is of a wider type. */
  readonly through?: Monotone;
}

const MICROS_PER_DAY = 86_400_000_000n;

/**
 * A constant beside a column, as the SQL engine would compare the two: by the wider of their types, a text as what the
 * column is. Undefined where that is not known for certain.
 */
export function boundOf(columnType: string, constant: Constant): Bound | undefined {
  const { type, value } = constant;
  if (value === null) return undefined;
  if (columnType === "string")
    return type.id === "VARCHAR" && typeof value === "string" ? { value: bytesOf(value) } : undefined;
  if (columnType === "boolean") return type.id === "BOOLEAN" ? { value: value === true ? 1 : 0 } : undefined;
  if (columnType === "uuid") return uuid(type, value);
  if (/^(?:date|timestamp|timestamptz)$/.test(columnType)) return moment(columnType, { type, value });
  return number(columnType, { type, value });
}

function uuid(type: SqlType, value: NonNullable<Constant["value"]>): Bound | undefined {
  const hex = String(value).replaceAll("-", "");
  if (!/^(?:VARCHAR|UUID)$/.test(type.id) || !/^[0-9a-f]{32}$/i.test(hex)) return undefined;
  return { value: Buffer.from(hex, "hex") };
}

function moment(columnType: string, { type, value }: Constant): Bound | undefined {
  if (typeof value !== "string") return undefined;
  if (columnType === "date") {
    const days = daysIn(value);
    if (/^(?:VARCHAR|DATE)$/.test(type.id)) return days === undefined ? undefined : { value: days };
    const micros = microsIn(value);
    // A date beside a time is its midnight.
    if (!type.id.startsWith("TIMESTAMP") || micros === undefined) return undefined;
    return { value: micros, through: midnight };
  }
  if (!/^(?:VARCHAR|DATE|TIMESTAMP|TIMESTAMP WITH TIME ZONE)$/.test(type.id)) return undefined;
  const micros = microsIn(value);
  return micros === undefined ? undefined : { value: micros };
}

const midnight: Monotone = (days) => (days instanceof Uint8Array ? days : BigInt(days) * MICROS_PER_DAY);

/** Days since 1970 of `2026-01-31`. */
function daysIn(text: string): number | undefined {
  const match = /^\d{4}-\d{2}-\d{2}$/.exec(text);
  if (match === null) return undefined;
  const date = new Date(`${text}T00:00:00Z`);
  // What is no day of the calendar is left to the engine.
  return Number.isNaN(date.getTime()) || date.toISOString().slice(0, 10) !== text
    ? undefined
    : date.getTime() / 86_400_000;
}

/** Microseconds since 1970 of `2026-01-31 12:00:00.5`; a time without a zone is UTC, as for the engine. */
function microsIn(text: string): bigint | undefined {
  const match = /^(\d{4}-\d{2}-\d{2})(?:[ T](\d{2}:\d{2}:\d{2})(?:\.(\d{1,6}))?(?:Z|\+00(?::?00)?)?)?$/.exec(text);
  const days = daysIn(match?.[1] ?? "");
  if (match === null || days === undefined) return undefined;
  const [hours = 0, minutes = 0, seconds = 0] = (match[2] ?? "00:00:00").split(":").map(Number);
  if (hours > 23 || minutes > 59 || seconds > 59) return undefined;
  const within = BigInt(hours * 3_600 + minutes * 60 + seconds) * 1_000_000n + BigInt((match[3] ?? "").padEnd(6, "0"));
  return BigInt(days) * MICROS_PER_DAY + within;
}

const INTEGERS = /^(?:U?(?:TINYINT|SMALLINT|INTEGER|BIGINT)|HUGEINT|UHUGEINT)$/;

function number(columnType: string, { type, value }: Constant): Bound | undefined {
  if (typeof value !== "number" && typeof value !== "bigint") return undefined;
  const scale = type.id === "DECIMAL" ? (type.type_info?.scale ?? 0) : 0;
  const isExact = INTEGERS.test(type.id) || type.id === "DECIMAL";
  if (!isExact && !/^(?:DOUBLE|FLOAT)$/.test(type.id)) return undefined;
  if (!Number.isFinite(Number(value))) return undefined;
  const asDouble = Number(value) / 10 ** scale;
  const columnScale = scaleOf(columnType);
  // The engine turns decimals of more digits into doubles in another way.
  const isSameDouble = scale === 0 || Math.abs(Number(value)) <= Number.MAX_SAFE_INTEGER;
  if (columnScale === undefined) return isSameDouble ? floating(columnType, asDouble) : undefined;
  // Beside a floating point number the engine turns the column into one too, and into a single where that is one.
  if (type.id === "FLOAT") return undefined;
  if (!isExact)
    return columnScale > 0 && digitsOf(columnType) > 15
      ? undefined
      : { value: asDouble, through: (own) => Number(own as number | bigint) / 10 ** columnScale };
  if (!Number.isSafeInteger(Number(value)) && typeof value === "number") return undefined;
  const up = Math.max(0, scale - columnScale);
  const factor = 10n ** BigInt(up);
  const exact = BigInt(value) * 10n ** BigInt(Math.max(0, columnScale - scale));
  if (digitsOf(columnType) + up > 38) return undefined;
  return up === 0 ? { value: exact } : { value: exact, through: (own) => BigInt(own as number | bigint) * factor };
}

/**
 * Constants that are compared with a column of exact numbers in one BETWEEN or IN, as the engine compares them: all of them as
 * doubles where one is a double. None is told where another's type is not known, or is neither.
 */
export function togetherWith(
  columnType: string,
  constants: readonly (Constant | undefined)[],
): readonly (Constant | undefined)[] {
  if (scaleOf(columnType) === undefined) return constants;
  const kinds = new Set(constants.map((constant) => (constant === undefined ? "unknown" : kindOf(constant))));
  if (kinds.has("unknown")) return constants.map(() => undefined);
  return kinds.has("double") ? constants.map((constant) => constant && asDouble(constant)) : constants;
}

function kindOf({ type }: Constant): "exact" | "double" | "unknown" {
  if (type.id === "DOUBLE") return "double";
  // A plain NULL is of any type.
  return INTEGERS.test(type.id) || /^(?:DECIMAL|(?:SQL)?NULL)$/.test(type.id) ? "exact" : "unknown";
}

function asDouble(constant: Constant): Constant | undefined {
  const { type, value } = constant;
  if (value === null || type.id === "DOUBLE") return constant;
  const scale = type.id === "DECIMAL" ? (type.type_info?.scale ?? 0) : 0;
  // The engine turns decimals of more digits into doubles in another way.
  if (scale > 0 && Math.abs(Number(value)) > Number.MAX_SAFE_INTEGER) return undefined;
  return { ...constant, type: { id: "DOUBLE" }, value: Number(value) / 10 ** scale };
}

/** Digits behind the point that an exact type has; undefined for one that is not. */
function scaleOf(columnType: string): number | undefined {
  if (columnType === "int" || columnType === "long") return 0;
  const decimal = /^decimal\(\d+,\s*(\d+)\)$/.exec(columnType);
  return decimal === null ? undefined : Number(decimal[1]);
}

function digitsOf(columnType: string): number {
  return Number(/^decimal\((\d+)/.exec(columnType)?.[1] ?? 19);
}

/** A single beside a decimal or a double may be compared as either: only what is the same in both is told. */
function floating(columnType: string, value: number): Bound | undefined {
  if (columnType === "double") return { value };
  return columnType === "float" && Math.fround(value) === value ? { value } : undefined;
}
