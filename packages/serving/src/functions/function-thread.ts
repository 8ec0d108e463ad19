import { MessageChannel, Worker, type MessagePort } from "node:worker_threads";
import { toProblem, type Clock, type Logger } from "@millwright/kernel";
import { servingErrors } from "../errors.ts";
import type { ServiceLimits } from "./function-options.ts";
import { BEGUN, RUNNING, TURNS, type FromThread, type ThreadData, type ToThread } from "./thread-protocol.ts";

export interface FunctionRequest {
  readonly id: string;
  readonly request: Readonly<Record<string, unknown>>;
  readonly features: Readonly<Record<string, number | string | null>>;
  /** The services that have asked for it, the first the caller's own. */
  readonly through: readonly string[];
  /** It is asked in order to explain another answer. */
  readonly isTrial?: boolean | undefined;
}

/** What a function asks of another service. */
interface FunctionQuestion extends Pick<FunctionRequest, "through" | "isTrial"> {
  readonly service: string;
  readonly request: unknown;
}

export interface FunctionThreadOptions {
  readonly data: Omit<ThreadData, "progress" | "port">;
  readonly limits: Required<ServiceLimits>;
  readonly clock: Pick<Clock, "monotonicMs">;
  readonly logger: Logger;
  /** Answers what a function asks of other services. */
  readonly ask: (question: FunctionQuestion) => Promise<unknown>;
}

interface Waiting extends FunctionRequest {
  deadlineMs: number;
  /** It has been cut off once by another's failure. */
  isRepeated: boolean;
  isRenewed: boolean;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** The memory that a function's objects may take. */
const MEMORY_MB = 256;
const LOOK_EVERY_MS = 20;
const LOAD_MS_MAX = 10_000;
/** Promises that were given up on; the thread that holds so many is started anew. */
const ABANDONED_MAX = 100;
const RESTART_MS_MAX = 5_000;
const STILL_MS_MIN = 100;

/**
 * A thread that answers for one function, kept up. A request that takes too long ends for its caller alone, as long as the
 * thread still turns; an endless loop or a crash costs the request that was at it, and the thread is started anew: those that
 * had not begun go to the new one, and those that were under way too, once.
 */
export class FunctionThread {
  readonly #options: FunctionThreadOptions;
  readonly #queue: Waiting[] = [];
  readonly #running = new Map<number, Waiting>();
  readonly #timer: NodeJS.Timeout;
  #worker: Worker | undefined;
  #port: MessagePort | undefined;
  #progress = new Int32Array(new SharedArrayBuffer(12));
  #isReady = false;
  #startedMs = 0;
  #number = 0;
  #turns = 0;
  #turnedMs = 0;
  #abandoned = 0;
  #failures = 0;
  #isClosed = false;
  #ready = Promise.withResolvers<void>();
  restarts = 0;

  constructor(options: FunctionThreadOptions) {
    this.#options = options;
    this.#ready.promise.catch(() => undefined);
    this.#start();
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS);
    this.#timer.unref();
  }

  /** Resolves once the function is loaded. Rejects with `serving/function-failed` where it cannot be. */
  ready(): Promise<void> {
    return this.#ready.promise;
  }

