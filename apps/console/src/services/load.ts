import type { ControlApi } from "@millwright/client";

type ServingLoad = Awaited<ReturnType<ControlApi["showServingLoad"]>>;

export interface Sample {
  readonly atMs: number;
  readonly load: ServingLoad;
}

/** What happened between two samples. */
export interface Interval {
  readonly atMs: number;
  readonly requests: number;
  readonly perSecond: number;
  readonly p50Ms: number | undefined;
  readonly p99Ms: number | undefined;
}

export function intervalBetween(before: Sample, after: Sample): Interval {
  const seconds = (after.atMs - before.atMs) / 1_000;
  const within = after.load.buckets.map(({ seconds: bound, count }, index) => ({
    bound,
    // A process that began anew counts from nothing.
    below: Math.max(0, count - (before.load.buckets[index]?.count ?? 0)),
  }));
  const requests = within.at(-1)?.below ?? 0;
  return {
    atMs: after.atMs,
    requests,
    perSecond: seconds > 0 ? requests / seconds : 0,
    p50Ms: quantileMs(within, 0.5),
    p99Ms: quantileMs(within, 0.99),
  };
}

interface Bucket {
  readonly bound: number | null;
  readonly below: number;
}

/** As Prometheus' `histogram_quantile` does: evenly spread within the bucket in which the quantile lies. */
export function quantileMs(buckets: readonly Bucket[], share: number): number | undefined {
  const total = buckets.at(-1)?.below ?? 0;
  if (total === 0) return undefined;
  const rank = share * total;
  const index = buckets.findIndex(({ below }) => below >= rank);
  const [lower, bucket] = [buckets[index - 1], buckets[index]];
  const from = lower?.bound ?? 0;
  if (bucket === undefined || bucket.bound === null) return from * 1_000;
  const inside = bucket.below - (lower?.below ?? 0);
  const part = inside === 0 ? 1 : (rank - (lower?.below ?? 0)) / inside;
  return (from + (bucket.bound - from) * part) * 1_000;
}
