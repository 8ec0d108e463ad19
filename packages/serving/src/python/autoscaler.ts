/** How many workers there are to be, in the terms of Knative's pod autoscaler. */
export interface ScalePolicy {
  readonly min: number;
  readonly max: number;
  /** Requests at once that a worker is to have, on average. */
  readonly target: number;
  /** Over so long is averaged. */
  readonly stableWindowMs: number;
  /** Over so long, where there is suddenly more to do. */
  readonly panicWindowMs: number;
  /** So many times what the workers can take, over the short window, is sudden. */
  readonly panicThreshold: number;
  /** In one step at most so many times as many workers, and at least one in so many. */
  readonly upRateMax: number;
  readonly downRateMax: number;
  /** The last worker stays so long after nothing was asked for the whole window. */
  readonly zeroGraceMs: number;
}

export const SCALE_DEFAULTS: Omit<ScalePolicy, "min" | "max"> = {
  target: 0.7,
  stableWindowMs: 60_000,
  panicWindowMs: 6_000,
  panicThreshold: 2,
  upRateMax: 1_000,
  downRateMax: 2,
  zeroGraceMs: 30_000,
};

const BUCKET_MS = 1_000;

/** Concurrency over a second: the sum of how many were asked at once, each times how long. */
interface Bucket {
  readonly second: number;
  weighted: number;
}

/**
 * Decides how many workers there are to be from how many requests were open at once: the average over a long window, and over
 * a short one where that says at least twice as many as there are (panic), in which no worker is taken away. The algorithm
 * is Knative's (https://knative.dev/docs/serving/autoscaling/kpa-specific/): concurrency, windows, rates, and the grace
 * before the last goes.
 */
export class Autoscaler {
  readonly #policy: ScalePolicy;
  readonly #sinceMs: number;
  #buckets: Bucket[] = [];
  #lastMs: number;
  #open = 0;
  /** When it last was more than the workers can take. */
  #panicMs: number | undefined;
  #panicWanted = 0;
  #idleSinceMs: number | undefined;

  constructor(policy: ScalePolicy, nowMs: number) {
    this.#policy = policy;
    this.#sinceMs = nowMs;
    this.#lastMs = nowMs;
  }

  /** So many requests are open from now on. */
  observe(open: number, nowMs: number): void {
    this.#advance(nowMs);
    this.#open = open;
  }

  /** How many workers there are to be, of which `ready` are there. */
  decide(ready: number, nowMs: number): number {
    this.#advance(nowMs);
    const { target, stableWindowMs, panicWindowMs, panicThreshold, upRateMax, downRateMax, min, max } = this.#policy;
    const most = Math.max(1, Math.ceil(upRateMax * Math.max(1, ready)));
    const least = Math.floor(ready / downRateMax);
    const within = (count: number) => Math.min(most, Math.max(least, count));
    const stable = within(Math.ceil(this.#average(stableWindowMs, nowMs) / target));
    const sudden = within(Math.ceil(this.#average(panicWindowMs, nowMs) / target));
    if (sudden >= panicThreshold * Math.max(1, ready)) this.#panicMs = nowMs;
    if (this.#panicMs !== undefined && nowMs - this.#panicMs >= stableWindowMs) {
      this.#panicMs = undefined;
      this.#panicWanted = 0;
    }
    if (this.#panicMs !== undefined) this.#panicWanted = Math.max(this.#panicWanted, sudden, ready);
    const wanted = this.#panicMs === undefined ? stable : Math.max(stable, this.#panicWanted);
    // Before a whole window has passed nobody knows that nothing is asked.
    const floor = nowMs - this.#sinceMs < stableWindowMs ? Math.max(1, min) : min;
    return this.#afterGrace(Math.min(max, Math.max(floor, wanted)), nowMs);
  }

  /** Whether there is suddenly more to do. */
  get isPanicking(): boolean {
    return this.#panicMs !== undefined;
  }

  #afterGrace(wanted: number, nowMs: number): number {
    // What is asked at this moment is not seen in an average that rounds to nothing.
    const count = this.#open > 0 ? Math.max(1, wanted) : wanted;
    if (count > 0) {
      this.#idleSinceMs = undefined;
      return count;
    }
    this.#idleSinceMs ??= nowMs;
    return nowMs - this.#idleSinceMs >= this.#policy.zeroGraceMs ? 0 : 1;
  }

  /** The mean of what was open over a window, or since the beginning where that is shorter. */
  #average(windowMs: number, nowMs: number): number {
    const fromMs = nowMs - windowMs;
    const weighted = this.#buckets.reduce(
      (sum, bucket) => sum + bucket.weighted * shareAfter(fromMs, bucket, nowMs),
      0,
    );
    const span = Math.min(windowMs, Math.max(BUCKET_MS, nowMs - this.#sinceMs));
    return weighted / span;
  }

  #advance(nowMs: number): void {
    if (this.#open === 0) this.#lastMs = Math.max(this.#lastMs, nowMs);
    while (this.#lastMs < nowMs) {
      const second = Math.floor(this.#lastMs / BUCKET_MS);
      const untilMs = Math.min(nowMs, (second + 1) * BUCKET_MS);
      if (this.#open > 0) this.#bucket(second).weighted += this.#open * (untilMs - this.#lastMs);
      this.#lastMs = untilMs;
    }
    const oldest = Math.floor((nowMs - this.#policy.stableWindowMs) / BUCKET_MS) - 1;
    if ((this.#buckets[0]?.second ?? oldest) < oldest)
      this.#buckets = this.#buckets.filter(({ second }) => second >= oldest);
  }

  #bucket(second: number): Bucket {
    const last = this.#buckets.at(-1);
    if (last?.second === second) return last;
    const made: Bucket = { second, weighted: 0 };
    this.#buckets.push(made);
    return made;
  }
}

/** How much of a bucket lies in a window: of the one in which it begins a part. */
function shareAfter(fromMs: number, { second }: Bucket, nowMs: number): number {
  const beginMs = second * BUCKET_MS;
  const endMs = Math.min(nowMs, beginMs + BUCKET_MS);
  if (fromMs <= beginMs) return 1;
  return fromMs >= endMs ? 0 : (endMs - fromMs) / (endMs - beginMs);
}
