import { glob, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { contentHash, type ErrorPlace } from "@millwright/kernel";
import { LineCounter, parseDocument } from "yaml";
import { transformationErrors } from "../errors.ts";
import { toPlain, type JinjaValue } from "../jinja/values.ts";
import { renderDbt, type DbtWorld } from "./context.ts";
import { readTests } from "./read-tests.ts";
import type { DbtColumn, DbtModel, DbtProject, MacroFile, Materialization, ModelConfig } from "./project.ts";

export interface OpenDbtOptions {
  readonly projectDir: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** A YAML properties entry: a model's description, columns and tests. */
export interface Properties {
  readonly path: string;
  readonly models: readonly Record<string, unknown>[];
  readonly sources: readonly Record<string, unknown>[];
}

/** Reads a dbt project's files. With no `dbt_project.yml` it is a project without models. */
export async function openDbtProject({ projectDir, environment = {} }: OpenDbtOptions): Promise<DbtProject> {
  const settings = await readYaml(projectDir, "dbt_project.yml");
  const name = textOf(settings["name"], "project");
  const vars = recordOf(settings["vars"]);
  const macros = await readAll(projectDir, { folders: listOf(settings["macro-paths"], "macros"), suffix: ".sql" });
  const modelFolders = listOf(settings["model-paths"], "models");
  const properties = await readProperties(projectDir, modelFolders);
  const files = await readAll(projectDir, { folders: modelFolders, suffix: ".sql" });
  const shared = {
    name,
    vars: flatVars(vars, name),
    macros,
    environment,
    properties,
    folderConfig: recordOf(recordOf(settings["models"])[name]),
    modelFolders,
  };
  const models = files.map((file) => readModel(file, shared)).filter(({ config }) => config.enabled);
  refuseRepeated(models);
  const sources = properties.flatMap(({ sources: declared }) => declared.flatMap(tablesOf));
  const singular = await readAll(projectDir, { folders: listOf(settings["test-paths"], "tests"), suffix: ".sql" });
  const tests = readTests({ properties, singular, world: shared, models });
  return { name, dir: projectDir, models, tests, sources, macros, vars: shared.vars };
}

export interface SharedWorld {
  readonly name: string;
  readonly vars: Readonly<Record<string, unknown>>;
  readonly macros: readonly MacroFile[];
  readonly environment: Readonly<Record<string, string>>;
  readonly properties: readonly Properties[];
  readonly folderConfig: Readonly<Record<string, unknown>>;
  readonly modelFolders: readonly string[];
}

/** Renders once to see what a file refers to and how it is configured, as dbt does when it parses. */
export function discover(
  file: MacroFile,
  shared: SharedWorld,
): { refs: string[]; sources: string[]; config: Map<string, JinjaValue>; sql: string } {
  const refs: string[] = [];
  const sources: string[] = [];
  const config = new Map<string, JinjaValue>();
  const world: DbtWorld = {
    vars: shared.vars,
    environment: shared.environment,
    macros: shared.macros,
    projectName: shared.name,
    ref: (model) => {
      refs.push(model);
      return `"main"."${model}"`;
    },
    source: (_source, table) => {
      sources.push(table);
      return `"main"."${table}"`;
    },
    config: (settings) => {
      for (const [key, value] of settings) config.set(key, value);
    },
    current: basename(file.path, ".sql"),
    isIncremental: false,
  };
  const sql = renderDbt({ source: file.source, file: file.path }, world);
  // What only an incremental run refers to is a dependency too.
  renderDbt({ source: file.source, file: file.path }, { ...world, isIncremental: true });
  return { refs: [...new Set(refs)], sources: [...new Set(sources)], config, sql };
}

function readModel(file: MacroFile, shared: SharedWorld): DbtModel {
  const name = basename(file.path, ".sql");
  const found = discover(file, shared);
  const declared = shared.properties.flatMap(({ models }) => models).find((entry) => entry["name"] === name);
  const config = configOf(file, { shared, declared, inline: found.config });
  return {
    name,
    path: file.path,
    source: file.source,
    config,
    refs: found.refs,
    sources: found.sources,
    description: textOf(declared?.["description"], ""),
    columns: columnsOf(declared),
    hash: contentHash({
      source: file.source,
      config,
      vars: shared.vars,
      macros: usedMacros(file, shared.macros),
      environment: /env_var/.test(file.source) ? shared.environment : {},
    }),
  };
}

/** The macro files whose macros a text names, and those that these name. */
function usedMacros(file: MacroFile, macros: readonly MacroFile[]): readonly MacroFile[] {
  const used = new Set<MacroFile>();
  const queue = [file];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    const { source } = next;
    for (const macro of macros) {
      const names = [...macro.source.matchAll(/\{%-?\s*macro\s+(\w+)/g)].map(([, name = ""]) =>
        name.replace(/^(default|duckdb)__/, ""),
      );
      if (!used.has(macro) && names.some((name) => new RegExp(`\\b${name}\\b`).test(source))) {
        used.add(macro);
        queue.push(macro);
      }
    }
  }
  return [...used];
}

function configOf(
  file: MacroFile,
  {
    shared,
    declared,
    inline,
  }: {
    readonly shared: SharedWorld;
    readonly declared: Record<string, unknown> | undefined;
    readonly inline: Map<string, JinjaValue>;
  },
): ModelConfig {
  const settings: Record<string, unknown> = { ...folderSettings(file.path, shared), ...recordOf(declared?.["config"]) };
  for (const [key, value] of inline) settings[key] = toPlain(value);
  const materialized = textOf(settings["materialized"], "view");
  if (!isMaterialization(materialized)) {
    throw transformationErrors.create("transformation/unknown-materialization", {
      because: `${file.path}: ${materialized}`,
      where: { file: file.path },
    });
  }
  return {
    materialized,
    uniqueKey: listOf(settings["unique_key"]),
    tags: listOf(settings["tags"]),
    enabled: settings["enabled"] !== false,
  };
}

function isMaterialization(value: string): value is Materialization {
  return value === "table" || value === "view" || value === "incremental" || value === "ephemeral";
}

/** `models:` of dbt_project.yml, walked down the file's folders; a `+` before a key is optional. */
function folderSettings(path: string, { folderConfig, modelFolders }: SharedWorld): Record<string, unknown> {
  const root = modelFolders.find((folder) => path.startsWith(`${folder}/`)) ?? "";
  const parts = path
    .slice(root.length + 1)
    .split("/")
    .slice(0, -1);
  const settings: Record<string, unknown> = {};
  let level: Record<string, unknown> | undefined = folderConfig;
  for (const part of [...parts, undefined]) {
    for (const [key, value] of Object.entries(level)) {
      if (key.startsWith("+")) settings[key.slice(1)] = value;
      else if (value === null || typeof value !== "object") settings[key] = value;
    }
    if (part === undefined) break;
    level = recordOf(level[part]);
  }
  return settings;
}

function columnsOf(declared: Record<string, unknown> | undefined): readonly DbtColumn[] {
  return recordsOf(declared?.["columns"]).map((column) => ({
    name: textOf(column["name"], ""),
    description: textOf(column["description"], ""),
  }));
}

function tablesOf(source: Record<string, unknown>) {
  return recordsOf(source["tables"]).map((table) => ({
    source: textOf(source["name"], ""),
    table: textOf(table["name"], ""),
    description: textOf(table["description"], ""),
  }));
}

/** `vars` may be global or below the project's name. */
function flatVars(vars: Record<string, unknown>, project: string): Record<string, unknown> {
  return { ...vars, ...recordOf(vars[project]) };
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

async function readProperties(projectDir: string, folders: readonly string[]): Promise<readonly Properties[]> {
  const paths = await pathsBelow(projectDir, { folders, pattern: "**/*.{yml,yaml}" });
  return Promise.all(
    paths.map(async (path) => {
      const content = await readYaml(projectDir, path);
      return { path, models: recordsOf(content["models"]), sources: recordsOf(content["sources"]) };
    }),
  );
}

async function readAll(
  projectDir: string,
  { folders, suffix }: { readonly folders: readonly string[]; readonly suffix: string },
): Promise<readonly MacroFile[]> {
  const paths = await pathsBelow(projectDir, { folders, pattern: `**/*${suffix}` });
  return Promise.all(paths.map(async (path) => ({ path, source: await readFile(join(projectDir, path), "utf8") })));
}

async function pathsBelow(
  projectDir: string,
  { folders, pattern }: { readonly folders: readonly string[]; readonly pattern: string },
): Promise<readonly string[]> {
  const found: string[] = [];
  for (const folder of folders)
    found.push(...(await Array.fromAsync(glob(`${folder}/${pattern}`, { cwd: projectDir }))));
  return found.toSorted();
}

async function readYaml(projectDir: string, path: string): Promise<Record<string, unknown>> {
  const text = await readFile(join(projectDir, path), "utf8").catch(() => "");
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const [problem] = document.errors;
  if (problem !== undefined) {
    const { line, col } = lines.linePos(problem.pos[0]);
    throw projectFile(`${path}:${line}: ${problem.message.split("\n")[0]}`, { file: path, line, column: col });
  }
  return recordOf(document.toJS({ maxAliasCount: 100 }));
}

function projectFile(because: string, where: ErrorPlace): Error {
  return transformationErrors.create("transformation/project-file", { because, where });
}

export function recordOf(value: unknown): Record<string, unknown> {
  return value !== null && typeof value === "object" && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

export function recordsOf(value: unknown): readonly Record<string, unknown>[] {
  return Array.isArray(value) ? value.map(recordOf) : [];
}

export function textOf(value: unknown, fallback: string): string {
  return typeof value === "string" ? value : fallback;
}

function listOf(value: unknown, fallback?: string): readonly string[] {
  if (typeof value === "string") return [value];
  if (Array.isArray(value)) return value.filter((item) => typeof item === "string");
  return fallback === undefined ? [] : [fallback];
}
