import { refused, type Cursor } from "../dml/cursor.ts";
import type { OrderTerm, TransformTerm } from "./statement.ts";

const TRANSFORMS: Readonly<Record<string, string>> = {
  identity: "identity",
  void: "void",
  year: "year",
  years: "year",
  month: "month",
  months: "month",
  day: "day",
  days: "day",
  date: "day",
  hour: "hour",
  hours: "hour",
  date_hour: "hour",
};

/** `a`, `lab.a`, `days(a)`, `bucket(16, a)`, `truncate(4, a)`; the number may stand second, too. */
export function readTerm(cursor: Cursor): TransformTerm {
  const parts = cursor.parts("column");
  if (!cursor.takesSign("(")) return { transform: "identity", column: parts.join(".") };
  const word = (parts[0] ?? "").toLowerCase();
  const takesNumber = word === "bucket" || word === "truncate";
  const before = takesNumber && cursor.seesNumber ? cursor.number("number") : undefined;
  if (before !== undefined) cursor.expectsSign(",");
  const column = cursor.parts("column").join(".");
  const width = takesNumber && before === undefined && cursor.takesSign(",") ? cursor.number("number") : before;
  cursor.expectsSign(")");
  if (takesNumber && (width === undefined || width < 1)) throw refused(`${word} says how many: ${word}(16, ${column})`);
  const transform = takesNumber ? `${word}[${width}]` : TRANSFORMS[word];
  if (parts.length > 1 || transform === undefined) throw refused(`${parts.join(".")} is no transform of a column`);
  return { transform, column };
}

export function readTerms(cursor: Cursor): readonly TransformTerm[] {
  cursor.expectsSign("(");
  const terms = [readTerm(cursor)];
  while (cursor.takesSign(",")) terms.push(readTerm(cursor));
  cursor.expectsSign(")");
  return terms;
}

/** `days(a) DESC NULLS LAST, b`; nulls stand first going up and last going down, unless told. */
export function readOrder(cursor: Cursor): readonly OrderTerm[] {
  const isBracketed = cursor.takesSign("(");
  const order: OrderTerm[] = [];
  do {
    const term = readTerm(cursor);
    const direction = cursor.takes("desc") ? "desc" : "asc";
    if (direction === "asc") cursor.takes("asc");
    const isFirst = cursor.takes("nulls", "first");
    const isLast = !isFirst && cursor.takes("nulls", "last");
    const nullOrder = isFirst || (!isLast && direction === "asc") ? "nulls-first" : "nulls-last";
    order.push({ ...term, direction, nullOrder });
  } while (cursor.takesSign(","));
  if (isBracketed) cursor.expectsSign(")");
  return order;
}

/** `('a' = 'b', 'c.d' = '1')`. */
export function readProperties(cursor: Cursor): Readonly<Record<string, string>> {
  const properties: [string, string][] = [];
  cursor.expectsSign("(");
  do {
    const name = cursor.text("property");
    cursor.expectsSign("=");
    properties.push([name, cursor.literal("value")]);
  } while (cursor.takesSign(","));
  cursor.expectsSign(")");
  return Object.fromEntries(properties);
}
