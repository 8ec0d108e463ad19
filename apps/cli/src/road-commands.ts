import { Type } from "@millwright/kernel";
import { BranchWithChanges } from "@millwright/lakehouse/branch-http";
import { RunReportSchema } from "@millwright/orchestration/http";
import { platformErrors, type Command, type CommandCall } from "@millwright/platform";
import { checkProject, requireTypes } from "@millwright/project";
import {
  findRunning,
  hasLearned,
  installation,
  renewTypes,
  statePaths,
  takeRoad,
  watchPeakMemory,
} from "@millwright/server";
import { remoteApi, withApi } from "./api.ts";
import { counted } from "./format.ts";
import { publishedText, writtenText } from "./branch-commands.ts";
import { followRun } from "./follow-run.ts";
import { INTERRUPTED, interruptible } from "./interruption.ts";
import { createRoadProgress, exitOf, roadSummary } from "./road-progress.ts";
import { projectDirOf } from "./hold-project.ts";
import { withLock, withSession, type Session } from "./session.ts";

const run: Command = {
  name: "run",
  summary: "take the road, or a part of it; what has not changed is left",
  arguments: [],
  options: {
    select: {
      value: "NAMES",
      summary:
        "dbt's selectors: departures, departures+, 2+departures, stg_*, tag:daily, path:models/marts, state:modified+; with a comma between two, what both name",
    },
    force: { summary: "also what has not changed" },
    branch: { value: "NAME", summary: "write to a branch, made from main when there is none: tables and their checks" },
    publish: { summary: "with --branch: once all of it holds, make main what the branch is" },
  },
  example: "mill run --select departures+",
  output: Type.Object({
    ...RunReportSchema.properties,
    changes: Type.Optional(BranchWithChanges.properties.changes),
    isPublished: Type.Optional(Type.Boolean({ description: "Of a run on a branch: --publish made it main's." })),
    peakBytes: Type.Optional(Type.Number({ description: "Of all processes; absent where `mill up` took the road." })),
  }),
  handler: (call) =>
    interruptible(async (signal) => {
      const { select, force, branch } = call.options;
      const request = {
        force: force === true,
        trigger: "mill run",
        signal,
        ...(typeof select === "string" ? { selectors: select.trim().split(/\s+/) } : {}),
      };
      if (typeof branch === "string" && branch !== "main") return runOnBranch(call, { ...request, branch });
      if (call.options["publish"] === true) throw wrongUse("--publish is of what was run with --branch");
      const running = await findRunning(statePaths(await projectDirOf(call)));
      if (running !== undefined) return followRun(call, remoteApi(running), request);
      return withLock(call, async (session) => {
        const { report, peakBytes } = await takeRoadAloud(call, session, request);
        call.out.result({ ...report, peakBytes }, () => roadSummary(report, peakBytes));
        return signal.aborted ? INTERRUPTED : exitOf(report);
      });
    }),
};

/** Runs beside main, and beside a running `mill up`: only what is published is seen there. */
async function runOnBranch(call: CommandCall, request: Request & { readonly branch: string }): Promise<number> {
  const { branch, signal } = request;
  const { report, peakBytes } = await withLock(call, (session) => takeRoadAloud(call, session, request), { branch });
  const isPublished = call.options["publish"] === true && report.state === "done";
  const { branch: _branch, ...options } = call.options;
  const { changes } = await withApi({ ...call, options }, (api) =>
    isPublished
      ? api.publishBranch({ branch, reason: "mill run --publish: all of it held" })
      : api.showBranch({ branch }),
  );
  call.out.result({ ...report, peakBytes, changes, isPublished }, () =>
    [
      roadSummary(report, peakBytes),
      isPublished ? publishedText({ name: branch, changes }) : writtenText({ name: branch, changes }),
    ].join("\n\n"),
  );
  return signal.aborted ? INTERRUPTED : exitOf(report);
}

const check: Command = {
  name: "check",
  summary: "types, references, SQL and cycles, without running anything",
  arguments: [],
  options: {},
  example: "mill check",
  output: Type.Record(Type.String(), Type.Integer(), { description: "How many there are of each kind." }),
  handler: (call) =>
    withSession(call, async ({ project, platform }) => {
      checkProject(project);
      await renewTypes(project, platform);
      await requireTypes({ projectDir: project.dir, compiler: installation().compiler });
      const summary = {
        sources: project.sources.length,
        models: project.dbt.models.length,
        tests: project.dbt.tests.length,
        checks: project.checks.length,
        featureViews: project.featureViews.length + project.onDemandViews.length,
        trainings: project.trainings.length,
        services: project.services.length,
        monitors: project.monitors.length,
      };
      call.out.result(summary, (counts) => `all holds: ${Object.entries(counts).flatMap(inWords).join(", ")}`);
      return 0;
    }),
};

/** `2 feature views` of `featureViews: 2`; nothing where there are none. */
function inWords([kind, total]: readonly [string, number]): readonly string[] {
  const words = kind.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).replace(/s$/, "");
  return total === 0 ? [] : [counted(total, words)];
}

function wrongUse(because: string): Error {
  return platformErrors.create("platform/usage", { because, remedy: "`mill run --help` shows how." });
}

interface Request {
  readonly selectors?: readonly string[];
  readonly force: boolean;
  readonly trigger: string;
  readonly branch?: string;
  readonly signal: AbortSignal;
}

/** Takes the road in this process, with its progress. Types are main's: a branch renews none. */
async function takeRoadAloud(call: CommandCall, session: Session, request: Request) {
  if (request.branch === undefined) await renewTypes(session.project, session.platform);
  const memory = watchPeakMemory();
  const progress = createRoadProgress(call.out);
  try {
    const report = await takeRoad(session, { ...request, onTask: progress.onTask });
    if (hasLearned(report)) await renewTypes(session.project, session.platform);
    return { report, peakBytes: memory.peakBytes };
  } finally {
    progress.stop();
    memory.stop();
  }
}

export const roadCommands: readonly Command[] = [run, check];
