import { loadProject, compileRoad, type Project } from "@millwright/project";
import { orchestrationErrors, type RunReport, type TaskReport } from "@millwright/orchestration";
import type { Platform } from "../compose.ts";
import { installation } from "../installation.ts";
import type { StatePaths } from "../paths.ts";
import { renewTypes } from "../project-types.ts";
import { hasLearned, takeRoad } from "../road.ts";
import { keepDefinedGraphs } from "./defined-graphs.ts";
import { keepModelLimits } from "./model-limits.ts";
import type { RoadBoard } from "./road-board.ts";

interface RunRequest {
  readonly selectors?: readonly string[];
  readonly force: boolean;
  readonly trigger: string;
  /** The project, where it was read just now. */
  readonly read?: Project;
}

/** Takes the road, one run at a time, with the definitions as they are when it starts, unless they were read just now. */
export interface RoadRunner {
  /** The project as the last run read it. */
  project(): Project;
  /** Starts a run; `ended` never rejects for a step that failed. Throws `orchestration/run-in-progress`. */
  start(request: RunRequest): Promise<{ readonly runId: string; readonly ended: Promise<RunReport> }>;
  /** Whether a run is under way. */
  isBusy(): boolean;
  /** Asks the run under way to stop. False when there is none of this id. */
  cancel(runId: string): boolean;
  /** Stops what runs and waits until it has. */
  close(): Promise<void>;
}

export interface RoadRunnerParts {
  readonly platform: Platform;
  readonly paths: StatePaths;
  readonly board: RoadBoard;
  readonly onTask?: (report: TaskReport) => void;
  /** What a run takes of the project as it was read. Its types are not renewed then: they are of the project itself. */
  readonly alter?: ((read: Project) => Promise<Project>) | undefined;
}

interface UnderWay {
  runId: string;
  readonly abort: AbortController;
  ended: Promise<unknown>;
}

export function createRoadRunner(first: Project, parts: RoadRunnerParts): RoadRunner {
  let project = first;
  let underWay: UnderWay | undefined;
  const prepare = async (justRead: Project | undefined): Promise<Project> => {
    const { millwrightUrl } = installation();
    const read = justRead ?? (await loadProject({ projectDir: first.dir, millwrightUrl }));
    if (parts.alter !== undefined) {
      const altered = await parts.alter(read);
      await parts.platform.allowSources(altered);
      return altered;
    }
    await parts.platform.allowSources(read);
    await renewTypes(read, parts.platform);
    await keepDefinedGraphs(read, parts.paths.deployment);
    await keepModelLimits(read, parts.platform.parts);
    return read;
  };
  const start = async (request: RunRequest) => {
    if (underWay !== undefined)
      throw orchestrationErrors.create("orchestration/run-in-progress", {
        because: `run ${underWay.runId} is under way`,
      });
    const current: UnderWay = { runId: "", abort: new AbortController(), ended: Promise.resolve() };
    underWay = current;
    try {
      project = await prepare(request.read);
      await parts.board.draw(project, compileRoad(project, parts.platform.parts), parts.platform.runs);
    } catch (error) {
      underWay = undefined;
      throw error;
    }
    const begun = Promise.withResolvers<string>();
    const ended = run({ project, request, parts, signal: current.abort.signal, begun: begun.resolve }).finally(() => {
      underWay = undefined;
    });
    ended.catch(begun.reject);
    current.ended = ended;
    current.runId = await begun.promise;
    return { runId: current.runId, ended };
  };
  return {
    project: () => project,
    start,
    isBusy: () => underWay !== undefined,
    cancel: (runId) => {
      if (underWay?.runId !== runId) return false;
      underWay.abort.abort(new Error("cancelled"));
      return true;
    },
    close: async () => {
      underWay?.abort.abort(new Error("the process ends"));
      await underWay?.ended.catch(() => undefined);
    },
  };
}

async function run({
  project,
  request,
  parts,
  signal,
  begun,
}: {
  readonly project: Project;
  readonly request: RunRequest;
  readonly parts: RoadRunnerParts;
  readonly signal: AbortSignal;
  readonly begun: (runId: string) => void;
}): Promise<RunReport> {
  const { platform, paths, board } = parts;
  const { read: _read, ...asked } = request;
  const report = await takeRoad(
    { project, platform, paths },
    {
      ...asked,
      signal,
      onBegin: (run) => {
        board.begin(run);
        begun(run.runId);
      },
      onTask: (task) => {
        board.update(task, platform.parts.clock.nowMs());
        parts.onTask?.(task);
      },
    },
  );
  const { tasks: _tasks, ...ended } = report;
  board.end(ended);
  if (parts.alter === undefined && hasLearned(report)) await renewTypes(project, platform);
  return report;
}
