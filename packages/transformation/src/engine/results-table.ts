import type { SqlValue } from "@millwright/lakehouse";
import { toText, tuple, type JinjaFunction, type JinjaObject, type JinjaValue } from "../jinja/values.ts";
import type { WarehouseTable } from "./warehouse.ts";

/** What `run_query` answers: columns, rows, and the ways that templates go through them. */
export function resultsTable({ columns, rows }: WarehouseTable): JinjaObject {
  const values = rows.map((row) => row.map((value, index) => templateValue(value, columns[index]?.type ?? "")));
  const names = columns.map(({ name }) => name);
  const all = values.map((row) => rowObject(names, row));
  const columnObjects = names.map((name, index) =>
    columnObject(
      name,
      values.map((row) => row[index]),
    ),
  );
  const print: JinjaFunction = () => "";
  const byName = namedList(columnObjects, (key) => columnObjects[names.indexOf(key)]);
  const members: Readonly<Record<string, JinjaValue>> = {
    columns: byName,
    column_names: tuple(...names),
    rows: namedList(all, () => undefined),
    column_types: tuple(...columns.map(({ type }) => type)),
    print_table: print,
    print_csv: print,
    print_json: print,
  };
  return {
    jinja: "table",
    items: all,
    get: (key) => (Object.hasOwn(members, key) ? members[key] : undefined),
    toText: () => "<agate.Table>",
  };
}

/** Rows as lists, as `load_result('x').data` has them. */
export function dataRows({ columns, rows }: WarehouseTable): JinjaValue[] {
  return rows.map((row) => row.map((value, index) => templateValue(value, columns[index]?.type ?? "")));
}

function templateValue(value: SqlValue, type: string): JinjaValue {
  if (value === null || typeof value === "boolean" || typeof value === "number") return value;
  if (typeof value === "bigint") return Number(value);
  if (typeof value === "string") return type.startsWith("DECIMAL") ? decimal(value) : value;
  if (value instanceof Uint8Array) return value.toHex();
  if (Array.isArray(value)) return value.map((item: SqlValue) => templateValue(item, ""));
  return new Map(Object.entries(value).map(([key, inner]) => [key, templateValue(inner as SqlValue, "")]));
}

/** A decimal keeps the digits that the database told, and computes as a number. */
function decimal(text: string): JinjaValue {
  const number = Number(text);
  if (String(number) === text) return number;
  return { jinja: "decimal", number, get: () => undefined, toText: () => text };
}

function namedList(items: readonly JinjaValue[], find: (key: string) => JinjaValue): JinjaObject {
  const members: Readonly<Record<string, JinjaValue>> = {
    keys: () => items.map((_, index) => index),
    values: () => [...items],
    get: ([key]) => find(toText(key)) ?? null,
  };
  return {
    jinja: "list",
    items,
    get: (key) => find(key) ?? (Object.hasOwn(members, key) ? members[key] : undefined),
    toText: () => `(${items.map(toText).join(", ")})`,
  };
}

function rowObject(names: readonly string[], row: readonly JinjaValue[]): JinjaObject {
  const at = (key: string) => {
    const index = names.findIndex((name) => name.toLowerCase() === key.toLowerCase());
    return index === -1 ? undefined : row[index];
  };
  const members: Readonly<Record<string, JinjaValue>> = {
    values: () => tuple(...row),
    keys: () => tuple(...names),
    dict: () => new Map(names.map((name, index) => [name, row[index]])),
    items: () => names.map((name, index) => tuple(name, row[index])),
    get: ([key, fallback = null]) => at(toText(key)) ?? fallback,
  };
  return {
    jinja: "row",
    items: row,
    get: (key) =>
      at(key) !== undefined || names.includes(key) ? at(key) : Object.hasOwn(members, key) ? members[key] : undefined,
    toText: () =>
      `<agate.Row: (${row.map((value) => (typeof value === "string" ? `'${value}'` : toText(value))).join(", ")})>`,
  };
}

function columnObject(name: string, values: readonly JinjaValue[]): JinjaObject {
  const members: Readonly<Record<string, JinjaValue>> = {
    name,
    values: () => tuple(...values),
    values_distinct: () => [...new Set(values)],
    values_without_nulls: () => values.filter((value) => value !== null),
  };
  return {
    jinja: "column_values",
    items: values,
    get: (key) => (Object.hasOwn(members, key) ? members[key] : undefined),
    toText: () => `<agate.Column: ${name}>`,
  };
}
