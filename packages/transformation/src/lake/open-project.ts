import { contentHash, isMillError } from "@millwright/kernel";
import { isMirrorFormat } from "@millwright/lakehouse";
import { transformationErrors } from "../errors.ts";
import { collectMacros, materializationMacro, type Macros } from "../engine/macros.ts";
import type { DbtNode, Manifest } from "../engine/node.ts";
import { indexNodes, type Index } from "../engine/parse/link.ts";
import { parseProject } from "../engine/parse/parse-project.ts";
import { recordOf, textOf, textsOf } from "../engine/plain.ts";
import { dispatchOrders, readPackages, varsOf } from "../engine/project-files.ts";
import type { World } from "../engine/world.ts";
import { hooksOf } from "../engine/run/hooks.ts";
import { compileTest, NO_WAREHOUSE } from "./compile.ts";
import type { DbtModel, DbtProject, DbtTest, Materialization, ModelConfig } from "./lake-project.ts";

export interface OpenDbtOptions {
  readonly projectDir: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** Reads a dbt project's files. With no `dbt_project.yml` it is a project without models. */
export async function openDbtProject({ projectDir, environment = {} }: OpenDbtOptions): Promise<DbtProject> {
  const world = await lakeWorld(projectDir, environment);
  const manifest = readManifest(world);
  const index = indexNodes(manifest.nodes.values());
  const all = [...manifest.nodes.values()];
  const models = all
    .filter(({ type }) => type === "model" || type === "seed" || type === "snapshot")
    .map((node) => modelOf(node, { world, index }));
  refuseRepeated(models);
  const project = { name: manifest.project, dir: projectDir, models, tests: [], manifest, world };
  const tests: DbtTest[] = [];
  for (const node of all) if (node.type === "test") tests.push(await testOf(node, { project, index }));
  return { ...project, tests };
}

async function lakeWorld(projectDir: string, environment: Readonly<Record<string, string>>): Promise<World> {
  const packages = await readPackages(projectDir);
  const [root] = packages;
  if (root === undefined) throw new Error("a project has a root");
  return {
    root,
    packages,
    macros: collectMacros(packages, root.name),
    target: {
      profile: root.name,
      name: "dev",
      type: "duckdb",
      schema: "main",
      path: "",
      database: NO_WAREHOUSE.database,
      threads: 1,
      settings: {},
    },
    environment,
    vars: {},
    flags: {
      fullRefresh: false,
      storeFailures: false,
      empty: false,
      favorState: false,
      failFast: false,
      warnError: false,
      command: "run",
    },
    dispatch: dispatchOrders(root),
    warehouse: NO_WAREHOUSE,
    invocationId: "",
    startedAtMs: 0,
    inLake: true,
    tell: () => undefined,
  };
}

/** What does not stand is told by the codes of this command line, not as dbt's own. */
function readManifest(world: World): Manifest {
  try {
    return parseProject(world);
  } catch (error) {
    if (!isMillError(error) || error.code !== "transformation/dbt") throw error;
    const code = /dbt found two/.test(error.because) ? "transformation/duplicate-model" : "transformation/template";
    throw transformationErrors.create(code, {
      because: error.because,
      ...(error.where === undefined ? {} : { where: error.where }),
      cause: error,
    });
  }
}

/** The table that a node is in the lake, where there is one namespace: its alias; a source is the table itself. */
export function tableOf(node: DbtNode): string {
  return node.source?.identifier ?? node.alias;
}

function modelOf(node: DbtNode, { world, index }: { readonly world: World; readonly index: Index }): DbtModel {
  const config = configOf(node, world.macros);
  const owner = world.packages.find(({ name }) => name === node.package) ?? world.root;
  const hooks = [...hooksOf(node, "pre_hook"), ...hooksOf(node, "post_hook")].map(({ sql }) => sql);
  const macros = usedMacros([node.rawCode, ...hooks, config.customName ?? ""].join("\n"), world.macros);
  const usesEnvironment = [node.rawCode, ...macros].some((text) => text.includes("env_var"));
  return {
    name: tableOf(node),
    path: node.path,
    source: node.rawCode,
    config,
    refs: refsOf(node, index),
    sources: sourcesOf(node, index),
    description: node.description,
    columns: node.columns.map(({ name, description }) => ({ name, description })),
    hash: contentHash({
      source: node.rawCode,
      config: node.config,
      vars: varsOf(owner, { root: world.root, given: world.vars }),
      macros,
      environment: usesEnvironment ? world.environment : {},
    }),
    node,
  };
}

function refsOf(node: DbtNode, index: Index): readonly string[] {
  const names = node.refs.map((call) => {
    const target = index.ref(call, node.package);
    return target === undefined ? call.name : tableOf(target);
  });
  return [...new Set(names)];
}

function sourcesOf(node: DbtNode, index: Index): readonly string[] {
  const names = node.sources.map(([source, table]) => {
    const target = index.source(source, table, node.package);
    return target === undefined ? table : tableOf(target);
  });
  return [...new Set(names)];
}

function configOf({ config, path, name, package: owner }: DbtNode, macros: Macros): ModelConfig {
  const materialized = textOf(config["materialized"], "view");
  const isCustom = materializationMacro(macros, materialized, owner) !== undefined;
  if (!isCustom && !isMaterialization(materialized)) {
    throw transformationErrors.create("transformation/unknown-materialization", {
      because: `${path}: ${name} asks for ${materialized}`,
      where: { file: path },
    });
  }
  return {
    ...(isCustom || !isMaterialization(materialized)
      ? { materialized: "custom", customName: materialized }
      : { materialized }),
    uniqueKey: textsOf(config["unique_key"]),
    ...layoutOf(config),
    tags: textsOf(config["tags"]),
    onSchemaChange: textOf(config["on_schema_change"], "ignore"),
    mirrors: mirrorsOf(textsOf(config["mirrors"]), { path, name }),
  };
}

function mirrorsOf(formats: readonly string[], { path, name }: Pick<DbtNode, "path" | "name">): readonly string[] {
  const other = formats.find((format) => !isMirrorFormat(format));
  if (other === undefined) return formats;
  throw transformationErrors.create("transformation/unknown-mirror", {
    because: `${path}: ${name} is to be mirrored as ${other}`,
    where: { file: path },
  });
}

/** How a model's table is laid out, by the names that dbt's adapters for tables of files have for it. */
function layoutOf(config: DbtNode["config"]): Pick<ModelConfig, "partitionBy" | "sortBy" | "tableProperties"> {
  const first = (...names: readonly string[]) => names.map((name) => config[name]).find((value) => value !== undefined);
  const [partition, sort] = [first("partition_by", "partitioned_by"), first("sort_by", "sorted_by")];
  const properties = first("table_properties", "tblproperties");
  const entries = typeof properties === "object" && properties !== null ? Object.entries(properties) : [];
  return {
    ...(partition === undefined || partition === null ? {} : { partitionBy: textsOf(partition) }),
    ...(sort === undefined || sort === null ? {} : { sortBy: textsOf(sort) }),
    tableProperties: Object.fromEntries(entries.map(([name, value]) => [name, String(value)])),
  };
}

function isMaterialization(value: string): value is Materialization {
  return ["table", "view", "incremental", "ephemeral", "seed", "snapshot"].includes(value);
}

/** What stands around the name by which a macro is called. */
const CALLED_WITHOUT = /^(?:default|duckdb)__|^materialization_|_(?:default|duckdb)$/g;

/** The texts of the macros that a text names, and of those that these name. */
function usedMacros(text: string, macros: Macros): readonly string[] {
  const all = [...macros.packages].filter(([owner]) => owner !== "dbt").flatMap(([, own]) => [...own.values()]);
  const used = new Set<string>();
  const queue = [text];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    const words = new Set(next.match(/\w+/g));
    for (const macro of all) {
      if (used.has(macro.text) || !words.has(macro.name.replace(CALLED_WITHOUT, ""))) continue;
      used.add(macro.text);
      queue.push(macro.text);
    }
  }
  return [...used].toSorted();
}

