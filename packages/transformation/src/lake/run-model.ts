import { isMillError, type Column, type ProgressSink } from "@millwright/kernel";
import { MIRRORS_PROPERTY, quoteName, quoteText, type Lakehouse } from "@millwright/lakehouse";
import { enforceContract, isUnderContract } from "../engine/run/contract.ts";
import { readSeed } from "../engine/run/seed.ts";
import { snapshotSelect } from "../engine/run/snapshot.ts";
import { transformationErrors } from "../errors.ts";
import { compileModel, lakeWarehouse, templateLineOf, type CompileOptions } from "./compile.ts";
import { materializeByMacro } from "./custom-materialization.ts";
import type { DbtModel, DbtProject } from "./lake-project.ts";
import { hasHooks, runModelHooks } from "./run-hooks.ts";

export interface ModelPorts {
  readonly lakehouse: Lakehouse;
  readonly progress: ProgressSink;
}

export interface ModelResult {
  readonly table: string;
  readonly kind: "table" | "view";
  readonly rows: number | null;
  readonly bytes: number | null;
  /** The snapshot, or for a view the hash of what it says. */
  readonly snapshotId: string | null;
  readonly sql: string;
}

interface Building {
  readonly project: DbtProject;
  readonly model: DbtModel;
  readonly fullRefresh?: boolean;
}

/** Builds one model: a table anew, an increment, a view, a seed's rows, or a snapshot with its history. */
export async function runModel({ lakehouse, progress }: ModelPorts, building: Building): Promise<ModelResult> {
  const { project, model, fullRefresh = false } = building;
  const present = await lakehouse.table(model.name);
  const isIncremental = model.config.materialized === "incremental" && present?.kind === "table" && !fullRefresh;
  const options: CompileOptions = { relation: (name) => lakehouse.relation(name), isIncremental, lakehouse };
  const hooks = { project, model, isIncremental };
  await runModelHooks(lakehouse, { ...hooks, key: "pre_hook" });
  const sql = model.config.materialized === "seed" ? seedSelect(model) : await compileModel(project, model, options);
  progress({ message: `building ${model.name}` });
  const built = await write(lakehouse, {
    project,
    model,
    sql,
    isIncremental,
    isPresent: present?.kind === "table",
  }).catch(async (error: unknown) => {
    throw await explainSqlError(error, { project, model, sql, options });
  });
  if (!hasHooks(model, "post_hook")) return built;
  await runModelHooks(lakehouse, { ...hooks, key: "post_hook" });
  return resultOf(lakehouse, { model, sql });
}

/** A model as it is in the lake, whoever wrote it. */
async function resultOf(
  lakehouse: Pick<Lakehouse, "table">,
  { model, sql }: { readonly model: DbtModel; readonly sql: string },
): Promise<ModelResult> {
  const state = await lakehouse.table(model.name);
  const { kind = "table", rowCount: rows = null, bytes = null, snapshotId = null } = state ?? {};
  return { table: model.name, kind, rows, bytes, snapshotId, sql };
}

/** The SELECT that gives a model's columns before anything is built. */
export async function describedSelect(project: DbtProject, model: DbtModel, options: CompileOptions): Promise<string> {
  if (model.config.materialized === "seed") return seedSelect(model);
  const sql = await compileModel(project, model, options);
  if (model.config.materialized !== "snapshot") return sql;
  return snapshotSelect(model.node, { sql, target: model.name, before: undefined, source: [] });
}

interface Writing {
  readonly project: DbtProject;
  readonly model: DbtModel;
  readonly sql: string;
  readonly isIncremental: boolean;
  readonly isPresent: boolean;
}

async function write(
  lakehouse: Lakehouse,
  { project, model, sql, isIncremental, isPresent }: Writing,
): Promise<ModelResult> {
  const { name: table, config, path, node } = model;
  const { description } = model;
  const properties = {
    ...config.tableProperties,
    "millwright.model": path,
    ...(description === "" ? {} : { comment: description }),
    ...(config.mirrors.length === 0 ? {} : { [MIRRORS_PROPERTY]: config.mirrors.join(",") }),
  };
  if (isUnderContract(node)) await enforceContract(lakeWarehouse(lakehouse), node, sql);
  if (config.materialized === "custom") {
    await materializeByMacro(lakehouse, { project, model, sql });
    return resultOf(lakehouse, { model, sql });
  }
  if (config.materialized === "view") {
    const columns = documented(model, await lakehouse.describe(sql));
    await lakehouse.createView({ name: table, select: sql, columns, properties });
    return { table, kind: "view", rows: null, bytes: null, snapshotId: null, sql };
  }
  const columns = model.columns.map(({ name, description }) => ({ name, type: "", doc: description }));
  const increment = isIncremental ? await incrementOf(lakehouse, model, sql) : undefined;
  const select = config.materialized === "snapshot" ? await snapshotOf(lakehouse, { model, sql, isPresent }) : sql;
  const snapshot = await lakehouse.write({
    table,
    select: increment?.select ?? select,
    mode: increment?.mode ?? "replace",
    uniqueKey: config.uniqueKey,
    ...(config.partitionBy === undefined ? {} : { partitionBy: config.partitionBy }),
    ...(config.sortBy === undefined ? {} : { sortBy: config.sortBy }),
    columns,
    properties,
  });
  const bytes = Number(snapshot.summary["total-files-size"] ?? 0);
  return { table, kind: "table", rows: snapshot.rowCount, bytes, snapshotId: snapshot.snapshotId, sql };
}

