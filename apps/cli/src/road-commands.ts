import { writeFileDurably, type Command, type CommandCall } from "@millwright/platform";
import {
  requireTypes,
  typesAreFresh,
  writeTypes,
  renderServiceTypes,
  checkProject,
  projectErrors,
} from "@millwright/project";
import {
  findRunning,
  installation,
  statePaths,
  surfaceOf,
  takeRoad,
  typesOf,
  watchPeakMemory,
} from "@millwright/server";
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
    select: { value: "NAMES", summary: "dbt's selectors: departures, departures+, +departures" },
    force: { summary: "also what has not changed" },
  },
  example: "mill run --select departures+",
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
  handler: (call) =>
    withSession(call, async ({ project, platform }) => {
      checkProject(project);
      const { typeRoots, millwrightPath, compiler } = installation();
      await writeTypes(project.dir, await typesOf(project, platform.lakehouse), {
        millwright: millwrightPath,
        typeRoots,
      });
      await requireTypes({ projectDir: project.dir, compiler });
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

const types: Command = {
  name: "types",
  summary: "make the project's types",
  arguments: [],
  options: {
    check: { summary: "change nothing; exit 1 when they are stale" },
    service: { value: "NAME", summary: "only this service, as a file that stands alone" },
    out: { value: "FILE", summary: "where to write it" },
  },
  example: "mill types --service late-flights --out late-flights.d.ts",
  handler: (call) =>
    withSession(call, async ({ project, platform }) => {
      const { typeRoots, millwrightPath } = installation();
      const { service, out, check: only } = call.options;
      if (typeof service === "string") {
        const found = (await surfaceOf(project, platform.lakehouse)).services[service];
        if (found === undefined)
          throw projectErrors.create("project/unknown", { because: `there is no service ${service}` });
        const text = renderServiceTypes(service, found);
        if (typeof out === "string") await writeFileDurably(out, text);
        else call.out.line(text);
        return 0;
      }
      const text = await typesOf(project, platform.lakehouse);
      if (only === true) {
        if (await typesAreFresh(project.dir, text)) return 0;
        throw projectErrors.create("project/types-stale", { because: ".mill/generated/types.d.ts" });
      }
      const written = await writeTypes(project.dir, text, { millwright: millwrightPath, typeRoots });
      call.out.result(written, ({ typesFile, changed }) => `${typesFile}${changed ? "" : " (unchanged)"}`);
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
  const { typeRoots, millwrightPath } = installation();
  await writeTypes(session.project.dir, await typesOf(session.project, session.platform.lakehouse), {
    millwright: millwrightPath,
    typeRoots,
  });
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

export const roadCommands: readonly Command[] = [run, up, check, types];
