import { pathToFileURL } from "node:url";
import { workerData } from "node:worker_threads";
import { fromProblem, mapModule } from "@millwright/kernel";
import { BEGUN, RUNNING, TURNS, type FromThread, type ThreadData, type ToThread } from "./thread-protocol.ts";

// A thread of its own runs a project's function: what it does to itself, it does to nobody else.

type Predict = (request: unknown, context: object) => unknown;

const own = workerData as ThreadData;
const { file, service, millwrightUrl, progress, port } = own;
delete own.port;
const at = new Int32Array(progress);
const asked = new Map<number, PromiseWithResolvers<unknown>>();
let questions = 0;

class Refusal extends Error {}

const TURN_EVERY_MS = 20;

// Whoever looks sees by it that the thread still turns.
setInterval(() => Atomics.add(at, TURNS, 1), TURN_EVERY_MS);
mapModule("millwright", millwrightUrl);
loadPredict().then(
  (predict) => {
    port?.on("message", (message: ToThread) => {
      if (message.kind === "predict") void answer(predict, message);
      else hear(message);
    });
    say({ kind: "ready" });
  },
  (error: unknown) => say({ kind: "unready", because: told(error) }),
);

async function loadPredict(): Promise<Predict> {
  const exports = (await import(pathToFileURL(file).href)) as Readonly<Record<string, unknown>>;
  for (const value of Object.values(exports)) {
    const { kind, name, predict } = Object(value) as { readonly kind?: unknown; name?: unknown; predict?: unknown };
    if (kind === "service" && name === service && typeof predict === "function") return predict as Predict;
  }
  throw new Error(`${file} exports no service ${service} with a function`);
}

async function answer(predict: Predict, { number, id, request, features }: Extract<ToThread, { kind: "predict" }>) {
  Atomics.store(at, BEGUN, number);
  Atomics.store(at, RUNNING, number);
  try {
    const outcome = predict(request, contextOf(number, { id, features }));
    Atomics.store(at, RUNNING, 0);
    say({ kind: "answer", number, answer: plain(await outcome) });
  } catch (error) {
    Atomics.store(at, RUNNING, 0);
    say({ kind: "failure", number, because: told(error), isRefusal: error instanceof Refusal });
  }
}

function contextOf(number: number, beside: { readonly id: string; readonly features: object }) {
  return {
    ...beside,
    models: { ask: (name: unknown, row: unknown) => ask(number, String(name), row) },
    refuse: (reason: unknown) => {
      throw new Refusal(String(reason));
    },
  };
}

function ask(number: number, name: string, request: unknown): Promise<unknown> {
  questions += 1;
  const waiting = Promise.withResolvers<unknown>();
  asked.set(questions, waiting);
  say({ kind: "question", number, question: questions, service: name, request: plain(request) });
  return waiting.promise;
}

function hear(message: Exclude<ToThread, { kind: "predict" }>): void {
  const waiting = asked.get(message.question);
  asked.delete(message.question);
  if (message.kind === "told") waiting?.resolve(message.answer);
  else waiting?.reject(fromProblem(message.problem));
}

/** What crosses to another thread as it would cross a wire. */
function plain(value: unknown): unknown {
  const text = JSON.stringify(value) as string | undefined;
  return text === undefined ? undefined : (JSON.parse(text) as unknown);
}

/** Anything can be thrown, also what cannot be made text. */
function told(error: unknown): string {
  try {
    return String(error instanceof Error ? error.message : error).slice(0, 500);
  } catch {
    return "it threw what is no text";
  }
}

function say(message: FromThread): void {
  port?.postMessage(message);
}
