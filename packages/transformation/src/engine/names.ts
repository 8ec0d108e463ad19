import { createHash } from "node:crypto";
import { CallRefusal, ReturnSignal } from "../jinja/signals.ts";
import { pythonModules } from "../jinja/modules.ts";
import {
  fromPlain,
  isMap,
  isTrue,
  toPlain,
  toText,
  type JinjaFunction,
  type JinjaMap,
  type JinjaValue,
} from "../jinja/values.ts";
import { adapterObject } from "./adapter.ts";
import type { Config, RefCall } from "./node.ts";
import { recordOf, type Plain } from "./plain.ts";
import { varsOf } from "./project-files.ts";
import { apiObjects, type Relation } from "./relation.ts";
import type { MacroLookup } from "./render.ts";
import type { Replay } from "./replay.ts";
import { dataRows, resultsTable } from "./results-table.ts";
import type { WarehouseTable } from "./warehouse.ts";
import type { Message, World } from "./world.ts";

/** One template to be rendered, and what it is for. */
export interface TemplateTask {
  readonly world: World;
  readonly package: string;
  /** False while the project is parsed: nothing is asked of the database then. */
  readonly execute: boolean;
  /** What templates see as `model`. */
  readonly model: Plain;
  readonly name: string;
  readonly config: Config;
  readonly current: Relation | null;
  readonly isIncremental: boolean;
  readonly replay: Replay;
  readonly selected: readonly string[];
  readonly ref: (call: RefCall) => JinjaValue;
  readonly source: (source: string, table: string) => JinjaValue;
  readonly onConfig: (settings: Config) => void;
  /** Beside these: the arguments of a generic test, what `on-run-end` sees. */
  readonly extra?: ReadonlyMap<string, JinjaValue>;
  readonly vars?: Plain;
  readonly environment?: Plain;
}

/** What one pass of a rendering leaves behind: messages, and the results of statements by their name. */
export interface Leavings {
  readonly messages: Message[];
  readonly results: Map<string, WarehouseTable>;
}

/** The names that dbt gives to templates. */
export function templateNames(
  task: TemplateTask,
  leavings: Leavings,
  macro: MacroLookup,
): ReadonlyMap<string, JinjaValue> {
  const { world, config } = task;
  const ref = refFunction(task);
  const source = sourceFunction(task);
  const configObject = configFunction(task);
  return new Map<string, JinjaValue>([
    ["ref", ref],
    ["source", source],
    ["config", configObject],
    [
      "builtins",
      new Map<string, JinjaValue>([
        ["ref", ref],
        ["source", source],
        ["config", configObject],
      ]),
    ],
    ["var", varFunction(task)],
    ["env_var", environmentFunction(task)],
    ["this", task.current],
    ["execute", task.execute],
    ["target", targetMap(world)],
    ["adapter", adapterObject(task, leavings, macro)],
    ["api", apiObjects(world.warehouse)],
    ["model", fromPlain(task.model)],
    ["schema", task.current?.name.schema ?? world.target.schema],
    ["database", task.current?.name.database ?? world.warehouse.database],
    ["schemas", []],
    ["pre_hooks", fromPlain(config["pre_hook"] ?? [])],
    ["post_hooks", fromPlain(config["post_hook"] ?? [])],
    ["project_name", world.root.name],
    ["modules", pythonModules(world.startedAtMs)],
    ["return", returnValue],
    ["exceptions", exceptions(leavings)],
    ["flags", flagsMap(world)],
    ["invocation_id", world.invocationId],
    ["invocation_args_dict", new Map<string, JinjaValue>([["which", world.flags.command]])],
    ["dbt_version", "1.11.0"],
    ["run_started_at", startedAt(world)],
    ["selected_resources", [...task.selected]],
    ["local_md5", ([text]) => createHash("md5").update(toText(text)).digest("hex")],
    ["diff_of_two_dicts", () => new Map()],
    ["thread_id", "Thread-1"],
    ...outputFunctions(leavings),
    ...(task.extra ?? []),
  ]);
}

function refFunction({ ref }: TemplateTask): JinjaFunction {
  return (args, named) => {
    const [first, second] = args;
    const given = named.get("v") ?? named.get("version");
    if (args.length === 0 || args.length > 2)
      throw new CallRefusal(`ref() takes at most two arguments (${args.length} given)`);
    return ref({
      package: args.length === 2 ? toText(first) : null,
      name: toText(args.length === 2 ? second : first),
      version: given === undefined || given === null ? null : toText(given),
    });
  };
}

function sourceFunction({ source }: TemplateTask): JinjaFunction {
  return (args) => {
    if (args.length !== 2) throw new CallRefusal(`source() takes exactly two arguments (${args.length} given)`);
    return source(toText(args[0]), toText(args[1]));
  };
}

/** `config(…)` sets; `config.get(…)` reads. */
function configFunction({ config, onConfig }: TemplateTask): JinjaValue {
  const set: JinjaFunction = ([first], named) => {
    const given = new Map<string, JinjaValue>([...(isMap(first) ? first : []), ...named]);
    onConfig(recordOf(toPlain(given)));
    return "";
  };
  const read: JinjaFunction = ([name, fallback = null], named) => {
    const value = config[toText(name)];
    return value === undefined || value === null ? (named.get("default") ?? fallback) : fromPlain(value);
  };
  const need: JinjaFunction = ([name]) => {
    const value = config[toText(name)];
    if (value === undefined) throw new CallRefusal(`the configuration has no ${toText(name)}`);
    return fromPlain(value);
  };
  const meta: JinjaFunction = ([name, fallback = null]) =>
    fromPlain(recordOf(config["meta"])[toText(name)] ?? fallback);
  const members = new Map<string, JinjaValue>([
    ["get", read],
    ["require", need],
    ["meta_get", meta],
    ["persist_relation_docs", () => false],
    ["persist_column_docs", () => false],
    ["set", () => ""],
    ["model", new Map<string, JinjaValue>([["config", fromPlain(config)]])],
  ]);
  return Object.assign(set, { members });
}