function seedSelect({ node }: DbtModel): string {
  const { columns, rows } = readSeed(node);
  const names = columns.map(({ name }) => quoteName(name)).join(", ");
  const casts = columns.map(({ name, type }) => `CAST(${quoteName(name)} AS ${type}) AS ${quoteName(name)}`).join(", ");
  const values = rows.map((row) => `(${row.map((value) => (value === null ? "NULL" : quoteText(value))).join(", ")})`);
  const none = `(${columns.map(() => "NULL").join(", ")})`;
  const where = values.length === 0 ? " WHERE false" : "";
  return `SELECT ${casts} FROM (VALUES ${values.length === 0 ? none : values.join(", ")}) AS seed(${names})${where}`;
}

/** A view's columns with what the model's YAML says of them. */
function documented(model: DbtModel, columns: readonly Column[]): readonly Column[] {
  const docs = new Map(model.columns.map(({ name, description }) => [name, description]));
  return columns.map((column) => {
    const doc = docs.get(column.name) ?? "";
    return doc === "" ? column : { ...column, doc };
  });
}

async function columnNames(lakehouse: Lakehouse, select: string): Promise<readonly string[]> {
  return (await lakehouse.describe(select)).map(({ name }) => name);
}

async function snapshotOf(
  lakehouse: Lakehouse,
  { model, sql, isPresent }: Pick<Writing, "model" | "sql" | "isPresent">,
): Promise<string> {
  const target = lakehouse.relation(model.name);
  const before = isPresent ? await columnNames(lakehouse, `SELECT * FROM ${target}`) : undefined;
  return snapshotSelect(model.node, { sql, target, before, source: await columnNames(lakehouse, sql) });
}

/** New rows beside or in place of those of the same key. When the columns are others, what `on_schema_change` says. */
async function incrementOf(
  lakehouse: Lakehouse,
  model: DbtModel,
  sql: string,
): Promise<{ readonly select: string; readonly mode: "replace" | "append" | "merge" }> {
  const { uniqueKey, onSchemaChange } = model.config;
  const mode = uniqueKey.length > 0 && model.node.config["incremental_strategy"] !== "append" ? "merge" : "append";
  const target = lakehouse.relation(model.name);
  const [before, after] = [await columnNames(lakehouse, `SELECT * FROM ${target}`), await columnNames(lakehouse, sql)];
  const added = after.filter((name) => !before.includes(name));
  const gone = before.filter((name) => !after.includes(name));
  if (added.length + gone.length === 0) return { select: sql, mode };
  const list = before.map(quoteName).join(", ");
  if (onSchemaChange === "ignore") return { select: `SELECT ${list} FROM (\n${sql}\n) AS increment`, mode };
  if (onSchemaChange !== "append_new_columns" && onSchemaChange !== "sync_all_columns")
    throw outOfSync(model, { added, gone });
  const keys = mode === "merge" ? uniqueKey.map((key) => `held.${key} = increment.${key}`).join(" AND ") : "false";
  const dropped =
    onSchemaChange === "sync_all_columns" && gone.length > 0 ? ` EXCLUDE (${gone.map(quoteName).join(", ")})` : "";
  return {
    mode: "replace",
    select: `WITH increment AS (\n${sql}\n) SELECT held.*${dropped} FROM ${target} AS held WHERE NOT EXISTS (SELECT 1 FROM increment WHERE ${keys}) UNION ALL BY NAME SELECT * FROM increment`,
  };
}

function outOfSync(
  { path }: DbtModel,
  { added, gone }: { readonly added: readonly string[]; readonly gone: readonly string[] },
): Error {
  return transformationErrors.create("transformation/sql", {
    because: `${path}: the source and target schemas are out of sync: added ${added.join(", ") || "none"}, gone ${gone.join(", ") || "none"} (on_schema_change: fail)`,
    where: { file: path },
  });
}

/** The engine's message with the line of the model's own file that it is about. */
export async function explainSqlError(
  error: unknown,
  {
    project,
    model,
    sql,
    options,
  }: {
    readonly project: DbtProject;
    readonly model: DbtModel;
    readonly sql: string;
    readonly options: CompileOptions;
  },
): Promise<unknown> {
  if (!isMillError(error) || error.code !== "lakehouse/sql-error") return error;
  const told = sqlLine(error.because, sql);
  const line =
    told === undefined ? undefined : await templateLineOf(project, { node: model.node, sql, line: told }, options);
  return transformationErrors.create("transformation/sql", {
    because: `${model.path}${line === undefined ? "" : `:${line}`}: ${whatIsWrong(error.because)}`,
    where: { file: model.path, ...(line === undefined ? {} : { line }) },
    details: { sql },
    cause: error,
  });
}

/** What the engine says before it quotes the statement: what is wrong, and what may have been meant. */
function whatIsWrong(because: string): string {
  const said = because.split(/^LINE \d+:/m)[0] ?? "";
  return said.trim().replaceAll(/\n+/g, "\n  ");
}

/** The line of the SQL that the engine quotes: what it was sent has more around it. */
function sqlLine(because: string, sql: string): number | undefined {
  if (because.includes("syntax error at end of input")) return sql.trimEnd().split("\n").length;
  const excerpt = /^LINE \d+: (.*)$/m
    .exec(because)?.[1]
    ?.replace(/^\.\.\.|\.\.\.$/g, "")
    .trim();
  if (excerpt === undefined || excerpt === "") return undefined;
  const part = excerpt.slice(0, 40);
  const at = sql
    .split("\n")
    .findIndex((line) => line.trim() !== "" && (line.includes(part) || excerpt.includes(line.trim())));
  return at === -1 ? undefined : at + 1;
}
