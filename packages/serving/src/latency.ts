/** Upper bounds of the buckets, in seconds: from what one prediction takes to what nobody waits for. */
const BOUNDS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

export interface LatencyHistogram {
  observe(seconds: number): void;
  /** The lines of a Prometheus histogram of this name, with more labels where there are some, as `model="a"`. */
  lines(name: string, labels?: string): readonly string[];
  /** How many in each bucket; the last is of all that took longer. */
  counts(): readonly number[];
  /** What it has counted, which is counted here no more. */
  take(): LatencyCounts;
  /** What was counted elsewhere is counted here. */
  add(counts: LatencyCounts): void;
}

/** What a histogram has counted, as plain data. */
export interface LatencyCounts {
  readonly counts: readonly number[];
  /** In seconds. */
  readonly sum: number;
}

/**
 * The time within which a share of what was counted lies, in milliseconds, as Prometheus' `histogram_quantile` has it: evenly
 * spread within a bucket. Undefined where nothing was counted.
 */
export function latencyQuantileMs(counts: readonly number[], share: number): number | undefined {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return undefined;
  const rank = share * total;
  let below = 0;
  for (const [at, count] of counts.entries()) {
    const [from, to] = [BOUNDS[at - 1] ?? 0, BOUNDS[at]];
    if (below + count < rank || count === 0) {
      below += count;
      continue;
    }
    return 1_000 * (to === undefined ? from : from + (to - from) * ((rank - below) / count));
  }
  return 1_000 * (BOUNDS.at(-1) ?? 0);
}

/** Counts how long answers took, in buckets of fixed bounds: a few nanoseconds an answer, and no memory that grows. */
export function createLatencyHistogram(): LatencyHistogram {
  const counts = new Float64Array(BOUNDS.length + 1);
  let sum = 0;
  return {
    observe: (seconds) => {
      let bucket = 0;
      while (bucket < BOUNDS.length && seconds > (BOUNDS[bucket] as number)) bucket += 1;
      counts[bucket] = (counts[bucket] as number) + 1;
      sum += seconds;
    },
    counts: () => [...counts],
    take: () => {
      const taken = { counts: [...counts], sum };
      counts.fill(0);
      sum = 0;
      return taken;
    },
    add: (more) => {
      for (const [at, count] of more.counts.entries()) counts[at] = (counts[at] ?? 0) + count;
      sum += more.sum;
    },
    lines: (name, labels = "") => {
      let below = 0;
      const [before, own] = labels === "" ? ["", ""] : [`${labels},`, `{${labels}}`];
      const buckets = [...counts].map((count, index) => {
        below += count;
        return `${name}_bucket{${before}le="${BOUNDS[index] ?? "+Inf"}"} ${below}`;
      });
      return [...buckets, `${name}_sum${own} ${sum}`, `${name}_count${own} ${below}`];
    },
  };
}

/** How many took at most so long; the last has no bound. */
export interface Bucket {
  readonly seconds: number | null;
  readonly count: number;
}

/** A histogram's buckets as they are told, each with all that took less; none of no histogram. */
export function bucketsOf(histogram: LatencyHistogram | undefined): readonly Bucket[] {
  let below = 0;
  return (histogram?.counts() ?? []).map((count, at) => {
    below += count;
    return { seconds: BOUNDS[at] ?? null, count: below };
  });
}

/** What a serving process has answered since its start. */
export interface ServingLoad {
  readonly answered: number;
  readonly failed: number;
  /** How many requests took at most so long; the last bucket has no bound. */
  readonly buckets: readonly Bucket[];
}

/** Reads a serving process's metrics. */
export function readServingLoad(text: string): ServingLoad {
  const value = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1] ?? 0);
  const buckets = [...text.matchAll(/^millwright_request_seconds_bucket\{le="([^"]+)"\} (\d+)$/gm)];
  return {
    answered: value("millwright_predictions_total"),
    failed: value("millwright_requests_failed_total"),
    buckets: buckets.map(([, bound, count]) => ({
      seconds: bound === "+Inf" ? null : Number(bound),
      count: Number(count),
    })),
  };
}
