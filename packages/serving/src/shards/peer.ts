import { connect } from "node:net";
import { deserialize, serialize } from "node:v8";
import { fromProblem, isMillError, type Problem } from "@millwright/kernel";
import { inferenceErrors } from "../inference/errors.ts";
import { framedSocket, type FramedSocket } from "./framed-socket.ts";
import { FRAME, type Frame, type WrittenFrame } from "./frames.ts";

/** What one process asks another. */
export type PeerQuestion = Omit<WrittenFrame, "number">;

interface Waits {
  /** Whether nobody waits for the answer any more. */
  readonly isGone?: (() => boolean) | undefined;
  /** How long the answer is waited for. */
  readonly withinMs?: number | undefined;
}

/** Another of the processes that are one server to their callers. */
export interface Peer {
  /**
   * Its answer as it sends it. Throws what it refuses the question with, and `inference/shard-away` where it is not there, or
   * went before it answered.
   */
  send(question: PeerQuestion, waits?: Waits): Promise<Frame>;
  /** Asks it something of its own: both sides are of one program, so values cross as V8 writes them. */
  ask(name: string, asked: unknown, waits?: Waits): Promise<unknown>;
  close(): void;
}

interface Waiting extends Waits {
  readonly untilMs: number;
  readonly resolve: (answer: Frame) => void;
  readonly reject: (error: Error) => void;
}

interface Connection {
  readonly socket: FramedSocket;
  /** By the number of their question. */
  readonly waiting: Map<number, Waiting>;
  end(): void;
}

/** How often it is looked whether whoever asked has gone, or waits no longer. */
const LOOK_EVERY_MS = 100;
/** So many questions wait for one process at the most, and so many bytes of them to be taken by it. */
const [QUESTIONS_MAX, WAITING_BYTES_MAX] = [2 ** 16, 2 ** 28];
const NUMBERS = 2 ** 32;

/**
 * At its Unix socket: one connection, on which many questions are under way and answers come in any order. `onLost` is called
 * when it ends: as long as it is open, the process is the same.
 */
export function connectPeer(socketPath: string, onLost: () => void = () => {}): Peer {
  let connection: Connection | undefined;
  let number = 0;
  const open = (): Connection => {
    const opened = openConnection(socketPath, () => {
      if (connection === opened) connection = undefined;
      onLost();
    });
    return opened;
  };
  const send = (question: PeerQuestion, { isGone, withinMs = Number.POSITIVE_INFINITY }: Waits = {}) =>
    new Promise<Frame>((resolve, reject) => {
      connection ??= open();
      const { socket, waiting } = connection;
      if (waiting.size >= QUESTIONS_MAX || socket.waitingBytes > WAITING_BYTES_MAX) throw behind();
      do number = (number + 1) % NUMBERS;
      while (waiting.has(number));
      socket.send({ ...question, number });
      waiting.set(number, { isGone, resolve, reject, untilMs: performance.now() + withinMs });
    });
  return {
    send,
    ask: async (name, asked, waits) => {
      const { body } = await send({ kind: FRAME.own, head: name, body: serialize(asked) }, waits);
      return deserialize(body) as unknown;
    },
    close: () => connection?.end(),
  };
}

function openConnection(socketPath: string, onClosed: () => void): Connection {
  const waiting = new Map<number, Waiting>();
  const stream = connect(socketPath);
  const take = (number: number): Waiting | undefined => {
    const one = waiting.get(number);
    waiting.delete(number);
    return one;
  };
  const onFrame = (frame: Frame) => {
    const one = take(frame.number);
    if (frame.kind === FRAME.answer) one?.resolve(frame);
    else one?.reject(fromProblem(deserialize(frame.body) as Problem));
  };
  // All questions of a turn go out together.
  const socket = framedSocket(stream, { onFrame, later: setImmediate });
  const look = setInterval(() => {
    const nowMs = performance.now();
    for (const [number, { isGone, untilMs, reject }] of waiting) {
      const isOver = nowMs > untilMs;
      if (!isOver && isGone?.() !== true) continue;
      waiting.delete(number);
      socket.send({ kind: FRAME.left, number, head: "", body: "" });
      reject(isOver ? shardAway() : left());
    }
  }, LOOK_EVERY_MS);
  look.unref();
  let cause: Error | undefined;
  stream.on("error", (error) => (cause = error));
  stream.once("close", () => {
    clearInterval(look);
    onClosed();
    for (const { reject } of waiting.values()) reject(shardAway(cause));
    waiting.clear();
  });
  return { socket, waiting, end: () => stream.destroy() };
}

function left(): Error {
  return inferenceErrors.create("inference/cancelled", { because: "its caller has gone" });
}

function behind(): Error {
  return inferenceErrors.create("inference/overloaded", { because: "the model's process does not keep up" });
}

export function shardAway(cause?: unknown): Error {
  return inferenceErrors.create("inference/shard-away", {
    because: "the model's process is being started again",
    cause,
  });
}

export function isAway(error: unknown): boolean {
  return isMillError(error) && error.code === "inference/shard-away";
}
