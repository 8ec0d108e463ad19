import type { Clock, Logger } from "@millwright/kernel";
import type { AskedBy, WorkersReport } from "../inference/ports.ts";
import type { Tensor } from "../inference/tensor.ts";
import { Autoscaler, type ScalePolicy } from "./autoscaler.ts";
import type { Frame, FrameHeader } from "./frames.ts";
import { OpenRequests, type OpenRequest } from "./open-requests.ts";
import { loadFailed, noWorker, tookTooLong, workerLost } from "./pool-errors.ts";
import { WorkerEnded, type PythonWorker } from "./python-worker.ts";
import { residentBytes } from "./resident-bytes.ts";
import { RestartPauses } from "./restart-pauses.ts";
import { SequenceHomes } from "./sequence-homes.ts";

export interface PoolOptions {
  readonly startWorker: () => PythonWorker;
  /** Of the model's version. */
  readonly folder: string;
  readonly scale: ScalePolicy;
  readonly limits: PoolLimits;
  readonly clock: Pick<Clock, "monotonicMs">;
  readonly logger: Logger;
}

/** Bounds of time, in milliseconds. */
export interface PoolLimits {
  /** For a model to load. */
  readonly loadMs: number;
  /** For an answer, from when a worker has the request. */
  readonly requestMs: number;
  /** For a worker that has nothing else to do to begin with a request. */
  readonly beginMs: number;
}

interface Member {
  readonly worker: PythonWorker;
  /** `lost` until its end is told. */
  state: "starting" | "idle" | "busy" | "lost" | "ending";
}

/** Without a worker, and none before so long, requests are refused. */
const PATIENCE_MS = 1_000;
const REPLAYS_MAX = 3;
const TICK_MS = 2_000;

/**
 * Workers of one model. A request goes to one that is idle; one whose worker is lost before it began goes to another, and one
 * that had begun is refused, since nobody knows what it has done. Workers that are lost are started again, with growing
 * pauses; how many there are is the autoscaler's to say.
 */
