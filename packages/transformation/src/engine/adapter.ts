import { quoteName, quoteText, textOf } from "@millwright/lakehouse";
import { CallRefusal } from "../jinja/signals.ts";
import {
  isObject,
  isTrue,
  toText,
  tuple,
  type JinjaFunction,
  type JinjaMap,
  type JinjaValue,
} from "../jinja/values.ts";
import { INTERNAL } from "./macros.ts";
import type { Leavings, TemplateTask } from "./names.ts";
import { column, createRelation, relation } from "./relation.ts";
import type { MacroLookup } from "./render.ts";
import { resultsTable } from "./results-table.ts";
import type { KnownRelation, Warehouse, WarehouseTable } from "./warehouse.ts";

/** `adapter`: what templates ask of the database. While the project is parsed it answers nothing. */
export function adapterObject(task: TemplateTask, leavings: Leavings, macro: MacroLookup): JinjaMap {
  return new Map<string, JinjaValue>([
    ["dispatch", dispatch(task, macro)],
    ["type", () => task.world.warehouse.type],
    ["quote", ([name]) => quoteName(toText(name))],
    ["quote_as_configured", ([name]) => quoteName(toText(name))],
    ["is_incremental_run", () => task.isIncremental],
    ["Relation", new Map<string, JinjaValue>([["create", createRelation]])],
    ...readers(task),
    ...writers(task, leavings),
  ]);
}

/** The macro for this database (`duckdb__name`), else `default__name`, package after package in the order for the namespace. */
function dispatch({ world }: TemplateTask, macro: MacroLookup): JinjaFunction {
  return ([name, given], named) => {
    const wanted = toText(name);
    const namespace = named.get("macro_namespace") ?? given;
    const tried: string[] = [];
    for (const owner of searchOrder(world, namespace)) {
      for (const prefix of [world.warehouse.type, "default"]) {
        const found = macro(`${prefix}__${wanted}`, owner);
        if (found !== undefined) return found;
        tried.push(`${owner === undefined ? "" : `${owner}.`}${prefix}__${wanted}`);
      }
    }
    throw new CallRefusal(
      `No macro named '${wanted}' found within namespace: '${toText(namespace ?? null)}'. Searched for: ${tried.join(", ")}`,
    );
  };
}

function searchOrder(
  { dispatch: orders, root, packages }: TemplateTask["world"],
  namespace: JinjaValue,
): readonly (string | undefined)[] {
  if (namespace === undefined || namespace === null) return [undefined];
  const name = toText(namespace);
  const configured = orders.get(name);
  if (configured !== undefined && configured.length > 0) return configured;
  if (name === INTERNAL) return [root.name, INTERNAL];
  return packages.some((known) => known.name === name) ? [root.name, name] : [undefined];
}

function readers(task: TemplateTask): readonly (readonly [string, JinjaValue])[] {
  const { world, replay, execute } = task;
  const { warehouse } = world;
  const known = (schema: string) => replay.ask(() => listRelations(warehouse, schema));
  const get: JinjaFunction = ([database, schema, identifier], named) => {
    if (!execute) return null;
    const [wantedSchema, wanted] = [
      toText(named.get("schema") ?? schema),
      toText(named.get("identifier") ?? identifier),
    ];
    if (toText(named.get("database") ?? database ?? warehouse.database) !== warehouse.database) return null;
    const found = known(wantedSchema).find((other) => other.identifier.toLowerCase() === wanted.toLowerCase());
    return found === undefined ? null : relation({ ...found });
  };
  const list: JinjaFunction = ([first, second]) =>
    execute ? known(schemaOf(first, second)).map((found) => relation({ ...found })) : [];
  const columns: JinjaFunction = ([target]) =>
    execute
      ? replay.ask(() => describeRelation(warehouse, toText(target))).map(({ name, type }) => column(name, type))
      : [];
  const missing: JinjaFunction = ([from, to]) => {
    if (!execute) return [];
    const present = new Set(
      replay.ask(() => describeRelation(warehouse, toText(to))).map(({ name }) => name.toLowerCase()),
    );
    const others = replay.ask(() => describeRelation(warehouse, toText(from)));
    return others.filter(({ name }) => !present.has(name.toLowerCase())).map(({ name, type }) => column(name, type));
  };
  const schemaExists: JinjaFunction = ([, schema]) =>
    execute && replay.ask(() => listSchemas(warehouse)).includes(toText(schema));
  return [
    ["get_relation", get],
    ["load_relation", get],
    ["list_relations", list],
    ["list_relations_without_caching", list],
    ["get_columns_in_relation", columns],
    ["get_missing_columns", missing],
    ["check_schema_exists", schemaExists],
    ["already_exists", ([schema, name]) => get([null, schema, name], new Map()) !== null],
    ["get_column_schema_from_query", () => []],
    ["expand_target_column_types", () => null],
  ];
}

