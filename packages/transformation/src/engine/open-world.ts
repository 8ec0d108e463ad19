import { isAbsolute, join } from "node:path";
import { fromPlain, toPlain, toText, isObject, type JinjaFunction, type JinjaValue } from "../jinja/values.ts";
import { Renderer } from "../jinja/renderer.ts";
import { Scope } from "../jinja/scope.ts";
import { parseTemplate } from "../jinja/parser.ts";
import type { DbtArguments } from "./arguments.ts";
import { collectMacros } from "./macros.ts";
import { environmentValue } from "./names.ts";
import { textOf } from "./plain.ts";
import { dispatchOrders, readPackages } from "./project-files.ts";
import { readTarget, type Target } from "./profile.ts";
import type { Warehouse } from "./warehouse.ts";
import type { Message, World } from "./world.ts";

export interface OpenWorldOptions {
  readonly projectDir: string;
  readonly asked: DbtArguments;
  readonly environment: Readonly<Record<string, string>>;
  readonly openWarehouse: (target: Target, projectDir: string) => Warehouse;
  readonly tell: (message: Message) => void;
  readonly startedAtMs: number;
  readonly invocationId: string;
}

/** Reads a project's files and its profile. */
export async function openWorld({
  projectDir,
  asked,
  environment,
  openWarehouse,
  tell,
  startedAtMs,
  invocationId,
}: OpenWorldOptions): Promise<World> {
  const packages = await readPackages(projectDir);
  const [root] = packages;
  if (root === undefined) throw new Error("a project has a root");
  const { values, flags } = asked;
  const profilesDir = values["profiles-dir"] ?? environment["DBT_PROFILES_DIR"] ?? projectDir;
  const target = await readTarget({
    profilesDir: isAbsolute(profilesDir) ? profilesDir : join(process.cwd(), profilesDir),
    profile: values["profile"] ?? textOf(root.settings["profile"], root.name),
    target: values["target"] ?? environment["DBT_TARGET"],
    render: profileRenderer(environment),
  });
  return {
    root,
    packages,
    macros: collectMacros(packages, root.name),
    target,
    environment,
    vars: asked.vars,
    flags: {
      fullRefresh: flags.has("full-refresh"),
      storeFailures: flags.has("store-failures"),
      empty: flags.has("empty"),
      favorState: flags.has("favor-state"),
      failFast: flags.has("fail-fast"),
      warnError: flags.has("warn-error"),
      command: asked.command,
    },
    dispatch: dispatchOrders(root),
    warehouse: openWarehouse(target, projectDir),
    invocationId,
    startedAtMs,
    inLake: false,
    tell,
  };
}

/** In a profile only the environment is known; its secrets too. */
function profileRenderer(environment: Readonly<Record<string, string>>): (value: unknown, path: string) => unknown {
  const known: JinjaFunction = ([name, fallback]) => {
    const key = toText(name);
    return Object.hasOwn(environment, key) ? environment[key] : environmentValue(environment, key, fallback);
  };
  const scope = new Scope();
  scope.set("env_var", known);
  const render = (value: unknown, path: string): unknown => {
    if (Array.isArray(value)) return value.map((item) => render(item, path));
    if (value !== null && typeof value === "object")
      return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, render(inner, path)]));
    if (typeof value !== "string" || !value.includes("{{")) return value;
    const nodes = parseTemplate(value, path);
    const [only] = nodes;
    const renderer = new Renderer();
    const found: JinjaValue =
      nodes.length === 1 && only?.kind === "print"
        ? renderer.evaluate(only.value, scope)
        : renderer.render(nodes, scope);
    return isObject(found) ? found.toText() : toPlain(fromPlain(toPlain(found)));
  };
  return render;
}
