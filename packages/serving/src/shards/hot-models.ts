/** Which models of other processes are asked through this one so often that a copy of them here pays. */
export class HotModels {
  /** In this window, by the model's name. */
  readonly #asked = new Map<string, { requests: number; waitedMs: number }>();
  #beganMs = Number.NEGATIVE_INFINITY;

  /** Notes a request that another process has answered after so long; tells whether its model has become hot by it. */
  answered(name: string, { waitedMs, nowMs }: { readonly waitedMs: number; readonly nowMs: number }): boolean {
    if (nowMs - this.#beganMs >= WINDOW_MS) {
      this.#asked.clear();
      this.#beganMs = nowMs;
    }
    const asked = this.#asked.get(name) ?? { requests: 0, waitedMs: 0 };
    this.#asked.set(name, asked);
    asked.requests += 1;
    asked.waitedMs += waitedMs;
    return asked.requests >= REQUESTS_MIN || (asked.requests >= WAITS_MIN && asked.waitedMs >= WAITED_MS_MIN);
  }
}

const WINDOW_MS = 1_000;
/** A relay takes some 40 µs: of so many in a second a copy, which takes some milliseconds to load, is paid for in seconds. */
const REQUESTS_MIN = 100;
/** Or it is heavy: half of the time somebody waited for it. A few requests that waited long may have waited for its load. */
const [WAITS_MIN, WAITED_MS_MIN] = [20, WINDOW_MS / 2];
