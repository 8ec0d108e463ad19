import { createHash } from "node:crypto";
import { nearest } from "@millwright/kernel";
import { fromPlain, type JinjaFunction, type JinjaValue } from "../../jinja/values.ts";
import { parseCall, parseValue } from "../compile-text.ts";
import { blankNode } from "../blank-node.ts";
import { merged, projectConfig } from "../config.ts";
import type { TemplateTask } from "../names.ts";
import type { Config, DbtNode, GenericTest } from "../node.ts";
import { isRecord, recordOf, textOf, textOrNull, textsOf, type Plain } from "../plain.ts";
import { foldersOf } from "../project-files.ts";
import type { World } from "../world.ts";
import { columnEntries, withDefaults } from "./file-nodes.ts";
import { inNode, noCalls, parseTask, refused, relationNames, type PackageParsing } from "./parsing.ts";
import type { Entry } from "./yaml-entries.ts";

const CONFIG_KEYS = [
  "severity",
  "tags",
  "enabled",
  "where",
  "limit",
  "warn_if",
  "error_if",
  "fail_calc",
  "store_failures",
  "store_failures_as",
  "meta",
  "database",
  "schema",
  "alias",
  "group",
];
const NAME_LENGTH_MAX = 63;

/** What is tested, and how the test says it. */
export interface Tested {
  /** The node's unique id, for what hangs on it. */
  readonly id: string;
  /** As names have it: `orders`, `feed_sales`, `fees_v1`. */
  readonly label: string;
  readonly expression: string;
  readonly isSource: boolean;
  readonly tags: readonly string[];
}

/** All tests that an entry declares, on itself and on its columns. */
export function genericTests(
  parsing: PackageParsing,
  entry: Entry,
  {
    tested,
    content,
    version,
    kind,
  }: { readonly tested: Tested; readonly content: Plain; readonly version?: Plain; readonly kind: string },
): readonly DbtNode[] {
  const own = declarations(
    version !== undefined && (version["data_tests"] ?? version["tests"]) !== undefined ? version : content,
  );
  const onColumns = columnEntries(content, version).flatMap((column) =>
    declarations(column).map((declared) => ({ declared, column })),
  );
  const all = [...own.map((declared) => ({ declared, column: undefined })), ...onColumns];
  return all.map(({ declared, column }) => genericTest(parsing, { declared, column, tested, path: entry.path, kind }));
}

function declarations(content: Plain): readonly unknown[] {
  const tests = content["data_tests"] ?? content["tests"];
  return Array.isArray(tests) ? (tests as readonly unknown[]) : [];
}

interface Declaration {
  readonly declared: unknown;
  readonly column: Plain | undefined;
  readonly tested: Tested;
  readonly path: string;
  readonly kind: string;
}

function genericTest(parsing: PackageParsing, declaration: Declaration): DbtNode {
  const { owner, world, render } = parsing;
  const { declared, column, tested, path, kind } = declaration;
  const { test, options } = testAndOptions(declared, path);
  const [namespace, name] = test.includes(".")
    ? [test.split(".")[0] ?? null, test.split(".").slice(1).join(".")]
    : [null, test];
  const columnName = column === undefined ? null : quotedColumn(column);
  const args = argumentsOf(options, columnName);
  const generated = testName({ test: namespace === null ? name : `${namespace}_${name}`, tested, args });
  const shown = textOrNull(options["name"]) ?? generated.full;
  const fqn = [owner.name, ...foldersOf(owner, kind, path), shown];
  const info: GenericTest = {
    name,
    namespace,
    arguments: args,
    column: column === undefined ? null : textOf(column["name"]),
    model: tested.expression,
    attached: tested.id,
  };
  const given = { ...pick(options, CONFIG_KEYS), ...recordOf(options["config"]) };
  const before = projectConfig({ owner, root: world.root, section: "data_tests" }, { fqn, render });
  const inherited = [
    ...(tested.isSource ? tested.tags : []),
    ...textsOf(column?.["tags"] ?? recordOf(column?.["config"])["tags"]),
  ];
  const calls = noCalls();
  const yaml = recordOf(render(given, path));
  const task = parseTask(world, { owner: owner.name, name: shown, config: merged(before, yaml), calls });
  try {
    callTest(task, info);
  } catch (error) {
    throw inNode(error, { type: "test", name: shown, path });
  }
  // A long name is cut where it names a relation.
  const named = shown === generated.full && generated.alias !== shown ? { alias: generated.alias } : {};
  const config = storing(
    withDefaults([{ tags: inherited, ...named }, calls.config, yaml].reduce(merged, before), "test"),
  );
  const id = `test.${owner.name}.${shown}.${idHash(info, shown)}`;
  return {
    ...blankNode(world, { id, type: "test", name: shown, package: owner.name, path, fqn, config }),
    ...relationNames(world, { name: shown, owner, type: "test", config, fqn, version: null }),
    rawCode: JSON.stringify([info.namespace, info.name, info.model, args]),
    description: textOf(options["description"]),
    refs: calls.refs,
    sources: calls.sources,
    macros: [...calls.macros],
    patchPath: path,
    test: info,
  };
}

/** Where failures are stored says whether they are. */
function storing(config: Config): Config {
  const how = config["store_failures_as"];
  return how === undefined || how === null ? config : { ...config, store_failures: how !== "ephemeral" };
}

/** `- unique`, `- unique: {…}` or `- test_name: unique`. */
function testAndOptions(declared: unknown, path: string): { readonly test: string; readonly options: Plain } {
  if (typeof declared === "string") return { test: declared, options: {} };
  const entry = recordOf(declared);
  const named = entry["test_name"];
  if (typeof named === "string") return { test: named, options: entry };
  const [test = "", ...others] = Object.keys(entry);
  if (test === "" || (others.length > 0 && !isRecord(entry[test]) && entry[test] !== null))
    throw refused(`Compilation Error: ${path}: a test is its name, or its name with its arguments below it`, path);
  // Keys beside the test's name are its configuration, as dbt reads them.
  const { [test]: own, ...beside } = entry;
  return { test, options: { ...beside, ...recordOf(own) } };
}

