import { transformationErrors } from "../errors.ts";
import { renderDbt, type DbtWorld } from "./context.ts";
import type { DbtModel, DbtProject } from "./project.ts";

export interface CompileOptions {
  relation(name: string): string;
  readonly isIncremental: boolean;
  readonly environment?: Readonly<Record<string, string>>;
}

/** A model's SQL, with each `ref` and `source` a relation and each ephemeral model a common table expression. */
export function compileModel(project: DbtProject, model: DbtModel, options: CompileOptions): string {
  const ephemeral = new Map<string, string>();
  const render = (current: DbtModel): string => {
    const world: DbtWorld = {
      vars: project.vars,
      environment: options.environment ?? {},
      macros: project.macros,
      projectName: project.name,
      ref: (name) => relationOf(name),
      source: (_source, table) => options.relation(table),
      config: () => {},
      current: options.relation(current.name),
      isIncremental: options.isIncremental,
    };
    return renderDbt({ source: current.source, file: current.path }, world).trim().replace(/;\s*$/, "");
  };
  const relationOf = (name: string): string => {
    const target = project.models.find((candidate) => candidate.name === name);
    if (target?.config.materialized !== "ephemeral") return options.relation(name);
    if (!ephemeral.has(name)) ephemeral.set(name, render(target));
    return `"__dbt__cte__${name}"`;
  };
  const sql = render(model);
  if (ephemeral.size === 0) return sql;
  const parts = [...ephemeral].map(([name, body]) => `"__dbt__cte__${name}" AS (\n${body}\n)`);
  return `WITH ${parts.join(", ")} SELECT * FROM (\n${sql}\n)`;
}

/** Refuses what refers to nothing, and circles, naming the files. */
export function checkReferences(project: DbtProject, knownTables: ReadonlySet<string>): void {
  const models = new Map(project.models.map((model) => [model.name, model]));
  for (const model of project.models) {
    for (const ref of model.refs) if (!models.has(ref)) throw unknown(model, `ref('${ref}') names no model`);
    for (const table of model.sources)
      if (!knownTables.has(table)) throw unknown(model, `source(…, '${table}') names no source of the project`);
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

function unknown(model: DbtModel, because: string): Error {
  return transformationErrors.create("transformation/unknown-ref", {
    because: `${model.path}: ${because}`,
    where: { file: model.path },
  });
}
