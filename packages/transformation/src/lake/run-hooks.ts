import { isMillError, type ProgressSink } from "@millwright/kernel";
import { transformationErrors } from "../errors.ts";
import { executeText } from "../engine/compile-text.ts";
import type { DbtNode } from "../engine/node.ts";
import { hooksOf, runHooks, type HookKey } from "../engine/run/hooks.ts";
import { relation } from "../engine/relation.ts";
import { executeTask } from "../engine/run/invocation.ts";
import { resultMap, type Status } from "../engine/run/results.ts";
import { fromPlain, type JinjaValue } from "../jinja/values.ts";
import { lakeInvocation, type CompileOptions } from "./compile.ts";
import type { DbtModel, DbtProject } from "./lake-project.ts";
import { writingWarehouse, type WritableLake } from "./writing-warehouse.ts";

/** How one model of a run ended, as the hooks at its end see it. */
export interface ModelEnd {
  readonly table: string;
  readonly state: "done" | "failed" | "skipped" | "unchanged";
  readonly seconds: number;
}

const STATUSES: Readonly<Record<ModelEnd["state"], Status>> = {
  done: "success",
  failed: "error",
  skipped: "skipped",
  unchanged: "no-op",
};

/** Runs a project's `on-run-start` or `on-run-end`. Nothing is done where it has none. */
export async function runProjectHooks(
  { lakehouse, progress }: { readonly lakehouse: WritableLake; readonly progress: ProgressSink },
  {
    project,
    hook,
    ends = [],
  }: {
    readonly project: DbtProject;
    readonly hook: "on-run-start" | "on-run-end";
    readonly ends?: readonly ModelEnd[];
  },
): Promise<void> {
  const nodes = [...project.manifest.nodes.values()].filter((node) => node.hook === hook);
  if (nodes.length === 0) return;
  const asked = lakeInvocation(project, writingOptions(lakehouse), writingWarehouse(lakehouse));
  const results = ends.flatMap(({ table, state, seconds }) => {
    const model = project.models.find(({ name }) => name === table);
    return model === undefined
      ? []
      : [resultMap({ node: model.node, status: STATUSES[state], message: null, failures: null, sql: null, seconds })];
  });
  const extra = new Map<string, JinjaValue>([
    ["results", results],
    ["schemas", ["main"]],
    ["database_schemas", fromPlain([[asked.world.warehouse.database, "main"]])],
  ]);
  for (const node of nodes) {
    progress({ message: `${hook}: ${node.rawCode.slice(0, SHOWN_MAX)}` });
    await told(`${hook} (${node.path})`, node, async () => {
      const task = executeTask(asked, node, { ephemeral: () => undefined, extra, current: NO_TABLE });
      const sql = (await executeText(task, { text: node.rawCode, path: node.path })).trim();
      if (sql !== "") await asked.world.warehouse.execute(sql);
    });
  }
}

const SHOWN_MAX = 60;

/** What `this` is where nothing is made. */
const NO_TABLE = relation({ database: null, schema: "main", identifier: null, kind: null });

/** Whether a model has hooks of its own: after them its table may be another one. */
export function hasHooks(model: DbtModel, key: HookKey): boolean {
  return hooksOf(model.node, key).length > 0;
}

/** Runs a model's hooks on the lake. */
export async function runModelHooks(
  lakehouse: WritableLake,
  {
    project,
    model,
    key,
    isIncremental,
  }: {
    readonly project: DbtProject;
    readonly model: DbtModel;
    readonly key: HookKey;
    readonly isIncremental: boolean;
  },
): Promise<void> {
  if (!hasHooks(model, key)) return;
  const asked = lakeInvocation(project, { ...writingOptions(lakehouse), isIncremental }, writingWarehouse(lakehouse));
  await told(`a ${key} of ${model.path}`, model.node, () => runHooks(asked, model.node, { key, isIncremental }));
}

function writingOptions(lakehouse: WritableLake): CompileOptions {
  return { relation: (name) => lakehouse.relation(name), isIncremental: false, lakehouse };
}

/** What goes wrong in a hook is told of the hook, not of the model's own SQL. */
export async function told<Result>(what: string, { path }: DbtNode, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!isMillError(error)) throw error;
    const code =
      error.code === "transformation/statement"
        ? error.code
        : error.code === "lakehouse/sql-error"
          ? "transformation/sql"
          : "transformation/template";
    throw transformationErrors.create(code, {
      because: `${what}: ${error.because}`,
      where: { file: path, ...error.where },
      cause: error,
    });
  }
}
