import { inferenceErrors } from "../inference/errors.ts";
import type { AskedBy } from "../inference/ports.ts";
import type { Tensor } from "../inference/tensor.ts";
import type { Frame } from "./frames.ts";
import { deadlinePassed } from "./pool-errors.ts";

/** A request of which nobody has heard an answer yet. */
export interface OpenRequest {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly string[];
  readonly asked: AskedBy;
  /** How often a worker was lost before it began with it. */
  replays: number;
  isSettled: boolean;
  /** What it is answered or refused with; the first of them counts. */
  readonly settle: (how: Frame | Error) => void;
}

interface OpenRequestsOptions {
  readonly clock: { monotonicMs(): number };
  /** Told of each change of how many are open: waiting or being worked on. */
  readonly onOpen: (open: number) => void;
}

/** Timers of Node take no more. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** The requests of a model: those that wait, in their order, and how many are open. Each is refused when its deadline passes. */
export class OpenRequests {
  readonly #options: OpenRequestsOptions;
  readonly #waiting: OpenRequest[] = [];
  #open = 0;

  constructor(options: OpenRequestsOptions) {
    this.#options = options;
  }

  /** How many wait. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Has a request wait. Throws what it is settled with, where that is an error. */
  add(inputs: readonly Tensor[], outputs: readonly string[], asked: AskedBy): Promise<Frame> {
    return new Promise((resolve, reject) => {
      const timer = this.#untilDeadline(asked, () => this.#expire(request));
      const request: OpenRequest = {
        inputs,
        outputs,
        asked,
        replays: 0,
        isSettled: false,
        settle: (how) => {
          if (request.isSettled) return;
          request.isSettled = true;
          clearTimeout(timer);
          this.#count(-1);
          if (how instanceof Error) reject(how);
          else resolve(how);
        },
      };
      this.#count(1);
      this.#waiting.push(request);
    });
  }

  /** The first that waits, is still waited for, and suits. */
  next(suits: (request: OpenRequest) => boolean): OpenRequest | undefined {
    for (;;) {
      const at = this.#waiting.findIndex(suits);
      const [next] = at < 0 ? [] : this.#waiting.splice(at, 1);
      if (next === undefined) return undefined;
      if (next.asked.isCancelled?.() === true) {
        const because = "its caller had gone before its turn came";
        next.settle(inferenceErrors.create("inference/cancelled", { because }));
      }
      if (!next.isSettled) return next;
    }
  }

  /** Has one that nobody has begun with be the next again. */
  putBack(request: OpenRequest): void {
    this.#waiting.unshift(request);
  }

  /** Refuses all that wait, or those that are meant. */
  refuse(error: Error, isMeant: (request: OpenRequest) => boolean = () => true): void {
    for (const request of this.#waiting.filter(isMeant)) {
      this.#waiting.splice(this.#waiting.indexOf(request), 1);
      request.settle(error);
    }
  }

  /** What it was asked with is kept no longer, however long the others take. */
  #expire(request: OpenRequest): void {
    const at = this.#waiting.indexOf(request);
    if (at >= 0) this.#waiting.splice(at, 1);
    request.settle(deadlinePassed());
  }

  #count(by: 1 | -1): void {
    this.#open += by;
    this.#options.onOpen(this.#open);
  }

  #untilDeadline({ deadlineMs }: AskedBy, onPassed: () => void): NodeJS.Timeout | undefined {
    if (deadlineMs === undefined || deadlineMs === Number.POSITIVE_INFINITY) return undefined;
    const waitsMs = Math.max(0, deadlineMs - this.#options.clock.monotonicMs());
    return setTimeout(onPassed, Math.min(waitsMs, TIMER_MS_MAX));
  }
}
