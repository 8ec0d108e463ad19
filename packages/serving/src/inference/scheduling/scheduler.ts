import { isMillError } from "@millwright/kernel";
import { inferenceErrors } from "../errors.ts";
import type { AskedBy, InferenceModel } from "../ports.ts";
import { badRequest, type Tensor } from "../tensor.ts";
import { joinRows, splitRows } from "./batch.ts";
import { Lanes, refusedByNow, tooLate, type Waiting } from "./lanes.ts";
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

/** One request that hangs is late together with others and again alone; of a batch that failed so many are tried. */
const LATE_ALONE_MAX = 2;

/** Timers of Node take no more. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/**
 * Executes a model's requests, so many at once and the others in their turn. Requests that are alike are executed
 * together where the policy has batches: those that came while others were executed or read, so that no request waits
 * for another that is not there; unless the policy has a delay. A request that fails among others is executed by itself, unless
 * the model is late for each.
 */
export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #lanes: Lanes;
  #running = 0;
  #isSoon = false;
  #timer: { readonly handle: NodeJS.Timeout; readonly atMs: number } | undefined;

  constructor(options: SchedulerOptions) {
    this.#options = options;
    this.#lanes = new Lanes(options);
  }

  /** How many requests wait. */
  get waiting(): number {
    return this.#lanes.waiting;
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
    if (level === undefined) return Promise.reject(beyondLevels(work.priority ?? 0, policy));
    const { lengthMax, timeoutMs, isDelayed } = policy.queueOf(level);
    if (this.#lanes.lengthOf(level) >= lengthMax) this.#forget(now);
    if (this.#lanes.lengthOf(level) >= lengthMax) return Promise.reject(overloaded(lengthMax));
    return new Promise((resolve, reject) => {
      const ownMs = work.deadlineMs ?? Number.POSITIVE_INFINITY;
      const expiresMs = isDelayed ? ownMs : Math.min(ownMs, now + timeoutMs);
      this.#enqueue({ work, level, queuedMs: now, expiresMs, resolve, reject });
    });
  }

  #enqueue(one: Waiting): void {
    this.#lanes.add(one);
    if (one.expiresMs !== Number.POSITIVE_INFINITY) this.#wakeAt(one.expiresMs);
    const { rowsMax } = this.#options.policy;
    if (rowsMax === 0 || this.#lanes.rows >= rowsMax) this.#pump();
    else this.#pumpSoon();
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
    const { ready, waitsMs } = this.#lanes.first(now);
    if (ready !== undefined) {
      const batch = this.#lanes.take(ready);
      this.#restIfIdle();
      return batch;
    }
    if (waitsMs !== undefined) this.#wakeAt(now + waitsMs);
    return undefined;
  }

  #forget(now: number): void {
    this.#lanes.forget(now);
    this.#restIfIdle();
  }

  /** Where nobody waits for the timer, a process that ends would. */
  #restIfIdle(): void {
    if (this.#lanes.waiting > 0) return;
    clearTimeout(this.#timer?.handle);
    this.#timer = undefined;
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
    const next = this.#lanes.nextExpiryMs();
    if (next !== Number.POSITIVE_INFINITY) this.#wakeAt(next);
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
    if (parts === undefined) return this.#eachAlone(batch);
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

  /** One after the other. Where several are late by themselves too, it is the model that is, and the others do not wait. */
  async #eachAlone(batch: readonly Waiting[]): Promise<void> {
    let late = 0;
    for (const one of batch) {
      if (refusedByNow(one, this.#options.clock.monotonicMs())) continue;
      if (late === LATE_ALONE_MAX) {
        const because = `it was executed among ${batch.length} requests, which were late together, and ${late} by themselves`;
        one.reject(inferenceErrors.create("inference/worker-late", { because }));
        continue;
      }
      const answered = this.#alone(one).catch((error: unknown) => {
        if (isMillError(error) && error.code === "inference/worker-late") late += 1;
        throw error;
      });
      await settle(one, answered);
    }
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

function overloaded(length: number): Error {
  return inferenceErrors.create("inference/overloaded", { because: `${length} requests wait for the model already` });
}

/** Undefined of a priority beyond the levels; a model without levels has one for all. */
function levelOf(priority: number, { levels, hasLevels, defaultLevel }: SchedulingPolicy): number | undefined {
  if (priority === 0) return defaultLevel;
  if (!hasLevels) return 1;
  return priority <= levels ? priority : undefined;
}

function beyondLevels(priority: number, { levels }: SchedulingPolicy): Error {
  return badRequest(`the priority ${priority} is beyond the ${levels} priority_levels of the model`);
}