export class WorkerPool {
  readonly #options: PoolOptions;
  readonly #members = new Set<Member>();
  readonly #autoscaler: Autoscaler;
  readonly #requests: OpenRequests;
  readonly #pauses: RestartPauses;
  readonly #homes = new SequenceHomes<Member>();
  #wanted: number;
  #nextId = 0;
  #starts = 0;
  #crashes = 0;
  #startedMs = 0;
  #bytes = 0;
  #lastFailure = "";
  #retry: NodeJS.Timeout | undefined;
  #ticking: NodeJS.Timeout | undefined;
  /** Whether the first worker was there: before that, nothing is started again. */
  #isOpen = false;
  #isClosed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#autoscaler = new Autoscaler(options.scale, options.clock.monotonicMs());
    const { clock } = options;
    const onOpen = (open: number) => this.#autoscaler.observe(open, clock.monotonicMs());
    this.#requests = new OpenRequests({ clock, onOpen });
    this.#pauses = new RestartPauses(clock);
    this.#wanted = Math.max(1, options.scale.min);
  }

  /** Starts the first worker, and answers with what its model says of itself; the others start meanwhile. Throws `inference/cannot-load`. */
  async open(): Promise<FrameHeader> {
    const loaded = await this.#start();
    if (loaded instanceof Error) {
      await this.close();
      throw loaded;
    }
    this.#isOpen = true;
    this.#fill();
    if (this.#options.scale.min !== this.#options.scale.max) {
      this.#ticking = setInterval(() => this.tick(), TICK_MS).unref();
    }
    await this.measure();
    return loaded;
  }

  /** Throws `inference/worker-lost`, `inference/no-worker`, `inference/worker-late` and `inference/deadline`. */
  ask(inputs: readonly Tensor[], outputs: readonly string[], asked: AskedBy = {}): Promise<Frame> {
    const refusal = this.#refusal() ?? (this.#isHomeless(asked) ? homeless() : undefined);
    if (refusal !== undefined) return Promise.reject(refusal);
    const answered = this.#requests.add(inputs, outputs, asked);
    this.#pump();
    return answered;
  }

  /** Has as many workers as the autoscaler says now. */
  tick(): void {
    const ready = [...this.#members].filter(({ state }) => state === "idle" || state === "busy").length;
    this.#wanted = this.#autoscaler.decide(ready, this.#options.clock.monotonicMs());
    this.#fill();
    this.#shed();
    void this.measure();
  }

  /** How many requests wait for a worker. */
  get waiting(): number {
    return this.#requests.waiting;
  }

  report(): WorkersReport {
    const members = this.#staying;
    const starting = members.filter(({ state }) => state === "starting").length;
    return {
      running: members.length - starting,
      starting,
      wanted: this.#wanted,
      starts: this.#starts,
      crashes: this.#crashes,
      startedMs: this.#startedMs,
      bytes: this.#bytes,
      pids: members.flatMap(({ worker: { pid } }) => (pid === undefined ? [] : [pid])),
    };
  }

  /** Looks at what the workers take in memory. */
  async measure(): Promise<void> {
    const sizes = await Promise.all(this.report().pids.map(residentBytes));
    this.#bytes = sizes.reduce((sum, size) => sum + size, 0);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    clearInterval(this.#ticking);
    this.#requests.refuse(noWorker("the model is closed"));
    await Promise.all([...this.#members].map(({ worker }) => worker.close()));
  }

  /** Without a worker, and none in sight, a request would only wait. */
  #refusal(): Error | undefined {
    if (this.#isClosed) return noWorker("the model is closed");
    return this.#members.size === 0 && this.#pauses.leftMs > PATIENCE_MS ? noWorker(this.#lastFailure) : undefined;
  }

  /** Gives what waits to workers that are idle; where there is none at all, one is started. */
  #pump(): void {
    for (const member of this.#members) {
      if (member.state !== "idle") continue;
      const next = this.#requests.next(({ asked }) => this.#homes.admits(member, asked));
      if (next === undefined) continue;
      void this.#run(member, next);
    }
    if (this.#requests.waiting === 0 || this.#staying.length > 0) return;
    this.#wanted = Math.max(1, this.#wanted);
    this.#fill();
  }

  /** Whether it belongs to a sequence whose worker is no more. */
  #isHomeless(asked: AskedBy): boolean {
    const home = this.#homes.of(asked);
    return home !== undefined && (!this.#members.has(home) || home.state === "lost" || home.state === "ending");
  }

  /** All workers but those that are told to end. */
  get #staying(): readonly Member[] {
    return [...this.#members].filter(({ state }) => state !== "ending");
  }

  async #run(member: Member, request: OpenRequest): Promise<void> {
    const { requestMs, beginMs } = this.#options.limits;
    const { worker } = member;
    member.state = "busy";
    this.#nextId += 1;
    this.#homes.enter(member, request.asked, this.#options.clock.monotonicMs());
    let isLate = false;
    const late = () => {
      isLate = true;
      worker.kill(`it did not answer within ${requestMs} ms`);
    };
    let timer = setTimeout(() => worker.kill(`it did not begin within ${beginMs} ms`), beginMs);
    try {
      const { inputs, outputs } = request;
      const call = { id: this.#nextId, inputs, outputs, asked: request.asked };
      const frame = await worker.ask(call, () => {
        clearTimeout(timer);
        timer = setTimeout(late, requestMs);
      });
      this.#pauses.wentWell();
      request.settle(frame);
      if (member.state === "busy") member.state = "idle";
    } catch (error) {
      if (member.state === "busy") member.state = error instanceof WorkerEnded ? "lost" : "idle";
      this.#lost(request, error, isLate);
    } finally {
      clearTimeout(timer);
      this.#shed();
      this.#pump();
    }
  }

  /** A request whose worker is no more. */
  #lost(request: OpenRequest, error: unknown, isLate: boolean): void {
    if (!(error instanceof WorkerEnded)) request.settle(error as Error);
    else if (isLate) request.settle(tookTooLong(this.#options.limits.requestMs));
    else if (error.hasBegun || request.replays >= REPLAYS_MAX) request.settle(workerLost(error.message));
    else if (this.#isClosed) request.settle(noWorker("the model is closed"));
    else if (!request.isSettled) {
      if (request.asked.sequence?.isStart === true) this.#homes.leave(request.asked);
      request.replays += 1;
      this.#requests.putBack(request);
    }
  }

  /** Starts as many as are missing. After failures it waits first. */
  #fill(): void {
    if (this.#isClosed) return;
    const { leftMs } = this.#pauses;
    if (leftMs > 0) {
      this.#retry ??= setTimeout(() => {
        this.#retry = undefined;
        this.#pauses.end();
        this.#fill();
      }, leftMs).unref();
      return;
    }
    for (let missing = this.#wanted - this.#staying.length; missing > 0; missing -= 1) void this.#start();
  }

  /** What the model says of itself, or why there is no worker. */
  async #start(): Promise<FrameHeader | Error> {
    const { folder, limits, clock } = this.#options;
    const beganMs = clock.monotonicMs();
    this.#starts += 1;
    const worker = this.#startProcess();
    if (worker instanceof Error) return worker;
    const member: Member = { worker, state: "starting" };
    this.#members.add(member);
    void worker.ended.then((why) => this.#left(member, why));
    const timer = setTimeout(() => worker.kill(`the model did not load within ${limits.loadMs} ms`), limits.loadMs);
    try {
      const header = await worker.loaded;
      if (header.kind === "failed")
        throw loadFailed({ because: header["because"], traceback: header["traceback"] }, folder);
      if (member.state === "starting") member.state = "idle";
      this.#startedMs += clock.monotonicMs() - beganMs;
      this.#pump();
      return header;
    } catch (error) {
      const failed = error instanceof WorkerEnded ? loadFailed({ because: error.message }, folder) : (error as Error);
      this.#lastFailure = failed.message;
      return failed;
    } finally {
      clearTimeout(timer);
    }
  }

  /** The system may have no process or no file left for it. */
  #startProcess(): PythonWorker | Error {
    const { startWorker, folder } = this.#options;
    try {
      return startWorker();
    } catch (error) {
      const failed = loadFailed({ because: error instanceof Error ? error.message : error }, folder);
      this.#lastFailure = failed.message;
      if (this.#isOpen) this.#startAgain(failed.message, { hadLoaded: false });
      return failed;
    }
  }

  /** A worker has ended, wanted or not. */
  #left(member: Member, why: string): void {
    this.#members.delete(member);
    this.#requests.refuse(homeless(), ({ asked }) => this.#isHomeless(asked));
    if (member.state === "ending" || this.#isClosed || !this.#isOpen) return;
    const hadLoaded = member.state !== "starting";
    if (hadLoaded) this.#lastFailure = why;
    this.#startAgain(why, { pid: member.worker.pid, hadLoaded });
  }

  #startAgain(
    why: string,
    { pid, hadLoaded }: { readonly pid?: number | undefined; readonly hadLoaded: boolean },
  ): void {
    this.#crashes += 1;
    const pauseMs = this.#pauses.failed({ hadLoaded });
    this.#options.logger.warn({ pid, why, pauseMs }, "a worker ended; another is started");
    if (this.#refusal() !== undefined) this.#requests.refuse(noWorker(this.#lastFailure));
    this.#fill();
  }

  /** Ends idle workers that are too many. */
  #shed(): void {
    let surplus = this.#staying.length - this.#wanted;
    for (const member of [...this.#members].reverse()) {
      if (surplus <= 0 || this.#requests.waiting > 0) return;
      if (member.state !== "idle" || this.#homes.isLivedIn(member, this.#options.clock.monotonicMs())) continue;
      member.state = "ending";
      surplus -= 1;
      void member.worker.close();
    }
  }
}

function homeless(): Error {
  return workerLost("the worker that had the sequence's state is no more: begin the sequence anew");
}
