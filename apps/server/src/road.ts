import { glob, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { careForTables } from "@millwright/lakehouse";
import { mapIoError } from "@millwright/platform";
import { runRoad, type RunReport, type Task, type TaskReport } from "@millwright/orchestration";
import { checkProject, compileRoad, type Project } from "@millwright/project";
import { commitSegments, PREDICTIONS_TABLE } from "@millwright/serving";
import { runProjectHooks, type ModelEnd } from "@millwright/transformation";
import { careDefaultsOf } from "./care-settings.ts";
import type { Platform } from "./compose.ts";
import type { StatePaths } from "./paths.ts";

export interface TakeRoadOptions {
  readonly selectors?: readonly string[];
  readonly force: boolean;
  readonly trigger: string;
  /** The branch that the platform was opened on; absent on main. */
  readonly branch?: string;
  readonly signal: AbortSignal;
  readonly onBegin?: (run: Omit<RunReport, "tasks">) => void;
  readonly onTask: (report: TaskReport) => void;
}

const TASKS_AT_ONCE = 2;

/** Models, online features, services and what watches them are the whole project's: a branch has tables and their checks. */
const ON_MAIN_ALONE: ReadonlySet<string> = new Set(["feature_view", "training", "scoring", "monitor", "service"]);

function staysInTables({ kind }: Task): boolean {
  return !ON_MAIN_ALONE.has(kind);
}

const EXCHANGE_KEPT_MS = 24 * 60 * 60_000;

/** Removes what runs that were killed have left. A question beside the road may have files in the folder for exchange. */
async function clearScratch(folder: string, nowMs: number): Promise<void> {
  const names = await Array.fromAsync(glob("{*,exchange/*}", { cwd: folder }));
  for (const path of names.filter((name) => name !== "exchange").map((name) => join(folder, name))) {
    const isExchanged = basename(dirname(path)) === "exchange";
    const found = isExchanged ? await stat(path).catch(() => undefined) : undefined;
    if (found !== undefined && nowMs - found.mtimeMs < EXCHANGE_KEPT_MS) continue;
    await rm(path, { recursive: true, force: true });
  }
}

/** Takes a project's road: checks it, commits what serving answered meanwhile, and runs what has changed. */
export async function takeRoad(
  { project, platform, paths }: { readonly project: Project; readonly platform: Platform; readonly paths: StatePaths },
  options: TakeRoadOptions,
): Promise<RunReport> {
  checkProject(project);
  try {
    await clearScratch(paths.scratch, platform.parts.clock.nowMs());
    if (options.branch === undefined) await commitSegments(platform.lakehouse, paths.predictions);
    const hooks = { lakehouse: platform.lakehouse, progress: () => undefined };
    const tasks = compileRoad(project, platform.parts);
    await runProjectHooks(hooks, { project: project.dbt, hook: "on-run-start" });
    const report = await runRoad(
      { store: platform.runs, clock: platform.parts.clock, ids: platform.parts.ids, logger: platform.logger },
      options.branch === undefined ? tasks : tasks.filter(staysInTables),
      {
        concurrency: TASKS_AT_ONCE,
        force: options.force,
        trigger: options.trigger,
        signal: options.signal,
        ...(options.branch === undefined ? {} : { branch: options.branch }),
        onTask: options.onTask,
        ...(options.onBegin === undefined ? {} : { onBegin: options.onBegin }),
        ...(options.selectors === undefined ? {} : { selectors: options.selectors }),
      },
    );
    if (options.branch === undefined) await careAfter(report, { project, platform, signal: options.signal });
    await runProjectHooks(hooks, { project: project.dbt, hook: "on-run-end", ends: report.tasks.flatMap(modelEnd) });
    return report;
  } catch (error) {
    throw mapIoError(error);
  }
}

/** What a run has written by adding to it gets many small files: it is cared for at once. */
async function careAfter(
  report: RunReport,
  {
    project,
    platform,
    signal,
  }: { readonly project: Project; readonly platform: Platform; readonly signal: AbortSignal },
): Promise<void> {
  const written = new Set(
    report.tasks.flatMap(({ name, state }) => (state === "done" || state === "warned" ? name : [])),
  );
  const tables = (await platform.lakehouse.tables()).filter(
    ({ name, kind }) => kind === "table" && (written.has(name) || name === PREDICTIONS_TABLE),
  );
  await careForTables(
    {
      world: await platform.tables(),
      engine: platform.lakehouse.engine,
      log: platform.careLog,
      defaults: careDefaultsOf(project.settings),
      signal,
    },
    tables.map(({ name }) => name),
  );
}

/** Whether a run has trained something: a model's classes are in the types of its services. */
export function hasLearned({ tasks }: RunReport): boolean {
  return tasks.some(({ kind, state }) => kind === "training" && (state === "done" || state === "warned"));
}

/** How a model ended, for what a dbt project does at the end of a run. */
function modelEnd({ id, name, state, tookMs }: TaskReport): readonly ModelEnd[] {
  if (!id.startsWith("table:")) return [];
  const ended = { done: "done", warned: "done", failed: "failed", unchanged: "unchanged" } as const;
  return [
    {
      table: name,
      state: state in ended ? ended[state as keyof typeof ended] : "skipped",
      seconds: (tookMs ?? 0) / 1_000,
    },
  ];
}
