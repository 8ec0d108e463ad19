import { CallRefusal, Renderer, ReturnSignal, Scope } from "../jinja/evaluate.ts";
import { globalFunctions } from "../jinja/globals.ts";
import { parseTemplate } from "../jinja/parser.ts";
import { fromPlain, isMap, toText, type JinjaFunction, type JinjaMap, type JinjaValue } from "../jinja/values.ts";
import type { MacroFile } from "./project.ts";

/** What a template may ask of the world around it. All of it comes in from outside. */
export interface DbtWorld {
  readonly vars: Readonly<Record<string, unknown>>;
  readonly environment: Readonly<Record<string, string>>;
  readonly macros: readonly MacroFile[];
  readonly projectName: string;
  ref(name: string): string;
  source(source: string, table: string): string;
  config(settings: ReadonlyMap<string, JinjaValue>): void;
  readonly current: string;
  readonly isIncremental: boolean;
}

/** Renders one template file in dbt's context. */
export function renderDbt(template: { readonly source: string; readonly file: string }, world: DbtWorld): string {
  const renderer = new Renderer();
  const scope = new Scope();
  for (const [name, value] of globalFunctions()) scope.set(name, value);
  for (const [name, value] of contextOf(world, scope)) scope.set(name, value);
  for (const { path, source } of world.macros) renderer.define(parseTemplate(source, path), scope);
  return renderer.render(parseTemplate(template.source, template.file), new Scope(scope));
}

function contextOf(world: DbtWorld, scope: Scope): ReadonlyMap<string, JinjaValue> {
  const lookup = (name: string) => scope.get(name);
  return new Map<string, JinjaValue>([
    ["ref", (args) => world.ref(toText(args.at(-1)))],
    ["source", ([source, table]) => world.source(toText(source), toText(table))],
    ["config", configFunction(world)],
    ["var", variable(world)],
    ["env_var", environment(world)],
    ["this", world.current],
    ["is_incremental", () => world.isIncremental],
    ["execute", true],
    [
      "target",
      new Map<string, JinjaValue>([
        ["name", "dev"],
        ["schema", "main"],
        ["type", "duckdb"],
        ["database", "main"],
      ]),
    ],
    [
      "adapter",
      new Map<string, JinjaValue>([
        ["dispatch", dispatch(lookup)],
        ["quote", ([name]) => `"${toText(name)}"`],
      ]),
    ],
    ["return", returnValue],
    ["log", () => ""],
    ["print", () => ""],
    ["exceptions", exceptions()],
    ["project_name", world.projectName],
    ["modules", new Map()],
    ["model", new Map<string, JinjaValue>([["name", world.current]])],
  ]);
}

function configFunction(world: DbtWorld): JinjaFunction {
  return (args, named) => {
    const settings = new Map(named);
    const [first] = args;
    if (isMap(first)) for (const [key, value] of first) settings.set(key, value);
    world.config(settings);
    return "";
  };
}

function variable(world: DbtWorld): JinjaFunction {
  return ([name, fallback], named) => {
    const key = toText(name);
    if (Object.hasOwn(world.vars, key)) return fromPlain(world.vars[key]);
    const otherwise = named.get("default") ?? fallback;
    if (otherwise === undefined)
      throw new CallRefusal(`the variable ${key} is not set; give it in dbt_project.yml under \`vars\``);
    return otherwise;
  };
}

function environment(world: DbtWorld): JinjaFunction {
  return ([name, fallback]) => {
    const key = toText(name);
    if (Object.hasOwn(world.environment, key)) return world.environment[key];
    if (fallback === undefined) throw new CallRefusal(`the environment has no variable ${key}`);
    return fallback;
  };
}

/** dbt's dispatch: the macro for this engine (`duckdb__name`), else the default, else the plain one. */
function dispatch(lookup: (name: string) => JinjaValue): JinjaFunction {
  return ([name]) => {
    for (const candidate of [`duckdb__${toText(name)}`, `default__${toText(name)}`, toText(name)]) {
      const found = lookup(candidate);
      if (typeof found === "function") return found;
    }
    throw new CallRefusal(`no macro ${toText(name)} is found to dispatch to`);
  };
}

const returnValue: JinjaFunction = ([value]) => {
  throw new ReturnSignal(value);
};

function exceptions(): JinjaMap {
  const refuse: JinjaFunction = ([message]) => {
    throw new CallRefusal(toText(message));
  };
  return new Map<string, JinjaValue>([
    ["raise_compiler_error", refuse],
    ["warn", () => ""],
  ]);
}
