import { inferenceErrors } from "../errors.ts";
import type { AskedBy, InferenceModel } from "../ports.ts";
import type { Tensor } from "../tensor.ts";
import { joinRows, splitRows } from "./batch.ts";
import type { SchedulingPolicy } from "./policy.ts";

/** A request that has been read. */
export interface Work extends AskedBy {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly string[];
  /** Rows along the first dimension, or 1 where the model has no batches. */
  readonly rows: number;
}

/** What was answered, with the time it waited and the time that its execution took. */
export interface Answered {
  readonly outputs: readonly Tensor[];
  readonly queueMs: number;
  readonly inferMs: number;
}

/** One execution, of one request or of several. */
export interface Execution {
  readonly rows: number;
  readonly requests: number;
  readonly joinMs: number;
  readonly inferMs: number;
  readonly splitMs: number;
}

export interface SchedulerOptions {
  readonly model: InferenceModel;
  readonly policy: SchedulingPolicy;
  readonly clock: { monotonicMs(): number };
  readonly onExecution: (execution: Execution) => void;
}

interface Waiting {
  readonly work: Work;
  readonly level: number;
  readonly queuedMs: number;
  /** When it may no longer wait. */
  readonly expiresMs: number;
  readonly resolve: (answered: Answered) => void;
  readonly reject: (error: unknown) => void;
}

/** Timers of Node take no more. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/**
 * Executes a model's requests, so many at once and the others in their turn. Requests that are alike are executed
 * together where the policy has batches: those that came while others were executed or read, so that no request waits
 * for another that is not there; unless the policy has a delay. A request that fails among others is executed by itself.
 */
export class Scheduler {
  readonly #options: SchedulerOptions;
  /** Requests that may be executed together, in their order, by what they have alike. */
  readonly #lanes = new Map<string, Waiting[]>();
  /** How many requests wait, by their level; a level of none is not there. */
  readonly #lengths = new Map<number, number>();
  #rows = 0;
  #running = 0;
  #isSoon = false;
  #timer: { readonly handle: NodeJS.Timeout; readonly atMs: number } | undefined;

  constructor(options: SchedulerOptions) {
    this.#options = options;
  }