function varFunction({ world, package: owner, name: node, execute, vars: overridden = {} }: TemplateTask): JinjaValue {
  const from = world.packages.find(({ name }) => name === owner) ?? world.root;
  const vars = { ...varsOf(from, { root: world.root, given: world.vars }), ...overridden };
  const call: JinjaFunction = ([name, fallback], named) => {
    const key = toText(name);
    if (Object.hasOwn(vars, key)) return fromPlain(vars[key]);
    const otherwise = named.has("default") ? named.get("default") : fallback;
    if (otherwise !== undefined) return otherwise;
    if (!execute) return null;
    throw new CallRefusal(
      `Required var '${key}' not found in config:\nVars supplied to ${node} = ${JSON.stringify(vars, null, 4)}`,
    );
  };
  const members = new Map<string, JinjaValue>([["has_var", ([name]) => Object.hasOwn(vars, toText(name))]]);
  return Object.assign(call, { members });
}

function environmentFunction({ world, environment = {} }: TemplateTask): JinjaFunction {
  const known = { ...world.environment, ...environment };
  return ([name, fallback], named) => environmentValue(known, toText(name), named.get("default") ?? fallback);
}

/** A variable of the environment, as text. One whose name says secret is for profiles alone. */
export function environmentValue(known: Plain, name: string, fallback: JinjaValue): JinjaValue {
  if (name.startsWith("DBT_ENV_SECRET"))
    throw new CallRefusal(
      `Secret env vars are allowed only in profiles.yml or packages.yml. Found '${name}' referenced elsewhere.`,
    );
  if (Object.hasOwn(known, name)) return String(known[name]);
  if (fallback === undefined) throw new CallRefusal(`Env var required but not provided: '${name}'`);
  return typeof fallback === "string" || fallback === null ? fallback : toText(fallback);
}

function targetMap({ target, warehouse }: World): JinjaMap {
  return new Map<string, JinjaValue>([
    ...Object.entries(target.settings)
      .filter(([key]) => !/password|secret|token|key/i.test(key))
      .map(([key, value]): [string, JinjaValue] => [key, fromPlain(value)]),
    ["name", target.name],
    ["target_name", target.name],
    ["profile_name", target.profile],
    ["schema", target.schema],
    ["database", warehouse.database],
    ["type", target.type],
    ["threads", target.threads],
  ]);
}

function flagsMap({ flags }: World): JinjaMap {
  return new Map<string, JinjaValue>([
    ["FULL_REFRESH", flags.fullRefresh],
    ["STORE_FAILURES", flags.storeFailures],
    ["EMPTY", flags.empty],
    ["FAIL_FAST", flags.failFast],
    ["WARN_ERROR", flags.warnError],
    ["WHICH", flags.command],
    ["DEBUG", false],
    ["USE_COLORS", false],
    ["STATIC_PARSER", true],
    ["INDIRECT_SELECTION", "eager"],
  ]);
}

const returnValue: JinjaFunction = ([value = ""]) => {
  throw new ReturnSignal(value);
};

function startedAt({ startedAtMs }: World): JinjaValue {
  const datetime = pythonModules(startedAtMs).get("datetime");
  const type = isMap(datetime) ? datetime.get("datetime") : undefined;
  if (typeof type !== "function" || !("members" in type) || !(type.members instanceof Map)) return null;
  const now: unknown = type.members.get("now");
  return typeof now === "function" ? (now as JinjaFunction)([], new Map()) : null;
}

function outputFunctions({ messages, results }: Leavings): readonly (readonly [string, JinjaValue])[] {
  const log: JinjaFunction = ([text, info], named) => {
    messages.push({ level: isTrue(named.get("info") ?? info) ? "info" : "debug", text: toText(text) });
    return "";
  };
  const print: JinjaFunction = ([text]) => {
    messages.push({ level: "info", text: toText(text) });
    return "";
  };
  const load: JinjaFunction = ([name]) => {
    const found = results.get(toText(name));
    if (found === undefined) return null;
    return new Map<string, JinjaValue>([
      ["table", resultsTable(found)],
      ["data", dataRows(found)],
      ["response", "OK"],
    ]);
  };
  return [
    ["log", log],
    ["print", print],
    ["debug", () => ""],
    ["load_result", load],
    ["store_result", () => ""],
    ["store_raw_result", () => ""],
  ];
}

function exceptions({ messages }: Leavings): JinjaMap {
  const refuse: JinjaFunction = ([message]) => {
    throw new CallRefusal(toText(message));
  };
  const warn: JinjaFunction = ([message]) => {
    messages.push({ level: "warn", text: toText(message) });
    return "";
  };
  const names = [
    "raise_compiler_error",
    "raise_database_error",
    "raise_dependency_error",
    "raise_parsing_error",
    "raise_fail_fast_error",
    "raise_not_implemented",
    "raise_contract_error",
    "missing_config",
    "missing_relation",
    "relation_wrong_type",
    "column_type_missing",
  ];
  return new Map<string, JinjaValue>([
    ...names.map((name): [string, JinjaValue] => [name, refuse]),
    ["warn", warn],
    ["warn_snapshot_timestamp_data_types", () => ""],
  ]);
}