  /** Throws `serving/overloaded`, `serving/function-timeout`, `serving/function-failed` and `serving/refused`. */
  ask(request: FunctionRequest): Promise<unknown> {
    const { limits, clock } = this.#options;
    if (this.#queue.length >= limits.queue)
      throw servingErrors.create("serving/overloaded", { because: `${limits.queue} requests wait for ${this.#name}` });
    return new Promise((resolve, reject) => {
      const deadlineMs = clock.monotonicMs() + limits.timeoutMs;
      this.#queue.push({ ...request, deadlineMs, isRepeated: false, isRenewed: false, resolve, reject });
      this.#send();
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    const error = this.#failed("it is no longer served");
    for (const waiting of [...this.#running.values(), ...this.#queue.splice(0)]) waiting.reject(error);
    this.#running.clear();
    await this.#worker?.terminate();
  }

  get #name(): string {
    return this.#options.data.service;
  }

  #start(): void {
    const { data, logger } = this.#options;
    this.#progress = new Int32Array(new SharedArrayBuffer(12));
    this.#isReady = false;
    this.#abandoned = 0;
    this.#startedMs = this.#options.clock.monotonicMs();
    const { port1: port, port2 } = new MessageChannel();
    const worker = new Worker(new URL("./worker.ts", import.meta.url), {
      workerData: { ...data, progress: this.#progress.buffer, port: port2 } satisfies ThreadData,
      transferList: [port2],
      // The project's code sees no variable of this process.
      env: {},
      execArgv: ["--disable-warning=ExperimentalWarning"],
      resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB },
      stdout: true,
      stderr: true,
    });
    this.#worker = worker;
    this.#port = port;
    for (const stream of [worker.stdout, worker.stderr])
      stream.on("data", (chunk: Buffer) =>
        logger.info({ service: data.service }, chunk.toString().trim().slice(0, 2_000)),
      );
    port.on("message", (message: FromThread) => {
      if (worker === this.#worker) this.#hear(message);
    });
    worker.on("error", (error) => logger.error({ err: error, service: data.service }, "a function's thread failed"));
    worker.once("exit", (code) => {
      if (worker === this.#worker && !this.#isClosed) this.#restart(`its thread ended with ${code}`);
    });
  }

  #send(): void {
    const { concurrency } = this.#options.limits;
    while (this.#isReady && this.#running.size < concurrency && this.#queue.length > 0) {
      const waiting = this.#queue.shift();
      if (waiting === undefined) return;
      this.#number += 1;
      this.#running.set(this.#number, waiting);
      const { id, request, features } = waiting;
      this.#post({ kind: "predict", number: this.#number, id, request, features });
    }
  }

  #post(message: ToThread): void {
    this.#port?.postMessage(message);
  }

  #hear(message: FromThread): void {
    if (message.kind === "ready") {
      this.#isReady = true;
      this.#ready.resolve();
    } else if (message.kind === "unready") {
      const error = this.#failed(message.because);
      this.#ready.reject(error);
      for (const waiting of this.#queue.splice(0)) waiting.reject(error);
    } else if (message.kind === "question") void this.#answerQuestion(message);
    else this.#settle(message);
    this.#send();
  }

  #settle(message: Extract<FromThread, { kind: "answer" | "failure" }>): void {
    const waiting = this.#running.get(message.number);
    // Its caller has been told that it took too long.
    if (waiting === undefined) this.#abandoned -= 1;
    this.#running.delete(message.number);
    this.#failures = 0;
    if (message.kind === "answer") waiting?.resolve(message.answer);
    else if (message.isRefusal) waiting?.reject(servingErrors.create("serving/refused", { because: message.because }));
    else waiting?.reject(this.#failed(message.because));
  }

  async #answerQuestion({ number, question, service, request }: Extract<FromThread, { kind: "question" }>) {
    const asking = this.#running.get(number);
    const through = [...(asking?.through ?? []), this.#name];
    const worker = this.#worker;
    const post = (message: ToThread) => {
      if (worker === this.#worker) this.#post(message);
    };
    try {
      post({
        kind: "told",
        question,
        answer: await this.#options.ask({ service, request, through, isTrial: asking?.isTrial }),
      });
    } catch (error) {
      post({ kind: "refused", question, problem: toProblem(error) });
    }
  }

  /** Ends what has taken too long. */
  #look(): void {
    const nowMs = this.#options.clock.monotonicMs();
    const isLate = ({ deadlineMs }: Waiting) => deadlineMs <= nowMs;
    const late = this.#queue.filter(isLate);
    if (late.length > 0) this.#queue.splice(0, this.#queue.length, ...this.#queue.filter((one) => !isLate(one)));
    for (const waiting of late) waiting.reject(this.#tookTooLong());
    if (!this.#isReady && nowMs - this.#startedMs > LOAD_MS_MAX) {
      this.#ready.reject(this.#failed(`it was not loaded within ${LOAD_MS_MAX / 1_000} s`));
      this.#restart("its file took too long to load");
      return;
    }
    for (const [number, waiting] of this.#running) {
      if (!isLate(waiting)) continue;
      this.#running.delete(number);
      waiting.reject(this.#tookTooLong());
      this.#abandoned += 1;
    }
    if (this.#holdsStill(nowMs)) this.#restart("a request held its thread for half of its time", this.#tookTooLong());
    else if (this.#abandoned > ABANDONED_MAX) this.#restart("too many requests were never answered");
  }

  /** Whether the thread has not turned for half the time that a request has: the others still have the other half. */
  #holdsStill(nowMs: number): boolean {
    const turns = Atomics.load(this.#progress, TURNS);
    if (turns !== this.#turns || !this.#isReady) {
      this.#turns = turns;
      this.#turnedMs = nowMs;
    }
    return nowMs - this.#turnedMs > Math.max(STILL_MS_MIN, this.#options.limits.timeoutMs / 2);
  }

  /** What had begun may be to blame; what had not is not. */
  #restart(because: string, error: Error = this.#failed(because)): void {
    // Of no effect once it has been ready: who waits for the first time would wait for ever.
    this.#ready.reject(this.#failed(because));
    const begun = Atomics.load(this.#progress, BEGUN);
    const culprit = Atomics.load(this.#progress, RUNNING);
    const old = this.#worker;
    this.#worker = undefined;
    void old?.terminate();
    this.restarts += 1;
    this.#failures += 1;
    this.#options.logger.error({ service: this.#name, because }, "a function's thread is started anew");
    const again: Waiting[] = [];
    for (const [number, waiting] of this.#running) {
      if (number === culprit || (number <= begun && waiting.isRepeated)) waiting.reject(error);
      else again.push(this.#inAnew(waiting, number <= begun));
    }
    this.#running.clear();
    this.#queue.unshift(...again);
    const delayMs = Math.min(RESTART_MS_MAX, 10 * 2 ** Math.min(this.#failures - 1, 9));
    setTimeout(() => {
      if (!this.#isClosed) this.#start();
    }, delayMs).unref();
    this.#isReady = false;
    this.#startedMs = Number.POSITIVE_INFINITY;
  }

  /** One that was cut off by another's failure has all of its time again, once. */
  #inAnew(waiting: Waiting, wasBegun: boolean): Waiting {
    const { limits, clock } = this.#options;
    if (!waiting.isRenewed) waiting.deadlineMs = clock.monotonicMs() + limits.timeoutMs;
    waiting.isRenewed = true;
    waiting.isRepeated ||= wasBegun;
    return waiting;
  }

  #failed(because: string): Error {
    return servingErrors.create("serving/function-failed", { because: `${this.#name}: ${because}` });
  }

  #tookTooLong(): Error {
    const { timeoutMs } = this.#options.limits;
    return servingErrors.create("serving/function-timeout", {
      because: `${this.#name} did not answer within ${timeoutMs} ms`,
    });
  }
}
