import type { AskedBy } from "../inference/ports.ts";

/**
 * Which worker each sequence has its home in: what a model keeps of a sequence lies in that worker's memory, so that all its
 * requests go there. A sequence is forgotten with its last request.
 */
export class SequenceHomes<Worker extends object> {
  readonly #homes = new WeakMap<object, Worker>();
  /** Until when, on the monotonic clock, a worker may be asked for more of its sequences. */
  readonly #lived = new WeakMap<Worker, number>();

  /** Undefined for a request of no sequence, and of one that has begun nowhere yet. */
  of({ sequence }: AskedBy): Worker | undefined {
    return sequence === undefined ? undefined : this.#homes.get(sequence.key);
  }

  admits(worker: Worker, asked: AskedBy): boolean {
    return (this.of(asked) ?? worker) === worker;
  }

  /** A request is given to a worker: the sequence stays there. */
  enter(worker: Worker, { sequence }: AskedBy, nowMs: number): void {
    if (sequence === undefined) return;
    this.#homes.set(sequence.key, worker);
    this.#lived.set(worker, Math.max(this.#lived.get(worker) ?? 0, nowMs + sequence.idleMs));
  }

  /** Its first request was not begun: another worker may begin it. */
  leave({ sequence }: AskedBy): void {
    if (sequence !== undefined) this.#homes.delete(sequence.key);
  }

  isLivedIn(worker: Worker, nowMs: number): boolean {
    return (this.#lived.get(worker) ?? Number.NEGATIVE_INFINITY) > nowMs;
  }
}