function schemaOf(first: JinjaValue, second: JinjaValue): string {
  if (isObject(first)) return toText(first.get("schema"));
  return toText(second ?? first);
}

function writers(task: TemplateTask, { results }: Leavings): readonly (readonly [string, JinjaValue])[] {
  const { world, replay, execute } = task;
  const { warehouse } = world;
  const run = (sql: string): WarehouseTable => replay.ask(() => warehouse.execute(sql));
  const statement: JinjaFunction = ([name, sql, fetches]) => {
    if (!execute) return "";
    const table = run(toText(sql));
    if (name !== null) results.set(toText(name), isTrue(fetches) ? table : { columns: [], rows: [] });
    return "";
  };
  const did =
    (sql: (args: readonly JinjaValue[]) => string): JinjaFunction =>
    (args) => {
      if (execute) run(sql(args));
      return null;
    };
  const executed: JinjaFunction = ([sql], named) => {
    if (!execute) return tuple("", null);
    const table = run(toText(sql));
    return tuple("OK", isTrue(named.get("fetch")) ? resultsTable(table) : null);
  };
  return [
    ["run_statement", statement],
    ["execute", executed],
    ["create_schema", did(([target]) => `create schema if not exists ${schemaText(target)}`)],
    ["drop_schema", did(([target]) => `drop schema if exists ${schemaText(target)} cascade`)],
    ["drop_relation", did(([target]) => dropText(target))],
    ["truncate_relation", did(([target]) => `delete from ${toText(target)}`)],
    [
      "rename_relation",
      did(([from, to]) => `alter ${kindOf(from)} ${toText(from)} rename to ${quoteName(identifierOf(to))}`),
    ],
    ["commit", () => null],
    ["cache_added", () => ""],
    ["cache_dropped", () => ""],
  ];
}

function schemaText(target: JinjaValue): string {
  return isObject(target)
    ? toText(
        target.get("without_identifier") === undefined
          ? target
          : relation({
              database: textOrNull(target.get("database")),
              schema: textOrNull(target.get("schema")),
              identifier: null,
              kind: null,
            }),
      )
    : quoteName(toText(target));
}

function textOrNull(value: JinjaValue): string | null {
  return value === undefined || value === null ? null : toText(value);
}

function kindOf(target: JinjaValue): string {
  return isObject(target) && target.get("type") === "view" ? "view" : "table";
}

function identifierOf(target: JinjaValue): string {
  return isObject(target) ? toText(target.get("identifier")) : toText(target);
}

function dropText(target: JinjaValue): string {
  return `drop ${kindOf(target)} if exists ${toText(target)} cascade`;
}

export async function listRelations(warehouse: Warehouse, schema: string): Promise<readonly KnownRelation[]> {
  const { rows } = await warehouse.execute(
    `select table_schema, table_name, table_type from information_schema.tables where table_catalog = ${quoteText(warehouse.database)} and lower(table_schema) = lower(${quoteText(schema)})`,
  );
  return rows.map(([found, identifier, kind]) => ({
    database: warehouse.database,
    schema: textOf(found),
    identifier: textOf(identifier),
    kind: textOf(kind).toUpperCase().includes("VIEW") ? "view" : "table",
  }));
}

async function listSchemas(warehouse: Warehouse): Promise<readonly string[]> {
  const { rows } = await warehouse.execute(
    `select schema_name from information_schema.schemata where catalog_name = ${quoteText(warehouse.database)}`,
  );
  return rows.map(([name]) => textOf(name));
}

export async function describeRelation(
  warehouse: Warehouse,
  text: string,
): Promise<readonly { readonly name: string; readonly type: string }[]> {
  const { rows } = await warehouse.execute(`describe select * from ${text}`);
  return rows.map(([name, type]) => ({ name: textOf(name), type: textOf(type) }));
}
