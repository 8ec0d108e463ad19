import { inferenceErrors } from "./errors.ts";

export interface LoadSlotsOptions {
  /** How many loads go at once. */
  readonly slots: number;
  /** How long one may hold its slot, and how long whoever asked for it waits, in milliseconds. */
  readonly msMax: number;
  /** Starts a timer and answers what stops it. */
  readonly after: (ms: number, work: () => void) => () => void;
}

/**
 * Loads that requests wait for: so many at once, the others in their turn. Nobody waits longer than so long, and a load that
 * takes longer keeps no other from its turn; it goes on, and is there once it has ended.
 */
export class LoadSlots {
  readonly #options: LoadSlotsOptions;
  readonly #queue: (() => void)[] = [];
  #running = 0;

  constructor(options: LoadSlotsOptions) {
    this.#options = options;
  }

  /** Throws `inference/deadline` where it takes too long, be it in its turn or before. */
  run(load: () => Promise<void>): Promise<void> {
    const { slots, msMax, after } = this.#options;
    return new Promise((resolve, reject) => {
      const stopWaiting = after(msMax, () =>
        reject(inferenceErrors.create("inference/deadline", { because: `its load takes longer than ${msMax} ms` })),
      );
      const begin = () => {
        this.#running += 1;
        let isOver = false;
        const over = () => {
          if (isOver) return;
          isOver = true;
          this.#running -= 1;
          this.#queue.shift()?.();
        };
        const stopHolding = after(msMax, over);
        load()
          .then(resolve, reject)
          .finally(() => {
            stopWaiting();
            stopHolding();
            over();
          });
      };
      if (this.#running < slots) begin();
      else this.#queue.push(begin);
    });
  }
}

/** By the process's own timers, which keep no process alive. */
export function afterMs(ms: number, work: () => void): () => void {
  const timer = setTimeout(work, ms).unref();
  return () => clearTimeout(timer);
}
