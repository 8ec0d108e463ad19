import { once } from "node:events";
import { isMillError } from "@millwright/kernel";
import { platformErrors, type CommandCall } from "@millwright/platform";
import {
  buildConsole,
  freePort,
  removeRunFile,
  startControl,
  watchPeakMemory,
  watchTypes,
  writeRunFile,
  type Control,
  type Renewal,
  type RoadRunner,
  type ServingProcess,
  type TypesWatch,
} from "@millwright/server";
import type { StandingReader } from "@millwright/project";
import { commitSegments } from "@millwright/serving";
import type { HeldProject } from "./hold-project.ts";
import { INTERRUPTED } from "./interruption.ts";
import { createRoadProgress, exitOf, roadSummary } from "./road-progress.ts";
import { openSession, type Session } from "./session.ts";
import type { Ports } from "./up-command.ts";

/** Ports below are for the system's administrator. */
const FIRST_USER_PORT = 1_024;
const COMMIT_PREDICTIONS_EVERY_MS = 5_000;

interface BringUp {
  readonly held: HeldProject;
  readonly serving: Promise<ServingProcess>;
  readonly reader: StandingReader;
  readonly ports: Ports;
  readonly signal: AbortSignal;
}

/** Listens, then reads the project, then takes the road; serves until a signal. */
export async function bringUp(call: CommandCall, asked: BringUp): Promise<number> {
  const { held, ports, signal } = asked;
  const memory = watchPeakMemory();
  const progress = createRoadProgress(call.out);
  const opened: Opened = {};
  const readAtMs = Date.now();
  try {
    opened.control = await startControl({
      paths: held.paths,
      port: ports.control,
      logger: held.logger,
      serving: () => opened.serving,
      onTask: progress.onTask,
    }).catch(async (error: unknown) => {
      throw await portAdvice(error, { port: ports.control, command: (free) => `mill up --port ${free}` });
    });
    opened.session = await openSession(held, asked.reader);
    const runner = await opened.control.begin(opened.session);
    opened.serving = await asked.serving.catch(async (error: unknown) => {
      throw await portAdvice(error, { port: ports.rest, command: (free) => `MILL_REST_PORT=${free} mill up` });
    });
    const { control, session, serving } = opened;
    const up: Up = { session, control, runner, serving, signal, isOnce: call.options["once"] === true };
    if (!up.isOnce) opened.types = typesOf(call, up, { readAtMs, reader: asked.reader });
    await tellPlaces(call, up);
    const code = await firstRoad(call, up, () => memory.peakBytes);
    if (signal.aborted) return INTERRUPTED;
    if (!up.isOnce) await serveUntilSignal(session, signal);
    return signal.reason === "SIGINT" ? INTERRUPTED : code;
  } finally {
    progress.stop();
    memory.stop();
    await closeAll(opened, asked);
  }
}

/** What is open so far. */
interface Opened {
  control?: Control;
  session?: Session;
  serving?: ServingProcess;
  types?: TypesWatch;
}

async function closeAll({ control, session, types }: Opened, { serving, reader, held }: BringUp): Promise<void> {
  reader.close();
  // What renews the types may wait for the engine behind a step of the road, which control stops.
  const typesClosed = types?.close();
  await control?.close();
  await typesClosed;
  await (await serving.catch(() => undefined))?.close();
  await removeRunFile(held.paths);
  await session?.platform.close();
}

/** Renews the types after each save. What makes the project unreadable is said once, and when it can be read again. */
function typesOf(
  call: CommandCall,
  { session: { project, platform }, signal }: Up,
  reading: { readonly readAtMs: number; readonly reader: StandingReader },
): TypesWatch {
  let told: string | undefined;
  const onRenewed = ({ error }: Renewal) => {
    const wrong = error === null ? undefined : `✗ ${error.code}: ${error.detail}`;
    if (wrong === told || signal.aborted) return;
    call.out.note(wrong ?? "✓ the project can be read again");
    told = wrong;
  };
  return watchTypes({ ...platform, ...reading, project, onRenewed });
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

interface Up {
  readonly session: Session;
  readonly control: Control;
  readonly runner: RoadRunner;
  readonly serving: ServingProcess;
  readonly signal: AbortSignal;
  readonly isOnce: boolean;
}

async function tellPlaces(call: CommandCall, { session, control, serving }: Up): Promise<void> {
  await writeRunFile(session.paths, {
    pid: process.pid,
    controlPort: control.port,
    restPort: serving.port,
    grpcPort: serving.grpcPort,
  });
  call.out.note(`console on http://127.0.0.1:${control.port}`);
  call.out.note(`serving on http://127.0.0.1:${serving.port}`);
}

/** Takes the road, with the console built beside it when it is stale. */
async function firstRoad(
  call: CommandCall,
  { session, control, runner, serving, signal, isOnce }: Up,
  peak: () => number,
): Promise<number> {
  const { logger } = session.platform;
  const console = isOnce ? Promise.resolve() : buildConsole(logger, (text) => call.out.note(text));
  const { runId, ended } = await runner.start({ force: false, trigger: "mill up", read: session.project });
  signal.addEventListener("abort", () => runner.cancel(runId));
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
