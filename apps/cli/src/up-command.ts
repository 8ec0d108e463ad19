import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { isMillError } from "@millwright/kernel";
import { RunReportSchema } from "@millwright/orchestration/http";
import { platformErrors, type Command, type CommandCall } from "@millwright/platform";
import { commitSegments } from "@millwright/serving";
import {
  buildConsole,
  freePort,
  keepServing,
  removeRunFile,
  startControl,
  watchPeakMemory,
  watchTypes,
  writeRunFile,
  type Control,
  type ServingProcess,
  type TypesWatch,
} from "@millwright/server";
import Type from "typebox";
import { INTERRUPTED, interruptible } from "./interruption.ts";
import { createRoadProgress, exitOf, roadSummary } from "./road-progress.ts";
import { withLock, type Session } from "./session.ts";

/** Ports below are for the system's administrator. */
const FIRST_USER_PORT = 1_024;
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
  stays: true,
  output: Type.Object({
    ...RunReportSchema.properties,
    peakBytes: Type.Number({ description: "Of all processes." }),
    controlPort: Type.Integer(),
    restPort: Type.Integer(),
  }),
  handler: (call) => {
    const ports = portsOf(call);
    return interruptible((signal) => withLock(call, (session) => upHandler(call, session, { ports, signal })));
  },
};

interface Ports {
  readonly control: number;
  readonly rest: number;
}

async function upHandler(
  call: CommandCall,
  session: Session,
  { ports, signal }: { readonly ports: Ports; readonly signal: AbortSignal },
): Promise<number> {
  const memory = watchPeakMemory();
  const progress = createRoadProgress(call.out);
  let serving: ServingProcess | undefined;
  let types: TypesWatch | undefined;
  const { project, platform, paths } = session;
  const control = await startControl({
    project,
    platform,
    paths,
    port: ports.control,
    serving: () => serving,
    onTask: progress.onTask,
  }).catch(async (error: unknown) => {
    throw await portAdvice(error, { port: ports.control, command: (free) => `mill up --port ${free}` });
  });
  try {
    serving = await serve(session, ports.rest);
    await tellPlaces(call, { session, control, serving });
    if (call.options["once"] !== true) types = watchTypes({ ...platform, projectDir: project.dir });
    const code = await firstRoad(call, { session, control, serving, signal, peak: () => memory.peakBytes });
    if (signal.aborted) return INTERRUPTED;
    if (call.options["once"] !== true) await serveUntilSignal(session, signal);
    return signal.reason === "SIGINT" ? INTERRUPTED : code;
  } finally {
    progress.stop();
    memory.stop();
    // What renews the types may wait for the engine behind a step of the road, which control stops.
    const typesClosed = types?.close();
    await control.close();
    await typesClosed;
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
  if (typeof text === "string" && /^\d+$/.test(text) && port < 65_536) return port;
  throw platformErrors.create("platform/usage", {
    because: `${what}: ${JSON.stringify(text)} is not a port`,
    remedy: "Give a number from 0 to 65535; 0 takes a free one: `mill up --port 0`.",
  });
}

/** A taken port's error, with the command that takes a free one. */
async function portAdvice(
  error: unknown,
  { port, command }: { readonly port: number; readonly command: (free: number) => string },
): Promise<unknown> {
  if (!isMillError(error) || error.code !== "platform/port-taken") return error;
  const free = await freePort(port < FIRST_USER_PORT ? FIRST_USER_PORT : port + 1);
  return platformErrors.create("platform/port-taken", {
    because: error.because,
    remedy: `Take a free one: \`${command(free)}\`.`,
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
    throw await portAdvice(error, { port, command: (free) => `MILL_REST_PORT=${free} mill up` });
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
  const { runId, ended } = await control.runner.start({
    force: false,
    trigger: "mill up",
    read: session.project,
  });
  signal.addEventListener("abort", () => control.runner.cancel(runId));
  const report = await ended;
  await console;
  const peakBytes = peak();
  const hint = await howToCall(session, serving.port);
  call.out.result(
    { ...report, peakBytes, controlPort: control.port, restPort: serving.port },
    () => `${roadSummary(report, peakBytes)}\nconsole  http://127.0.0.1:${control.port}${hint}`,
  );
  return exitOf(report);
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
  if (!signal.aborted) await once(signal, "abort");
  clearInterval(timer);
  await committing;
}
