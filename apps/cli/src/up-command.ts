import { mkdirSync } from "node:fs";
import { platformErrors, type Command, type CommandCall } from "@millwright/platform";
import { commitSegments } from "@millwright/serving";
import {
  buildConsole,
  freePort,
  keepServing,
  removeRunFile,
  startControl,
  watchPeakMemory,
  writeRunFile,
  type Control,
  type ServingProcess,
} from "@millwright/server";
import { interruption } from "./interruption.ts";
import { createRoadProgress, roadSummary } from "./road-progress.ts";
import { withLock, type Session } from "./session.ts";

const COMMIT_PREDICTIONS_EVERY_MS = 5_000;

export const up: Command = {
  name: "up",
  summary: "serve the project and its console; the road now if something changed, until Ctrl-C",
  arguments: [],
  options: {
    once: { summary: "end after the first road" },
    port: { value: "PORT", summary: "of the console and API (4400); 0: free ones for everything" },
  },
  example: "mill up --project examples/flights",
  handler: (call) => withLock(call, (session) => upHandler(call, session)),
};

interface Ports {
  readonly control: number;
  readonly rest: number;
}

async function upHandler(call: CommandCall, session: Session): Promise<number> {
  const ports = portsOf(call);
  const memory = watchPeakMemory();
  const progress = createRoadProgress(call.out);
  let serving: ServingProcess | undefined;
  const { project, platform, paths } = session;
  const control = await startControl({
    project,
    platform,
    paths,
    port: ports.control,
    serving: () => serving,
    onTask: progress.onTask,
  }).catch(async (error: unknown) => {
    throw await portAdvice(error, (port) => `mill up --port ${port}`);
  });
  try {
    serving = await serve(session, ports.rest);
    await tellPlaces(call, { session, control, serving });
    const { signal } = interruption();
    const code = await firstRoad(call, { session, control, serving, signal, peak: () => memory.peakBytes });
    if (call.options["once"] === true) return signal.aborted ? 130 : code;
    await serveUntilSignal(session, signal);
    return code;
  } finally {
    progress.stop();
    memory.stop();
    await control.close();
    await serving?.close();
    await removeRunFile(paths);
  }
}

function portsOf({ options }: CommandCall): Ports {
  const { port } = options;
  const control = portNumber(port ?? process.env["MILL_CONTROL_PORT"] ?? "4400", "--port");
  const rest = port === "0" ? 0 : portNumber(process.env["MILL_REST_PORT"] ?? "8080", "MILL_REST_PORT");
  return { control, rest };
}

function portNumber(text: string | boolean, what: string): number {
  const port = Number(text);
  if (typeof text === "string" && text !== "" && Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw platformErrors.create("platform/usage", {
    because: `${what} is ${String(text)}`,
    remedy: "Give a port from 0 to 65535; 0 takes a free one.",
  });
}

/** A taken port's error, with the command that takes a free one. */
async function portAdvice(error: unknown, command: (port: number) => string): Promise<unknown> {
  if (!(error instanceof Error) || !("code" in error) || error.code !== "platform/port-taken") return error;
  const because = "because" in error ? String(error.because) : error.message;
  return platformErrors.create("platform/port-taken", {
    because,
    remedy: `Take a free one: \`${command(await freePort())}\`.`,
    cause: error,
  });
}

async function serve({ paths, platform }: Session, port: number): Promise<ServingProcess> {
  mkdirSync(paths.predictions, { recursive: true });
  const settings = {
    host: "127.0.0.1",
    port,
    deploymentFile: paths.deployment,
    logFolder: paths.predictions,
    logFile: `${paths.logs}/serving.log`,
  };
  return keepServing(settings, platform.logger).catch(async (error: unknown) => {
    throw await portAdvice(error, (free) => `MILL_REST_PORT=${free} mill up`);
  });
}

interface Up {
  readonly session: Session;
  readonly control: Control;
  readonly serving: ServingProcess;
}

async function tellPlaces(call: CommandCall, { session, control, serving }: Up): Promise<void> {
  await writeRunFile(session.paths, {
    pid: process.pid,
    controlPort: control.port,
    restPort: serving.port,
    grpcPort: null,
  });
  call.out.note(`console on http://127.0.0.1:${control.port}`);
  call.out.note(`serving on http://127.0.0.1:${serving.port}`);
}

/** Takes the road, with the console built beside it when it is stale. */
async function firstRoad(
  call: CommandCall,
  { session, control, serving, signal, peak }: Up & { readonly signal: AbortSignal; readonly peak: () => number },
): Promise<number> {
  const { logger } = session.platform;
  const console =
    call.options["once"] === true ? Promise.resolve() : buildConsole(logger, (text) => call.out.note(text));
  const { runId, ended } = await control.runner.start({ force: false, trigger: "mill up" });
  signal.addEventListener("abort", () => control.runner.cancel(runId));
  const report = await ended;
  await console;
  const peakBytes = peak();
  const hint = await howToCall(session, serving.port);
  call.out.result(
    { ...report, peakBytes, controlPort: control.port, restPort: serving.port },
    () => `${roadSummary(report, peakBytes)}\nconsole  http://127.0.0.1:${control.port}${hint}`,
  );
  return report.state === "done" ? 0 : 1;
}

/** A call that works as it is printed. */
async function howToCall({ platform }: Session, port: number): Promise<string> {
  const [service] = await platform.services();
  if (service === undefined) return "";
  const body = JSON.stringify(service.example).replaceAll("'", String.raw`'\''`);
  return `\npredict  curl -s http://127.0.0.1:${port}/v2/models/${service.name}/infer -d '${body}'\nnext     mill models show ${service.model}`;
}

/** Serves, and commits what was answered to the table of predictions every few seconds. */
async function serveUntilSignal({ platform, paths }: Session, signal: AbortSignal): Promise<void> {
  let committing: Promise<unknown> = Promise.resolve();
  const timer = setInterval(() => {
    committing = committing
      .then(() => commitSegments(platform.lakehouse, paths.predictions))
      .catch((error: unknown) => platform.logger.error({ err: error }, "answered predictions could not be committed"));
  }, COMMIT_PREDICTIONS_EVERY_MS);
  await untilSignal(signal);
  clearInterval(timer);
  await committing;
}

function untilSignal(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = () => resolve();
    signal.addEventListener("abort", end);
    process.once("SIGTERM", end);
  });
}