async function testOf(
  node: DbtNode,
  { project, index }: { readonly project: DbtProject; readonly index: Index },
): Promise<DbtTest> {
  const reads = [...refsOf(node, index), ...sourcesOf(node, index)];
  const attached = node.test === undefined ? undefined : project.manifest.nodes.get(node.test.attached);
  const severity = textOf(node.config["severity"], "error").toLowerCase().startsWith("warn") ? "warning" : "error";
  return {
    name: node.name,
    model: attached === undefined ? (reads.at(-1) ?? "") : tableOf(attached),
    column: node.test?.column ?? null,
    kind: node.test?.name ?? "singular",
    severity,
    reads,
    sql: await compileTest(project, { node }, undefined),
    path: node.path,
    node,
  };
}

function refuseRepeated(models: readonly DbtModel[]): void {
  const seen = new Map<string, DbtModel>();
  for (const model of models) {
    const other = seen.get(model.name);
    if (other !== undefined) {
      throw transformationErrors.create("transformation/duplicate-model", {
        because: `${other.path} and ${model.path} are both called ${model.name}`,
        where: { file: model.path },
      });
    }
    seen.set(model.name, model);
  }
}

/** Whether the failing rows of a test are kept in a table. */
export function keepsFailures({ config }: DbtNode): boolean {
  return config["store_failures"] === true && recordOf(config)["store_failures_as"] !== "ephemeral";
}