  /** How many requests wait. */
  get waiting(): number {
    return [...this.#lengths.values()].reduce((sum, length) => sum + length, 0);
  }

  /** How many executions run. */
  get running(): number {
    return this.#running;
  }

  /** Throws `inference/overloaded`, `inference/deadline`, `inference/cancelled`, and what the model throws. */
  run(work: Work): Promise<Answered> {
    const { policy, clock } = this.#options;
    const now = clock.monotonicMs();
    if (work.deadlineMs !== undefined && work.deadlineMs <= now) return Promise.reject(tooLate("it came too late"));
    if (policy.instances === Number.POSITIVE_INFINITY) return this.#alone({ work, queuedMs: now });
    const level = levelOf(work.priority ?? 0, policy);
    const { lengthMax, timeoutMs, isDelayed } = policy.queueOf(level);
    if ((this.#lengths.get(level) ?? 0) >= lengthMax) this.#forget(now);
    if ((this.#lengths.get(level) ?? 0) >= lengthMax) return Promise.reject(overloaded(lengthMax));
    return new Promise((resolve, reject) => {
      const ownMs = work.deadlineMs ?? Number.POSITIVE_INFINITY;
      const expiresMs = isDelayed ? ownMs : Math.min(ownMs, now + timeoutMs);
      this.#enqueue({ work, level, queuedMs: now, expiresMs, resolve, reject });
    });
  }

  #enqueue(one: Waiting): void {
    const key = laneOf(one, this.#options);
    const lane = this.#lanes.get(key);
    if (lane === undefined) this.#lanes.set(key, [one]);
    else lane.push(one);
    this.#count(one, 1);
    if (one.expiresMs !== Number.POSITIVE_INFINITY) this.#wakeAt(one.expiresMs);
    const { rowsMax } = this.#options.policy;
    if (rowsMax === 0 || this.#rows >= rowsMax) this.#pump();
    else this.#pumpSoon();
  }

  #count({ level, work }: Waiting, by: 1 | -1): void {
    const length = (this.#lengths.get(level) ?? 0) + by;
    if (length === 0) this.#lengths.delete(level);
    else this.#lengths.set(level, length);
    this.#rows += by * work.rows;
    if (this.#lengths.size > 0) return;
    // Nobody waits for it, and a process that ends would.
    clearTimeout(this.#timer?.handle);
    this.#timer = undefined;
  }

  /** Once all that has arrived by now is read. */
  #pumpSoon(): void {
    if (this.#isSoon) return;
    this.#isSoon = true;
    setImmediate(() => {
      this.#isSoon = false;
      this.#pump();
    });
  }

  #pump(): void {
    while (this.#running < this.#options.policy.instances) {
      const batch = this.#next();
      if (batch === undefined) return;
      void this.#execute(batch);
    }
  }

  /** What is executed next; undefined where nothing waits or what waits may wait for more. */
  #next(): readonly Waiting[] | undefined {
    const now = this.#options.clock.monotonicMs();
    this.#forget(now);
    const { ready, waitsMs } = this.#first(now);
    if (ready !== undefined) return this.#take(ready);
    if (waitsMs !== undefined) this.#wakeAt(now + waitsMs);
    return undefined;
  }

  /**
   * The lane whose first request goes first, by its level, those that waited too long last, then the oldest; else how long
   * the first of them may still wait for others.
   */
  #first(now: number): { readonly ready?: string; readonly waitsMs?: number } {
    const { delayMs, rowsWanted, queueOf } = this.#options.policy;
    let best: { readonly key: string; readonly rank: Rank } | undefined;
    let waitsMs: number | undefined;
    for (const [key, lane] of this.#lanes) {
      const [head] = lane;
      if (head === undefined) continue;
      const waits = head.queuedMs + delayMs - now;
      if (waits > 0 && rowsOf(lane) < rowsWanted) {
        waitsMs = Math.min(waits, waitsMs ?? waits);
        continue;
      }
      const isLate = head.queuedMs + queueOf(head.level).timeoutMs < now;
      const rank: Rank = [head.level, isLate ? 1 : 0, head.queuedMs];
      if (best === undefined || isBefore(rank, best.rank)) best = { key, rank };
    }
    return best === undefined ? (waitsMs === undefined ? {} : { waitsMs }) : { ready: best.key };
  }

  /** The first requests of a lane, as many as fit into one execution. */
  #take(key: string): readonly Waiting[] {
    const { rowsMax } = this.#options.policy;
    const lane = this.#lanes.get(key) ?? [];
    let [rows, taken] = [0, 0];
    for (const { work } of lane) {
      if (taken > 0 && rows + work.rows > rowsMax) break;
      taken += 1;
      rows += work.rows;
    }
    const batch = lane.splice(0, taken);
    for (const one of batch) this.#count(one, -1);
    if (lane.length === 0) this.#lanes.delete(key);
    return batch;
  }

  /** Looks again at that time: a delay is over then, or a request has waited too long. */
  #wakeAt(atMs: number): void {
    if (this.#timer !== undefined && this.#timer.atMs <= atMs) return;
    clearTimeout(this.#timer?.handle);
    const now = this.#options.clock.monotonicMs();
    const waitsMs = Math.min(Math.max(1, Math.ceil(atMs - now)), TIMER_MS_MAX);
    const handle = setTimeout(() => this.#wake(), waitsMs);
    this.#timer = { handle, atMs };
  }

  #wake(): void {
    this.#timer = undefined;
    this.#forget(this.#options.clock.monotonicMs());
    this.#pump();
    const expiries = [...this.#lanes.values()].flat().map(({ expiresMs }) => expiresMs);
    const next = expiries.reduce((least, one) => Math.min(least, one), Number.POSITIVE_INFINITY);
    if (next !== Number.POSITIVE_INFINITY) this.#wakeAt(next);
  }

  /** Lets go of requests that nobody waits for any more. */
  #forget(now: number): void {
    for (const [key, lane] of this.#lanes) {
      const kept = lane.filter((one) => {
        const isGone = refusedInQueue(one, now);
        if (isGone) this.#count(one, -1);
        return !isGone;
      });
      if (kept.length === lane.length) continue;
      if (kept.length === 0) this.#lanes.delete(key);
      else this.#lanes.set(key, kept);
    }
  }

  async #execute(batch: readonly Waiting[]): Promise<void> {
    this.#running += 1;
    try {
      const [only] = batch;
      if (batch.length > 1) await this.#together(batch);
      else if (only !== undefined) await settle(only, this.#alone(only));
    } finally {
      this.#running -= 1;
      this.#pump();
    }
  }

  async #together(batch: readonly Waiting[]): Promise<void> {
    const { model, clock } = this.#options;
    const begunMs = clock.monotonicMs();
    const [first] = batch;
    const rows = batch.map(({ work }) => work.rows);
    let parts: ReturnType<typeof splitRows>;
    let [joinedMs, inferredMs] = [begunMs, begunMs];
    try {
      const inputs = joinRows(batch.map(({ work }) => work.inputs));
      joinedMs = clock.monotonicMs();
      const outputs = await model.infer(inputs, first?.work.outputs ?? []);
      inferredMs = clock.monotonicMs();
      parts = splitRows(outputs, rows);
    } catch {
      // One of them is at fault: each learns by itself which.
    }
    if (parts === undefined) {
      for (const one of batch) await settle(one, this.#alone(one));
      return;
    }
    const splitMs = clock.monotonicMs() - inferredMs;
    const inferMs = inferredMs - joinedMs;
    this.#options.onExecution({
      rows: rows.reduce((sum, size) => sum + size, 0),
      requests: batch.length,
      joinMs: joinedMs - begunMs,
      inferMs,
      splitMs,
    });
    for (const [at, one] of batch.entries())
      one.resolve({ outputs: parts[at] ?? [], queueMs: begunMs - one.queuedMs, inferMs });
  }

  async #alone({ work, queuedMs }: Pick<Waiting, "work" | "queuedMs">): Promise<Answered> {
    const { model, clock, onExecution } = this.#options;
    const begunMs = clock.monotonicMs();
    const outputs = await model.infer(work.inputs, work.outputs, work);
    const inferMs = clock.monotonicMs() - begunMs;
    onExecution({ rows: work.rows, requests: 1, joinMs: 0, inferMs, splitMs: 0 });
    return { outputs, queueMs: begunMs - queuedMs, inferMs };
  }
}

function settle({ resolve, reject }: Waiting, answered: Promise<Answered>): Promise<void> {
  return answered.then(resolve, reject);
}

/** Whether a request that waits is not to be executed; it is told so. */
function refusedInQueue({ work, expiresMs, queuedMs, reject }: Waiting, now: number): boolean {
  if (work.isCancelled?.() === true) {
    reject(inferenceErrors.create("inference/cancelled", { because: "its caller had gone before its turn came" }));
    return true;
  }
  if (expiresMs > now) return false;
  reject(tooLate(`it waited ${Math.round(now - queuedMs)} ms for its turn`));
  return true;
}

function tooLate(because: string): Error {
  return inferenceErrors.create("inference/deadline", { because });
}

function overloaded(length: number): Error {
  return inferenceErrors.create("inference/overloaded", { because: `${length} requests wait for the model already` });
}

function levelOf(priority: number, { levels, defaultLevel }: SchedulingPolicy): number {
  return priority === 0 ? defaultLevel : Math.min(priority, levels);
}

/** What requests must have alike to be executed together: their level, outputs, and inputs but for the rows. */
function laneOf({ level, work }: Waiting, { policy, model }: SchedulerOptions): string {
  if (policy.rowsMax === 0) return String(level);
  const shapes = work.inputs.flatMap(({ shape }, at) =>
    isFixed(model.inputs[at]?.shape) ? [] : [`${at}:${shape.slice(1).join("x")}`],
  );
  const outputs = work.outputs.length === model.outputs.length ? [] : work.outputs;
  const isOwnOrder = work.outputs.every((name, at) => name === model.outputs[at]?.name);
  return isOwnOrder && shapes.length === 0 && outputs.length === 0
    ? String(level)
    : JSON.stringify([level, shapes, work.outputs]);
}

function isFixed(shape: readonly number[] | undefined): boolean {
  return shape !== undefined && shape.every((size, at) => at === 0 || size !== -1);
}

function rowsOf(lane: readonly Waiting[]): number {
  return lane.reduce((sum, { work }) => sum + work.rows, 0);
}

type Rank = readonly [level: number, isLate: number, queuedMs: number];

function isBefore(one: Rank, other: Rank): boolean {
  for (const at of [0, 1, 2] as const) if (one[at] !== other[at]) return one[at] < other[at];
  return false;
}
