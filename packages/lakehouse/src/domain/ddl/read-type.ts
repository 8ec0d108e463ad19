import { refused, type Cursor } from "../dml/cursor.ts";
import type { IcebergField, IcebergType } from "../iceberg/schema.ts";

/** SQL's names, Spark's and Iceberg's own. A `timestamp` has no zone, as everywhere in SQL here. */
const PRIMITIVES: Readonly<Record<string, string>> = {
  boolean: "boolean",
  bool: "boolean",
  tinyint: "int",
  smallint: "int",
  int: "int",
  integer: "int",
  bigint: "long",
  long: "long",
  float: "float",
  real: "float",
  double: "double",
  date: "date",
  time: "time",
  timestamp: "timestamp",
  timestamp_ntz: "timestamp",
  datetime: "timestamp",
  timestamptz: "timestamptz",
  timestamp_ltz: "timestamptz",
  string: "string",
  varchar: "string",
  text: "string",
  char: "string",
  uuid: "uuid",
  binary: "binary",
  varbinary: "binary",
  blob: "binary",
  bytea: "binary",
};
const DEPTH_MAX = 32;

/** A type as a statement names it; its nested fields have no ids yet. Throws `lakehouse/unsupported-statement`. */
export function readType(cursor: Cursor, depth = 0): IcebergType {
  if (depth > DEPTH_MAX) throw refused(`a type is nested deeper than ${DEPTH_MAX}`);
  let type = readWhole(cursor, depth);
  while (cursor.takesSign("[")) {
    cursor.expectsSign("]");
    type = listOf(type);
  }
  return type;
}

function readWhole(cursor: Cursor, depth: number): IcebergType {
  const word = cursor.name("type").toLowerCase();
  if (word === "struct" || word === "row") return readStruct(cursor, depth);
  if (word === "array" || word === "list") return within(cursor, () => listOf(readType(cursor, depth + 1)));
  if (word === "map")
    return within(cursor, () => {
      const key = readType(cursor, depth + 1);
      cursor.expectsSign(",");
      const value = readType(cursor, depth + 1);
      return { type: "map", "key-id": 0, key, "value-id": 0, value, "value-required": false };
    });
  if (word === "decimal" || word === "numeric") return decimalOf(cursor);
  if (word === "fixed") return `fixed[${within(cursor, () => cursor.number("length"))}]`;
  cursor.takes("precision");
  if (word === "varchar" || word === "char") if (cursor.seesSign("(")) within(cursor, () => cursor.number("length"));
  if (word === "timestamp" && cursor.takes("with", "time", "zone")) return "timestamptz";
  if (word === "timestamp") cursor.takes("without", "time", "zone");
  const known = Object.hasOwn(PRIMITIVES, word) ? PRIMITIVES[word] : undefined;
  if (known === undefined) throw refused(`${word} is no type of a column`);
  return known;
}

function decimalOf(cursor: Cursor): string {
  if (!cursor.seesSign("(")) return "decimal(18, 3)";
  const [precision, scale] = within(cursor, () => {
    const digits = cursor.number("precision");
    return [digits, cursor.takesSign(",") ? cursor.number("scale") : 0] as const;
  });
  if (precision < 1 || precision > 38 || scale > precision)
    throw refused(`decimal(${precision}, ${scale}) is no type: at most 38 digits, of which so many after the point`);
  return `decimal(${precision}, ${scale})`;
}

const PAIRS: readonly (readonly [string, string])[] = [
  ["<", ">"],
  ["(", ")"],
  ["[", "]"],
];

/** Between `<` and `>`, `(` and `)` or `[` and `]`. */
function within<Value>(cursor: Cursor, read: () => Value): Value {
  const pair = PAIRS.find(([open]) => cursor.takesSign(open));
  if (pair === undefined) throw cursor.unexpected("the inner type");
  const value = read();
  cursor.expectsSign(pair[1]);
  return value;
}

function listOf(element: IcebergType): IcebergType {
  return { type: "list", "element-id": 0, element, "element-required": false };
}

function readStruct(cursor: Cursor, depth: number): IcebergType {
  return within(cursor, () => {
    const fields: IcebergField[] = [];
    do {
      const name = cursor.name("field");
      cursor.takesSign(":");
      const type = readType(cursor, depth + 1);
      const required = cursor.takes("not", "null");
      const doc = cursor.takes("comment") ? { doc: cursor.text("comment") } : {};
      fields.push({ id: 0, name, required, type, ...doc });
    } while (cursor.takesSign(","));
    return { type: "struct", fields };
  });
}
