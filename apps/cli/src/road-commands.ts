import { once } from "node:events";
import { mkdirSync } from "node:fs";
import {
  acquireProjectLock,
  mapIoError,
  platformErrors,
  writeFileDurably,
  type Command,
  type CommandCall,
} from "@millwright/platform";
import {
  loadProject,
  requireTypes,
  typesAreFresh,
  writeTypes,
  renderServiceTypes,
  checkProject,
  projectErrors,
} from "@millwright/project";
import {
  compose,
  installation,
  keepServing,
  statePaths,
  surfaceOf,
  takeRoad,
  typesOf,
  watchPeakMemory,
} from "@millwright/server";
import { commitSegments } from "@millwright/serving";
import { createRoadProgress, roadSummary } from "./road-progress.ts";
import { projectDirOf, withSession, type Session } from "./session.ts";

/** Opens a session that may change the project: it holds the lock. */
async function withLock<Result>(call: CommandCall, work: (session: Session) => Promise<Result>): Promise<Result> {
  const projectDir = await projectDirOf(call);
  const paths = statePaths(projectDir);
  try {
    mkdirSync(paths.root, { recursive: true });
  } catch (error) {
    throw mapIoError(error);
  }
  const lock = acquireProjectLock(paths.root);
  try {
    const project = await loadProject({ projectDir, millwrightUrl: installation().millwrightUrl });
    checkProject(project);
    const platform = await compose(project, paths);
    try {
      return await work({ project, paths, platform });
    } finally {
      await platform.close();
    }
  } finally {
    lock.release();
  }
}

async function road(call: CommandCall, session: Session, signal: AbortSignal, trigger: string) {
  const { typeRoots, millwrightPath } = installation();
  await writeTypes(session.project.dir, await typesOf(session.project, session.platform.lakehouse), {
    millwright: millwrightPath,
    typeRoots,
  });
  const memory = watchPeakMemory();
  const progress = createRoadProgress(call.out);
  const { select, force } = call.options;
  try {
    const report = await takeRoad(session, {
      force: force === true,
      trigger,
      signal,
      onTask: progress.onTask,
      ...(typeof select === "string" ? { selectors: select.split(/[\s,]+/) } : {}),
    });
    return { report, peakBytes: memory.peakBytes };
  } finally {
    progress.stop();
    memory.stop();
  }
}

const COMMIT_PREDICTIONS_EVERY_MS = 5_000;

/** How long what is at work may take to its end after a signal: the promise to a person, and less than what containers allow. */
const GRACE_MS = { SIGINT: 1_800, SIGTERM: 8_000 } as const;
const INTERRUPTED = 130;

/** Runs what a signal ends in good order. Whatever fails because of it is no failure: the answer is 130. */
async function interruptible(work: (signal: AbortSignal) => Promise<number>): Promise<number> {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.once(name, () => {
      controller.abort(name);
      setTimeout(() => process.exit(INTERRUPTED), GRACE_MS[name]).unref();
    });
  }
  try {
    return await work(controller.signal);
  } catch (error) {
    if (controller.signal.aborted) return INTERRUPTED;
    throw error;
  }
}

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
    interruptible((signal) =>
      withLock(call, async (session) => {
        const { report, peakBytes } = await road(call, session, signal, "mill run");
        call.out.result({ ...report, peakBytes }, () => roadSummary(report, peakBytes));
        if (signal.aborted) return INTERRUPTED;
        return report.state === "done" ? 0 : 1;
      }),
    ),
};

const up: Command = {
  name: "up",
  summary: "serve the project; the road now if something changed, until Ctrl-C",
  arguments: [],
  options: {
    once: { summary: "end after the first road" },
    port: { value: "PORT", summary: "where predictions are served (8080; 0: a free one)" },
  },
  example: "mill up --project examples/flights",
  handler: async (call) => {
    const port = portOf(String(call.options["port"] ?? process.env["MILL_REST_PORT"] ?? "8080"));
    return interruptible((signal) => withLock(call, (session) => upHandler(call, session, { port, signal })));
  },
};

async function upHandler(
  call: CommandCall,
  session: Session,
  { port, signal }: { readonly port: number; readonly signal: AbortSignal },
): Promise<number> {
  const { paths, platform } = session;
  const { once: onlyOnce } = call.options;
  const settings = {
    host: "127.0.0.1",
    port,
    deploymentFile: paths.deployment,
    logFolder: paths.predictions,
    logFile: `${paths.logs}/serving.log`,
  };
  mkdirSync(paths.predictions, { recursive: true });
  const serving = await keepServing(settings, platform.logger);
  await writeFileDurably(
    paths.runFile,
    JSON.stringify({ pid: process.pid, restPort: serving.port, servingPid: serving.pid }),
  );
  call.out.note(`serving on http://127.0.0.1:${serving.port}`);
  try {
    const { report, peakBytes } = await road(call, session, signal, "mill up");
    call.out.result(
      { ...report, peakBytes, restPort: serving.port },
      () => `${roadSummary(report, peakBytes)}\n${howToCall(session, serving.port)}`,
    );
    if (signal.aborted) return INTERRUPTED;
    if (onlyOnce !== true) await serveUntilSignal(session, signal);
    if (signal.reason === "SIGINT") return INTERRUPTED;
    return report.state === "done" ? 0 : 1;
  } finally {
    await serving.close();
  }
}

function portOf(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port < 65_536) return port;
  throw platformErrors.create("platform/usage", {
    because: `${JSON.stringify(text)} is not a port`,
    remedy: "Give a number from 0 to 65535; 0 takes a free one: `mill up --port 0`.",
  });
}

function howToCall({ project }: Session, port: number): string {
  const [service] = project.services;
  if (service === undefined) return "";
  return `\nmill predict ${service.name} '{…}' asks it, or:\n  curl -s http://127.0.0.1:${port}/v2/models/${service.name}`;
}

/** Serves, and commits what was answered to the table of predictions every few seconds. */
async function serveUntilSignal({ platform, paths }: Session, signal: AbortSignal): Promise<void> {
  let committing: Promise<unknown> = Promise.resolve();
  const timer = setInterval(() => {
    committing = committing
      .then(() => commitSegments(platform.lakehouse, paths.predictions))
      .catch((error: unknown) => platform.logger.error({ err: error }, "answered predictions could not be committed"));
  }, COMMIT_PREDICTIONS_EVERY_MS);
  if (!signal.aborted) await once(signal, "abort");
  clearInterval(timer);
  await committing;
}

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

export const roadCommands: readonly Command[] = [run, up, check, types];
