import { Worker } from "node:worker_threads";
import { inferenceErrors } from "../inference/errors.ts";
import type { Reply, TaskName, Tasks } from "./tasks.ts";

interface Waiting {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * A thread that starts when it is first asked, and again after it has ended. What it was asked when it ended fails with
 * `inference/thread-ended`; models that it held are gone, which `life` tells.
 */
export class ModelThread {
  readonly #program: URL;
  readonly #onEnded: (error: unknown) => void;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #asked = 0;
  #lives = 0;
  #isClosed = false;

  constructor(program: URL, onEnded: (error: unknown) => void) {
    this.#program = program;
    this.#onEnded = onEnded;
  }

  /** How often it has ended: models of another life of it are not there. */
  get life(): number {
    return this.#lives;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** How many of its answers are waited for. */
  get waiting(): number {
    return this.#waiting.size;
  }

  ask<Name extends TaskName>(task: Name, told: Tasks[Name]["told"]): Promise<Tasks[Name]["answer"]> {
    if (this.#isClosed) return Promise.reject(ended("the threads were closed"));
    this.#asked += 1;
    const id = this.#asked;
    const worker = (this.#worker ??= this.#start());
    return new Promise((resolve, reject) => {
      // What cannot be sent throws here, before anyone waits for its answer.
      worker.postMessage({ id, task, told });
      this.#waiting.set(id, { resolve: resolve as Waiting["resolve"], reject });
      worker.ref();
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#worker?.terminate();
  }

  #start(): Worker {
    const worker = new Worker(this.#program);
    let why: unknown;
    worker.on("message", (reply: Reply) => {
      const waiting = this.#waiting.get(reply.id);
      this.#waiting.delete(reply.id);
      // A process that has nothing else to do may end while threads stand by.
      if (this.#waiting.size === 0) worker.unref();
      if ("failed" in reply) waiting?.reject(new Error(reply.failed));
      else waiting?.resolve(reply.answer);
    });
    worker.once("error", (error) => (why = error));
    worker.once("exit", (code) => {
      this.#worker = undefined;
      this.#lives += 1;
      const waiting = [...this.#waiting.values()];
      this.#waiting.clear();
      const told = ended(why instanceof Error ? why.message : `it ended with ${code}`, why);
      for (const { reject } of waiting) reject(told);
      if (!this.#isClosed) this.#onEnded(told);
    });
    return worker;
  }
}

function ended(because: string, cause?: unknown): Error {
  return inferenceErrors.create("inference/thread-ended", {
    because,
    ...(cause === undefined ? {} : { cause }),
  });
}
