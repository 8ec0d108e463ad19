const PAUSE_MS = 100;
const PAUSE_MS_MAX = 30_000;
/** Where the worker had loaded: its request may have been at fault, and the next one's is not to wait for that. */
const PAUSE_LOADED_MS_MAX = 1_000;

/** How long to wait before a worker that was lost is started again: longer after each failure, since something last went well. */
export class RestartPauses {
  readonly #clock: { monotonicMs(): number };
  #failures = 0;
  #untilMs = 0;

  constructor(clock: { monotonicMs(): number }) {
    this.#clock = clock;
  }

  /** What is left of the pause, in milliseconds. */
  get leftMs(): number {
    return this.#untilMs - this.#clock.monotonicMs();
  }

  /** Begins a pause and tells its length, in milliseconds; none after the first failure. */
  failed({ hadLoaded }: { readonly hadLoaded: boolean }): number {
    this.#failures += 1;
    const longestMs = hadLoaded ? PAUSE_LOADED_MS_MAX : PAUSE_MS_MAX;
    const pauseMs = this.#failures < 2 ? 0 : Math.min(longestMs, PAUSE_MS * 2 ** (this.#failures - 2));
    this.#untilMs = this.#clock.monotonicMs() + pauseMs;
    return pauseMs;
  }

  wentWell(): void {
    this.#failures = 0;
  }

  end(): void {
    this.#untilMs = 0;
  }
}
