import { fork, type ChildProcess } from "node:child_process";
import type { Socket } from "node:net";
import { fromProblem, toProblem, type Logger, type Problem } from "@millwright/kernel";

/** What a kept process tells its keeper: that it answers, why it cannot, or something of its own; and what it asks. */
export type KeptMessage<Ready, Told = never> =
  | { readonly ready: Ready }
  | { readonly refused: Problem }
  | { readonly failed: string }
  | { readonly told: Told }
  | { readonly asked: unknown; readonly turn: number };

/** What its keeper answers to what it asked. */
export interface KeeperAnswer {
  readonly turn: number;
  readonly answer?: unknown;
  readonly refused?: Problem;
}

export interface KeepOptions<Ready, Told = never> {
  /** The program, which is made with `runKept`. */
  readonly entry: URL;
  /** As the log calls it: "the serving process". */
  readonly named: string;
  /** What it is told at each of its starts; `before` is what it said at the first. */
  readonly settings: (before: Ready | undefined) => object;
  /** Where what it writes on its error output goes: to the log, or beside this program's own. */
  readonly errors: "log" | "inherit";
  /** Of the program that runs it. */
  readonly execArgv?: readonly string[];
  readonly logger: Logger;
  readonly onTold?: (told: Told) => void;
  /** Answers, as plain data, what the process asks. */
  readonly onAsked?: (asked: never) => Promise<unknown>;
  /** It is asked to end and given so long for what it has begun; then it is ended. */
  readonly endsWithinMs: number;
}

/** A process that is there until it is closed. */
export interface KeptProcess<Ready> {
  /** What it said when it was first ready. */
  readonly ready: Ready;
  readonly pid: number | undefined;
  /** Whether it answers now, and has not been told to end. */
  readonly isReady: boolean;
  /** Gives it a connection; false where it could not be given, and is still the giver's. */
  hand(message: object, connection: Socket): Promise<boolean>;
  close(): Promise<void>;
}

const PAUSE_MS_MAX = 10_000;
/** One that died sooner than this after it was ready is started again after a pause: it may do so time after time. */
const STEADY_MS = 1_000;
const PAUSE_UNSTEADY_MS = 100;

/**
 * Keeps a process up. One that dies after it was ready is started again at once; one that cannot be started is tried again
 * after growing pauses. Rejects where the first start fails: with the child's own error, where it told one.
 */
export async function keepProcess<Ready, Told = never>(options: KeepOptions<Ready, Told>): Promise<KeptProcess<Ready>> {
  const { named, logger, endsWithinMs } = options;
  let isClosed = false;
  let failures = 0;
  let pause: NodeJS.Timeout | undefined;
  const first = startChild(options, undefined);
  let { child } = first;
  const ready = await first.ready;
  let readyMs: number | undefined = performance.now();
  const watch = () => {
    child.once("exit", (code, signal) => {
      if (isClosed) return;
      logger.error({ code, signal }, `${named} ended; it is started again`);
      again();
    });
    // One that was never there does not end.
    child.once("error", () => {
      if (child.pid === undefined && !isClosed) again();
    });
  };
  const again = () => (pause = setTimeout(restart, pauseMs()));
  const pauseMs = () => {
    failures = readyMs === undefined ? failures + 1 : 0;
    if (readyMs !== undefined) return performance.now() - readyMs < STEADY_MS ? PAUSE_UNSTEADY_MS : 0;
    return Math.min(PAUSE_MS_MAX, 100 * 2 ** Math.min(failures, 7));
  };
  const restart = () => {
    readyMs = undefined;
    const failed = (error: unknown) => logger.error({ err: error }, `${named} could not be started`);
    try {
      const next = startChild(options, ready);
      ({ child } = next);
      watch();
      next.ready.then(() => (readyMs = performance.now()), failed);
    } catch (error) {
      // The system has no process or no file left for it.
      failed(error);
      again();
    }
  };
  watch();
  return {
    ready,
    get pid() {
      return child.pid;
    },
    get isReady() {
      return readyMs !== undefined && !isClosed && child.connected;
    },
    hand: (message, connection) =>
      new Promise((resolve) => {
        const given = (isGiven: boolean) => {
          to.off("exit", lost);
          if (isGiven) connection.destroy();
          resolve(isGiven);
        };
        const to = child;
        const lost = () => given(false);
        if (!to.connected) return resolve(false);
        to.once("exit", lost);
        to.send(message, connection, { keepOpen: true }, (error) => given(error === null));
      }),
    close: async () => {
      isClosed = true;
      clearTimeout(pause);
      await ended(child, endsWithinMs);
    },
  };
}

/** Asks a process to end, and ends it where it does not in time. */
function ended(child: ChildProcess, withinMs: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(() => child.kill("SIGKILL"), withinMs);
    child.once("exit", () => {
      clearTimeout(timer);
      resolve();
    });
    child.kill("SIGTERM");
  });
}

function startChild<Ready, Told>(
  { entry, named, settings, errors, execArgv = [], logger, onTold, onAsked }: KeepOptions<Ready, Told>,
  before: Ready | undefined,
): { readonly child: ChildProcess; readonly ready: Promise<Ready> } {
  const child = fork(entry, {
    execArgv: ["--disable-warning=ExperimentalWarning", ...execArgv],
    stdio: ["ignore", "ignore", errors === "log" ? "pipe" : "inherit", "ipc"],
  });
  // Each connection that is being given to it listens for its end.
  child.setMaxListeners(0);
  child.stderr?.on("data", (chunk: Buffer) => logger.warn({ from: named }, chunk.toString().trim()));
  // What is told to one that has just ended comes here too.
  child.on("error", (error) => logger.debug({ err: error }, `${named} is not there`));
  const ready = new Promise<Ready>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => reject(new Error(`${named} ended with ${code ?? signal}`)));
    child.on("message", (message: KeptMessage<Ready, Told>) => {
      if ("ready" in message) resolve(message.ready);
      else if ("refused" in message) reject(fromProblem(message.refused));
      else if ("failed" in message) reject(new Error(message.failed));
      else if ("told" in message) onTold?.(message.told);
      else void answered(message, onAsked).then((answer) => child.connected && child.send(answer));
    });
  });
  child.send(settings(before));
  return { child, ready };
}

async function answered(
  { asked, turn }: { readonly asked: unknown; readonly turn: number },
  onAsked: KeepOptions<never>["onAsked"],
): Promise<KeeperAnswer> {
  try {
    return { turn, answer: await onAsked?.(asked as never) };
  } catch (error) {
    return { turn, refused: toProblem(error) };
  }
}
