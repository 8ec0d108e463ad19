import { quoteName } from "@millwright/lakehouse";
import type { Warehouse } from "./warehouse.ts";
import {
  isTrue,
  toText,
  type JinjaFunction,
  type JinjaMap,
  type JinjaObject,
  type JinjaValue,
} from "../jinja/values.ts";

/** The parts of a relation's name. An empty part is left out of the name. */
interface RelationName {
  readonly database: string | null;
  readonly schema: string | null;
  readonly identifier: string | null;
}

interface RelationState extends RelationName {
  readonly kind: string | null;
  /** A name without quotes: a common table expression, or a subquery in place of the name. */
  readonly text?: string;
}

/** dbt's Relation: prints as its quoted name. */
export interface Relation extends JinjaObject {
  readonly jinja: "relation";
  readonly name: RelationName;
}

export function relation(state: RelationState): Relation {
  const { database, schema, identifier, kind } = state;
  const text = state.text ?? fullName(state);
  const is = (wanted: string) => kind === wanted;
  const part = (key: string): boolean => ["database", "schema", "identifier"].includes(key);
  const members: Readonly<Record<string, JinjaValue>> = {
    database,
    schema,
    identifier,
    name: identifier,
    table: identifier,
    type: kind,
    is_table: is("table"),
    is_view: is("view"),
    is_cte: is("cte"),
    is_materialized_view: false,
    can_be_renamed: true,
    can_be_replaced: true,
    render: () => text,
    quote: () => relation(state),
    include: (_args, named) => relation({ ...without(state, named, part), kind }),
    without_identifier: () => relation({ ...state, identifier: null }),
    incorporate: (_args, named) => incorporated(state, named),
    replace_path: (_args, named) => incorporated(state, new Map([["path", new Map(named)]])),
    quoted: ([name]) => quoteName(toText(name)),
    get: ([key]) => members[toText(key)] ?? null,
    matches: (_args, named) => [...named].every(([key, value]) => members[key] === value),
  };
  return {
    jinja: "relation",
    name: { database, schema, identifier },
    get: (name) => (Object.hasOwn(members, name) ? members[name] : undefined),
    toText: () => text,
  };
}

function fullName({ database, schema, identifier }: RelationName): string {
  return [database, schema, identifier]
    .filter((part) => part !== null && part !== "")
    .map((part) => quoteName(part ?? ""))
    .join(".");
}

function without(
  state: RelationState,
  named: ReadonlyMap<string, JinjaValue>,
  isPart: (key: string) => boolean,
): RelationState {
  const left = [...named].filter(([key, keep]) => isPart(key) && !isTrue(keep)).map(([key]) => [key, null]);
  return { ...state, ...Object.fromEntries(left) };
}

function incorporated(state: RelationState, named: ReadonlyMap<string, JinjaValue>): Relation {
  const path = named.get("path");
  const given = new Map(path instanceof Map ? path : []);
  const text = (key: "database" | "schema" | "identifier") =>
    given.has(key) && given.get(key) !== null ? toText(given.get(key)) : state[key];
  const kind = named.get("type");
  return relation({
    database: text("database"),
    schema: text("schema"),
    identifier: text("identifier"),
    kind: kind === undefined || kind === null ? state.kind : toText(kind),
  });
}

/** `Relation.create` of a template. */
export const createRelation: JinjaFunction = (_args, named) => {
  const part = (key: string) => {
    const value = named.get(key);
    return value === undefined || value === null ? null : toText(value);
  };
  return relation({
    database: part("database"),
    schema: part("schema"),
    identifier: part("identifier"),
    kind: part("type"),
  });
};

/** `api.Relation` and `api.Column`. */
export function apiObjects({ database }: Pick<Warehouse, "database">): JinjaMap {
  const makeColumn: JinjaFunction = ([name, dtype], named) =>
    column(toText(named.get("column") ?? named.get("name") ?? name), toText(named.get("dtype") ?? dtype));
  const types: JinjaMap = new Map<string, JinjaValue>([
    ["create", makeColumn],
    ["translate_type", ([type]) => translated(toText(type))],
    ["numeric_type", ([type, precision, scale]) => `${toText(type)}(${toText(precision)},${toText(scale)})`],
    ["string_type", () => "text"],
  ]);
  return new Map<string, JinjaValue>([
    ["Relation", new Map<string, JinjaValue>([["create", createRelation]])],
    ["Column", Object.assign(makeColumn, { members: types })],
    ["database", database],
  ]);
}

function translated(type: string): string {
  const known: Readonly<Record<string, string>> = {
    string: "TEXT",
    float: "FLOAT",
    integer: "INT",
    numeric: "NUMERIC",
  };
  return known[type.toLowerCase()] ?? type;
}

/** dbt's Column: a name and the database's type. */
export function column(name: string, dtype: string): JinjaObject {
  const base = dtype.replace(/\(.*$/, "").toUpperCase();
  const isString = /^(VARCHAR|TEXT|STRING|CHAR|BPCHAR|CHARACTER VARYING)$/.test(base);
  const isInteger =
    /^(TINYINT|SMALLINT|INTEGER|INT|BIGINT|HUGEINT|UTINYINT|USMALLINT|UINTEGER|UBIGINT|INT4|INT8)$/.test(base);
  const isFloat = /^(DOUBLE|FLOAT|REAL|FLOAT8|FLOAT4)$/.test(base);
  const isNumeric = /^(DECIMAL|NUMERIC)$/.test(base);
  const [, precision = null, scale = null] = /\((\d+)(?:,\s*(\d+))?\)/.exec(dtype) ?? [];
  const members: Readonly<Record<string, JinjaValue>> = {
    name,
    column: name,
    quoted: quoteName(name),
    dtype,
    data_type: dtype,
    expanded_data_type: dtype,
    char_size: null,
    numeric_precision: precision === null ? null : Number(precision),
    numeric_scale: scale === null ? null : Number(scale),
    is_string: () => isString,
    is_integer: () => isInteger,
    is_float: () => isFloat,
    is_numeric: () => isNumeric,
    is_number: () => isInteger || isFloat || isNumeric,
    string_size: () => 256,
    can_expand_to: () => false,
  };
  return {
    jinja: "column",
    get: (key) => (Object.hasOwn(members, key) ? members[key] : undefined),
    toText: () => `<Column ${name} (${dtype})>`,
  };
}
