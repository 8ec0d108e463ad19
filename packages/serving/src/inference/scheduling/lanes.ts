import { inferenceErrors } from "../errors.ts";
import type { InferenceModel } from "../ports.ts";
import type { SchedulingPolicy } from "./policy.ts";
import type { Answered, Work } from "./scheduler.ts";

/** A request that waits for its turn. */
export interface Waiting {
  readonly work: Work;
  readonly level: number;
  readonly queuedMs: number;
  /** When it may no longer wait. */
  readonly expiresMs: number;
  readonly resolve: (answered: Answered) => void;
  readonly reject: (error: unknown) => void;
}

export interface LanesOptions {
  readonly model: Pick<InferenceModel, "inputs" | "outputs">;
  readonly policy: SchedulingPolicy;
}

/** The requests that wait for a model: those that may be executed together lie in one lane, in their order. */
export class Lanes {
  readonly #of: LanesOptions;
  /** By what its requests have alike; a lane of none is not there. */
  readonly #lanes = new Map<string, Waiting[]>();
  /** How many requests wait, by their level; a level of none is not there. */
  readonly #lengths = new Map<number, number>();
  #rows = 0;

  constructor(options: LanesOptions) {
    this.#of = options;
  }

  get waiting(): number {
    return [...this.#lengths.values()].reduce((sum, length) => sum + length, 0);
  }

  /** Of all that wait. */
  get rows(): number {
    return this.#rows;
  }

  lengthOf(level: number): number {
    return this.#lengths.get(level) ?? 0;
  }

  add(one: Waiting): void {
    const key = laneOf(one, this.#of);
    const lane = this.#lanes.get(key);
    if (lane === undefined) this.#lanes.set(key, [one]);
    else lane.push(one);
    this.#count(one, 1);
  }

  /**
   * The lane whose first request goes first, by its level, those that waited too long last, then the oldest; else how long
   * the first of them may still wait for others.
   */
  first(now: number): { readonly ready?: string; readonly waitsMs?: number } {
    const { delayMs, rowsWanted, queueOf } = this.#of.policy;
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
  take(key: string): readonly Waiting[] {
    const { rowsMax } = this.#of.policy;
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

  /** Lets go of requests that nobody waits for any more. */
  forget(now: number): void {
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

  /** When the first of them may no longer wait. */
  nextExpiryMs(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const lane of this.#lanes.values()) for (const { expiresMs } of lane) next = Math.min(next, expiresMs);
    return next;
  }

  #count({ level, work }: Waiting, by: 1 | -1): void {
    const length = (this.#lengths.get(level) ?? 0) + by;
    if (length === 0) this.#lengths.delete(level);
    else this.#lengths.set(level, length);
    this.#rows += by * work.rows;
  }
}

/** Whether a request that waits is not to be executed; it is told so. */
function refusedInQueue(one: Waiting, now: number): boolean {
  if (refusedByNow(one, now)) return true;
  if (one.expiresMs > now) return false;
  one.reject(tooLate(`it waited ${Math.round(now - one.queuedMs)} ms for its turn`));
  return true;
}

/** Whether its caller has gone or no longer waits; it is told so. */
export function refusedByNow({ work, queuedMs, reject }: Waiting, now: number): boolean {
  if (work.isCancelled?.() === true) {
    reject(inferenceErrors.create("inference/cancelled", { because: "its caller had gone before its turn came" }));
    return true;
  }
  if (work.deadlineMs === undefined || work.deadlineMs > now) return false;
  reject(tooLate(`it waited ${Math.round(now - queuedMs)} ms for its turn`));
  return true;
}

export function tooLate(because: string): Error {
  return inferenceErrors.create("inference/deadline", { because });
}

/** What requests must have alike to be executed together: their level, outputs, and inputs but for the rows. */
function laneOf({ level, work }: Waiting, { policy, model }: LanesOptions): string {
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
