import { isMillError } from "@millwright/kernel";
import { transformationErrors } from "../../errors.ts";
import { fromPlain, isObject, toPlain, toText, type JinjaValue } from "../../jinja/values.ts";
import { parseCall, parseValue } from "../compile-text.ts";
import type { TemplateTask } from "../names.ts";
import type { Config, RefCall, ResourceType } from "../node.ts";
import { textOrNull } from "../plain.ts";
import type { Package } from "../project-files.ts";
import { relation } from "../relation.ts";
import { Replay } from "../replay.ts";
import type { World } from "../world.ts";

/** What a parsed text called. */
export interface Calls {
  readonly refs: RefCall[];
  readonly sources: (readonly [string, string])[];
  readonly macros: Set<string>;
  config: Config;
}

export function noCalls(): Calls {
  return { refs: [], sources: [], macros: new Set(), config: {} };
}

/** A task for parsing: `ref` and `source` are noted and answer a name that stands for what will be. */
export function parseTask(
  world: World,
  {
    owner,
    name,
    config,
    calls,
  }: { readonly owner: string; readonly name: string; readonly config: Config; readonly calls: Calls },
): TemplateTask & { readonly usesMacro: (id: string) => void } {
  const standIn = (identifier: string) =>
    relation({ database: world.warehouse.database, schema: world.target.schema, identifier, kind: null });
  return {
    world,
    package: owner,
    execute: false,
    model: { name, package_name: owner, config, unique_id: `model.${owner}.${name}`, alias: name },
    name,
    config,
    current: standIn(name),
    isIncremental: false,
    replay: new Replay(),
    selected: [],
    ref: (call) => {
      calls.refs.push(call);
      return standIn(call.name);
    },
    source: (source, table) => {
      calls.sources.push([source, table]);
      return standIn(table);
    },
    onConfig: (settings) => {
      calls.config = { ...calls.config, ...settings };
    },
    usesMacro: (id) => calls.macros.add(id),
  };
}

/** Renders the texts in a YAML value. One expression alone keeps its kind: a boolean stays one. */
export function renderSetting(world: World, owner: string): (value: unknown, path: string) => unknown {
  const task = parseTask(world, { owner, name: "", config: {}, calls: noCalls() });
  const render = (value: unknown, path: string): unknown => {
    if (typeof value === "string")
      return /\{\{|\{%|\{#/.test(value) ? nativeValue(parseValue(task, value, path)) : value;
    if (Array.isArray(value)) return value.map((item) => render(item, path));
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, render(inner, path)]));
  };
  return render;
}

function nativeValue(value: JinjaValue): unknown {
  return isObject(value) && value.number === undefined ? value.toText() : toPlain(value);
}

/** Where a thing is built: schema, alias and database, each by the macro that the project may replace. */
export function relationNames(
  world: World,
  {
    name,
    owner,
    type,
    config,
    fqn,
    version,
  }: {
    readonly name: string;
    readonly owner: Package;
    readonly type: ResourceType;
    readonly config: Config;
    readonly fqn: readonly string[];
    readonly version: string | null;
  },
): { readonly database: string; readonly schema: string; readonly alias: string } {
  const task = parseTask(world, { owner: world.root.name, name, config, calls: noCalls() });
  const node = fromPlain({
    name,
    package_name: owner.name,
    resource_type: type,
    config,
    fqn,
    version,
    tags: config["tags"] ?? [],
    meta: config["meta"] ?? {},
  });
  const made = (macro: string, custom: unknown): string => {
    const given = custom === undefined || custom === null ? null : String(custom as string);
    return toText(parseCall(task, { name: macro }, { args: [given, node], named: new Map() })).trim();
  };
  const literalSchema = type === "snapshot" ? textOrNull(config["target_schema"]) : null;
  const literalDatabase = type === "snapshot" ? textOrNull(config["target_database"]) : null;
  return {
    database: literalDatabase ?? made("generate_database_name", config["database"]),
    schema: literalSchema ?? made("generate_schema_name", config["schema"]),
    alias: made("generate_alias_name", config["alias"]),
  };
}

/** What dbt says when the project does not stand: nothing is run. */
export function refused(because: string, file?: string): Error {
  return transformationErrors.create("transformation/dbt", {
    because,
    ...(file === undefined ? {} : { where: { file } }),
  });
}

/** A template's error with the thing that it belongs to, as dbt tells it. */
export function inNode(
  error: unknown,
  { type, name, path }: { readonly type: string; readonly name: string; readonly path: string },
): unknown {
  if (!isMillError(error)) return error;
  return transformationErrors.create("transformation/dbt", {
    because: `Compilation Error in ${type} ${name} (${path})\n  ${error.because}`,
    where: error.where ?? { file: path },
    cause: error,
  });
}

export type Render = (value: unknown, path: string) => unknown;

export interface PackageParsing {
  readonly world: World;
  readonly owner: Package;
  readonly render: Render;
}