function quotedColumn(column: Plain): string {
  const name = textOf(column["name"]);
  return column["quote"] === true ? `"${name}"` : name;
}

function argumentsOf(options: Plain, column: string | null): Plain {
  const reserved = new Set([...CONFIG_KEYS, "config", "name", "test_name", "description", "arguments"]);
  const plain = Object.fromEntries(Object.entries(options).filter(([key]) => !reserved.has(key)));
  return { ...plain, ...recordOf(options["arguments"]), ...(column === null ? {} : { column_name: column }) };
}

function pick(from: Plain, keys: readonly string[]): Plain {
  return Object.fromEntries(keys.filter((key) => from[key] !== undefined).map((key) => [key, from[key]]));
}

/** dbt's name of a test: the test, the model, the arguments in the order of their names; a long one has a relation's name that is cut and hashed. */
function testName({ test, tested, args }: { readonly test: string; readonly tested: Tested; readonly args: Plain }): {
  readonly full: string;
  readonly alias: string;
} {
  const values = Object.keys(args)
    .toSorted()
    .flatMap((key) => flat(args[key]))
    .map((text) => text.replaceAll(/[^0-9a-zA-Z_]+/g, "_"));
  const identifier = `${tested.isSource ? "source_" : ""}${test}_${tested.label}`;
  const full = values.length === 0 ? `${identifier}_` : `${identifier}_${values.join("__")}`;
  return { full, alias: full.length <= NAME_LENGTH_MAX ? full : shortened(full, identifier) };
}

function shortened(full: string, identifier: string): string {
  return `${identifier.slice(0, 30)}_${createHash("md5").update(full).digest("hex")}`;
}

function flat(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.map(pythonText);
  if (isRecord(value)) return Object.values(value).map(pythonText);
  return [pythonText(value)];
}

function pythonText(value: unknown): string {
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  return typeof value === "string" || typeof value === "number" ? String(value) : JSON.stringify(value);
}

function idHash(info: GenericTest, name: string): string {
  return createHash("md5")
    .update(JSON.stringify([info, name]))
    .digest("hex")
    .slice(0, 10);
}

const EXPRESSION = /^\s*(?:ref|var|env_var|source|metric)\s*\(.+\)\s*$/s;

/** The arguments of a test's macro: texts that are expressions stand for what they mean. */
function testArguments(
  task: TemplateTask,
  { model, arguments: args }: GenericTest,
  path: string,
): Map<string, JinjaValue> {
  const value = (given: unknown): JinjaValue => {
    if (typeof given === "string") return parseValue(task, EXPRESSION.test(given) ? `{{ ${given} }}` : given, path);
    if (Array.isArray(given)) return given.map(value);
    if (isRecord(given)) return new Map(Object.entries(given).map(([key, inner]) => [key, value(inner)]));
    return fromPlain(given);
  };
  const subject = parseValue(task, `{{ get_where_subquery(${model}) }}`, path);
  return new Map([
    ["model", subject],
    ...Object.entries(args).map(([key, given]): [string, JinjaValue] => [key, value(given)]),
  ]);
}

/** The macro that a generic test is. */
function testMacro({ name, namespace }: GenericTest): { readonly name: string; readonly package?: string } {
  return { name: `test_${name}`, ...(namespace === null ? {} : { package: namespace }) };
}

function callTest(task: TemplateTask, info: GenericTest): void {
  const named = testArguments(task, info, task.name);
  const macro = testMacro(info);
  if (parseCall(task, macro, { args: [], named }) !== undefined) return;
  const meant = nearest(info.name, knownTests(task.world));
  const hint = meant === undefined ? "" : ` Did you mean ${meant}?`;
  throw refused(`'test_${info.name}' is undefined. There is no generic test ${info.name}.${hint}`);
}

function knownTests({ macros }: World): readonly string[] {
  const names = [...macros.packages.values()].flatMap((own) => [...own.keys()]);
  return names.flatMap((name) => /(?:^|__)test_(\w+)$/.exec(name)?.[1] ?? []);
}

/** The template by which a test is run: the macro with its arguments, as names of the template. */
export function testTemplate(info: GenericTest): {
  readonly text: string;
  readonly names: (task: TemplateTask) => ReadonlyMap<string, JinjaValue>;
} {
  const call = `${info.namespace === null ? "" : `${info.namespace}.`}test_${info.name}`;
  return {
    text: `{{ ${call}(**_dbt_generic_test_kwargs()) }}`,
    names: (task) => {
      const kwargs: JinjaFunction = () => testArguments(task, info, task.name);
      return new Map<string, JinjaValue>([["_dbt_generic_test_kwargs", kwargs]]);
    },
  };
}

/** The label, expression and id of a model, seed or snapshot that a YAML entry tests. */
export function testedNode(node: DbtNode): Tested {
  const version = node.version === null ? "" : `, version='${node.version}'`;
  return {
    id: node.id,
    label: node.version === null ? node.name : `${node.name}_v${node.version}`,
    expression: `ref('${node.name}'${version})`,
    isSource: false,
    tags: node.tags,
  };
}

export function testedSource(node: DbtNode): Tested {
  const source = node.source?.sourceName ?? "";
  return {
    id: node.id,
    label: `${source}_${node.name}`,
    expression: `source('${source}', '${node.name}')`,
    isSource: true,
    tags: node.tags,
  };
}
