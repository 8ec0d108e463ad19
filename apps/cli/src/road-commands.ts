import { RunReportSchema } from "@millwright/orchestration/http";
import type { Command, CommandCall } from "@millwright/platform";
import { checkProject, requireTypes } from "@millwright/project";
import { findRunning, installation, renewTypes, statePaths, takeRoad, watchPeakMemory } from "@millwright/server";
import Type from "typebox";
import { remoteApi } from "./api.ts";
import { followRun } from "./follow-run.ts";
import { INTERRUPTED, interruptible } from "./interruption.ts";
import { createRoadProgress, roadSummary } from "./road-progress.ts";
import { up } from "./up-command.ts";
import { projectDirOf, withLock, withSession, type Session } from "./session.ts";

const run: Command = {
  name: "run",
  summary: "take the road, or a part of it; what has not changed is left",
  arguments: [],
  options: {
    select: {
      value: "NAMES",
      summary: "dbt's selectors: departures, departures+, 2+departures, stg_*, tag:daily, path:models/marts",
    },
    force: { summary: "also what has not changed" },
  },
  example: "mill run --select departures+",
  output: Type.Object({
    ...RunReportSchema.properties,
    peakBytes: Type.Optional(Type.Number({ description: "Of all processes; absent where `mill up` took the road." })),
  }),
  handler: (call) =>
    interruptible(async (signal) => {
      const { select, force } = call.options;
      const request = {
        force: force === true,
        trigger: "mill run",
        signal,
        ...(typeof select === "string" ? { selectors: select.split(/[\s,]+/) } : {}),
      };
      const running = await findRunning(statePaths(await projectDirOf(call)));
      if (running !== undefined) return followRun(call, remoteApi(running), request);
      return withLock(call, async (session) => {
        const report = await takeRoadAloud(call, session, request);
        if (signal.aborted) return INTERRUPTED;
        return report.state === "done" ? 0 : 1;
      });
    }),
};

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
      await renewTypes(project, platform.lakehouse);
      await requireTypes({ projectDir: project.dir, compiler: installation().compiler });
      const summary = {
        sources: project.sources.length,
        models: project.dbt.models.length,
        tests: project.dbt.tests.length,
        featureViews: project.featureViews.length,
        trainings: project.trainings.length,
        services: project.services.length,
      };
      call.out.result(
        summary,
        (counts) =>
          `all holds: ${Object.entries(counts)
            .map(([kind, total]) => `${total} ${kind}`)
            .join(", ")}`,
      );
      return 0;
    }),
};

interface Request {
  readonly selectors?: readonly string[];
  readonly force: boolean;
  readonly trigger: string;
  readonly signal: AbortSignal;
}

/** Takes the road in this process, with its progress, and tells what it came to. */
async function takeRoadAloud(call: CommandCall, session: Session, request: Request) {
  await renewTypes(session.project, session.platform.lakehouse);
  const memory = watchPeakMemory();
  const progress = createRoadProgress(call.out);
  try {
    const report = await takeRoad(session, { ...request, onTask: progress.onTask });
    const { peakBytes } = memory;
    call.out.result({ ...report, peakBytes }, () => roadSummary(report, peakBytes));
    return report;
  } finally {
    progress.stop();
    memory.stop();
  }
}

export const roadCommands: readonly Command[] = [run, up, check];
