import { rm } from "node:fs/promises";
import { mapIoError } from "@millwright/platform";
import { runRoad, type RunReport, type Task, type TaskReport } from "@millwright/orchestration";
import { checkProject, compileRoad, type Project } from "@millwright/project";
import { commitSegments } from "@millwright/serving";
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

/** Takes a project's road: checks it, commits what serving answered meanwhile, and runs what has changed. */
export async function takeRoad(
  { project, platform, paths }: { readonly project: Project; readonly platform: Platform; readonly paths: StatePaths },
  options: TakeRoadOptions,
): Promise<RunReport> {
  checkProject(project);
  try {
    await rm(paths.scratch, { recursive: true, force: true });
    if (options.branch === undefined) await commitSegments(platform.lakehouse, paths.predictions);
    const tasks = compileRoad(project, platform.parts);
    return await runRoad(
      { store: platform.runs, clock: platform.parts.clock, ids: platform.parts.ids, logger: platform.logger },
      options.branch === undefined ? tasks : tasks.filter(staysInTables),
      {
        concurrency: TASKS_AT_ONCE,
        force: options.force,
        trigger: options.trigger,
        signal: options.signal,
        onTask: options.onTask,
        ...(options.onBegin === undefined ? {} : { onBegin: options.onBegin }),
        ...(options.selectors === undefined ? {} : { selectors: options.selectors }),
      },
    );
  } catch (error) {
    throw mapIoError(error);
  }
}
