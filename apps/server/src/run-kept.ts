import { fromProblem, isMillError, toProblem } from "@millwright/kernel";
import type { KeeperAnswer, KeptMessage } from "./kept-process.ts";

interface Started<Ready> {
  readonly ready: Ready;
  /** Ends what has begun. */
  close(): Promise<void>;
}

/** What a kept process may say to its keeper. */
interface Keeper<Told> {
  /** What becomes known after it is ready. */
  readonly tell: (told: Told) => void;
  /** Throws what the keeper throws. */
  readonly ask: (asked: unknown) => Promise<unknown>;
}

/**
 * The side of a kept process: told its settings by its keeper, it works until that says so, or is gone. Call it once, at the
 * program's start.
 */
export function runKept<Settings, Ready, Told = never>(
  start: (settings: Settings, keeper: Keeper<Told>) => Promise<Started<Ready>>,
): void {
  let running: Started<Ready> | undefined;
  let isEnding = false;
  const end = () => {
    // Before it has started there is nothing to be ended in good order.
    if (running === undefined) process.exit(0);
    if (isEnding) return;
    isEnding = true;
    running.close().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  // It may come twice: to a whole group of processes, and from the keeper.
  process.on("SIGTERM", end);
  process.once("disconnect", end);
  // Ctrl-C reaches the whole group; the keeper decides when this process ends.
  process.on("SIGINT", () => {});
  // Whoever read what was written here may be gone.
  process.stderr.on("error", () => {});
  process.once("message", (settings: Settings) => {
    start(settings, { tell: (told) => send<Ready, Told>({ told }), ask: asking() }).then(
      (started) => {
        running = started;
        send<Ready, Told>({ ready: started.ready });
      },
      (error: unknown) => {
        send<Ready, Told>(isMillError(error) ? { refused: toProblem(error) } : { failed: textOf(error) });
        process.exit(1);
      },
    );
  });
}

/** Each question has a number, by which its answer finds it. */
function asking(): (asked: unknown) => Promise<unknown> {
  const waiting = new Map<number, (answer: KeeperAnswer) => void>();
  let turns = 0;
  const gone = () => {
    for (const [turn, tell] of waiting) tell({ turn, refused: toProblem(new Error("the keeper has gone")) });
    waiting.clear();
  };
  process.once("disconnect", gone);
  process.on("message", (answer: KeeperAnswer) => {
    waiting.get(answer.turn)?.(answer);
    waiting.delete(answer.turn);
  });
  return (asked) =>
    new Promise((resolve, reject) => {
      const turn = (turns += 1);
      waiting.set(turn, ({ answer, refused }) =>
        refused === undefined ? resolve(answer) : reject(fromProblem(refused)),
      );
      if (process.connected) send({ asked, turn });
      else gone();
    });
}

function send<Ready, Told>(message: KeptMessage<Ready, Told>): void {
  if (process.connected) process.send?.(message);
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
