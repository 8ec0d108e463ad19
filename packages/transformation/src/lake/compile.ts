import { isMillError, nearest } from "@millwright/kernel";
import type { Lakehouse } from "@millwright/lakehouse";
import { transformationErrors } from "../errors.ts";
import type { DbtNode } from "../engine/node.ts";
import { relation } from "../engine/relation.ts";
import { compileNode, withoutSemicolon } from "../engine/run/compile-node.ts";
import { templateLine } from "../engine/run/line-marks.ts";
import { invocation, type Invocation } from "../engine/run/invocation.ts";
import type { Warehouse } from "../engine/warehouse.ts";
import type { DbtModel, DbtProject } from "./lake-project.ts";
import { tableOf } from "./open-project.ts";

export interface CompileOptions {
  /** How SQL names a table. */
  readonly relation: (name: string) => string;
  readonly isIncremental: boolean;
  /** Answers what templates ask by `run_query`; without it they are told that nothing is there to ask. */
  readonly lakehouse?: Pick<Lakehouse, "query">;
}

/** Stands where no database is: to ask it is an error of the template. */
export const NO_WAREHOUSE: Warehouse = {
  type: "duckdb",
  database: "memory",
  execute: () =>
    Promise.reject(
      transformationErrors.create("transformation/template", {
        because: "a template asks the database (`run_query`), which is answered only while the road runs",
      }),
    ),
  close: () => Promise.resolve(),
};

/** Whether a template could not be compiled for the one reason that there was no database to ask. */
export function asksDatabase(error: unknown): boolean {
  return isMillError(error) && error.because.includes("a template asks the database");
}

const ANSWER_ROWS_MAX = 100_000;

/** The lake as templates and the engine of dbt projects ask it. */
export function lakeWarehouse(lakehouse: Pick<Lakehouse, "query">): Warehouse {
  return {
    ...NO_WAREHOUSE,
    execute: async (sql) => {
      const { columns, rows } = await lakehouse.query(sql, { maxRows: ANSWER_ROWS_MAX });
      return { columns, rows };
    },
  };
}

/** A model's SQL, with each `ref` and `source` a relation and each ephemeral model a common table expression. */
export async function compileModel(project: DbtProject, model: DbtModel, options: CompileOptions): Promise<string> {
  return compiled(project, model.node, options);
}

/** A test's SELECT. Without a lake, as far as it is known. */
export async function compileTest(
  project: DbtProject,
  { node }: { readonly node: DbtNode },
  lakehouse: Pick<Lakehouse, "query" | "relation"> | undefined,
): Promise<string> {
  const name = (table: string) => lakehouse?.relation(table) ?? `"main"."${table}"`;
  try {
    return await compiled(project, node, {
      relation: name,
      isIncremental: false,
      ...(lakehouse === undefined ? {} : { lakehouse }),
    });
  } catch (error) {
    // What asks the database has its text when it runs.
    if (asksDatabase(error)) return node.rawCode;
    throw error;
  }
}

/** One command's worth of the project, with its tables where the lake has them. */
export function lakeInvocation(
  project: DbtProject,
  { relation: name, lakehouse }: CompileOptions,
  warehouse = lakehouse === undefined ? undefined : lakeWarehouse(lakehouse),
): Invocation {
  const world = warehouse === undefined ? project.world : { ...project.world, warehouse };
  const named = (table: string) =>
    relation({ database: null, schema: "main", identifier: table, kind: "table", text: name(table) });
  return { ...invocation(world, project.manifest), places: { node: (node) => named(tableOf(node)), source: named } };
}

async function compiled(project: DbtProject, node: DbtNode, options: CompileOptions): Promise<string> {
  try {
    return withoutSemicolon(
      await compileNode(lakeInvocation(project, options), node, { isIncremental: options.isIncremental }),
    );
  } catch (error) {
    if (!isMillError(error) || error.code !== "transformation/dbt") throw error;
    throw transformationErrors.create("transformation/template", {
      because: error.because,
      ...(error.where === undefined ? {} : { where: error.where }),
      cause: error,
    });
  }
}

/** The template's line of a line of the compiled SQL; undefined where it is not known. */
export async function templateLineOf(
  project: DbtProject,
  { node, sql, line }: { readonly node: DbtNode; readonly sql: string; readonly line: number },
  options: CompileOptions,
): Promise<number | undefined> {
  return templateLine(lakeInvocation(project, options), node, {
    options: { isIncremental: options.isIncremental },
    sql,
    at: line,
  });
}

/** Refuses what refers to nothing, and circles, naming the files. */
export function checkReferences(project: DbtProject, knownTables: ReadonlySet<string>): void {
  const models = new Map(project.models.map((model) => [model.name, model]));
  for (const model of project.models) {
    for (const ref of model.refs)
      if (!models.has(ref)) throw unknown(model, { call: "ref", name: ref, kind: "model", known: models.keys() });
    for (const table of model.sources)
      if (!knownTables.has(table))
        throw unknown(model, { call: "source", name: table, kind: "source of the project", known: knownTables });
  }
  const done = new Set<string>();
  for (const model of project.models) visit(model, { models, path: [], done });
}

function visit(
  model: DbtModel,
  walk: {
    readonly models: ReadonlyMap<string, DbtModel>;
    readonly path: readonly string[];
    readonly done: Set<string>;
  },
): void {
  if (walk.done.has(model.name)) return;
  const start = walk.path.indexOf(model.name);
  if (start !== -1) {
    const circle = [...walk.path.slice(start), model.name];
    throw transformationErrors.create("transformation/cycle", {
      because: circle.map((name) => `${name} (${walk.models.get(name)?.path ?? ""})`).join(" → "),
      where: { file: model.path },
    });
  }
  for (const ref of model.refs) {
    const target = walk.models.get(ref);
    if (target !== undefined) visit(target, { ...walk, path: [...walk.path, model.name] });
  }
  walk.done.add(model.name);
}

interface UnknownName {
  readonly call: "ref" | "source";
  readonly name: string;
  readonly kind: string;
  readonly known: Iterable<string>;
}

function unknown({ path, source }: DbtModel, { call, name, kind, known }: UnknownName): Error {
  const line = lineOfCall(source, call, name);
  const meant = nearest(name, known);
  const named = call === "ref" ? `ref('${name}')` : `source(…, '${name}')`;
  return transformationErrors.create("transformation/unknown-ref", {
    because: `${path}${line === undefined ? "" : `:${line}`}: ${named} names no ${kind}${meant === undefined ? "" : `; did you mean ${meant}?`}`,
    where: { file: path, ...(line === undefined ? {} : { line }) },
  });
}

/** The line of a template on which a name is asked for as it is written; undefined where it is put together. */
function lineOfCall(template: string, call: UnknownName["call"], name: string): number | undefined {
  const written = [...template.matchAll(new RegExp(`\\b${call}\\s*\\([^)]*\\)`, "g"))];
  const found = written.find(([text]) => text.includes(`'${name}'`) || text.includes(`"${name}"`));
  return found === undefined ? undefined : template.slice(0, found.index).split("\n").length;
}
