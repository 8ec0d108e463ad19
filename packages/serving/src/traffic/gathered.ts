import type { Scores } from "./score-histogram.ts";
import type { TrafficCounts } from "./traffic-counts.ts";
import type { VariantCounts } from "./variant-meter.ts";

type Counts = Pick<VariantCounts, "answered" | "failed" | "latency" | "scores">;

/** What two versions have answered since a step of a rollout began, whichever processes have counted it. */
export interface Gathered {
  readonly primary: Counts;
  readonly variant: Counts;
  /** The counts up to which it is added up. */
  readonly last: { readonly instance: string; readonly primary: Counts; readonly variant: Counts } | undefined;
}

export interface Pair {
  readonly service: string;
  readonly primary: { readonly name: string; readonly version: number };
  readonly variant: { readonly name: string; readonly version: number };
}

const NONE: Counts = { answered: 0, failed: 0, latency: [], scores: {} };

/** Begins anew, from what has been counted up to now on. */
export function gatheredFrom(counts: TrafficCounts, pair: Pair): Gathered {
  const last = {
    instance: counts.instance,
    primary: countsIn(counts, pair, "primary"),
    variant: countsIn(counts, pair, "variant"),
  };
  return { primary: NONE, variant: NONE, last };
}

/** Adds what has been counted since. A process that began anew has counted from nothing. */
export function gather({ primary, variant, last }: Gathered, counts: TrafficCounts, pair: Pair): Gathered {
  const now = { primary: countsIn(counts, pair, "primary"), variant: countsIn(counts, pair, "variant") };
  const from = last?.instance === counts.instance ? last : { primary: NONE, variant: NONE };
  return {
    primary: added(primary, difference(now.primary, from.primary)),
    variant: added(variant, difference(now.variant, from.variant)),
    last: { instance: counts.instance, ...now },
  };
}

function countsIn({ variants }: TrafficCounts, pair: Pair, which: "primary" | "variant"): Counts {
  const found = variants.find(
    ({ service, variant, version }) =>
      service === pair.service && variant === pair[which].name && version === pair[which].version,
  );
  if (found === undefined) return NONE;
  const { answered, failed, latency, scores } = found;
  return { answered, failed, latency, scores };
}

function added(one: Counts, other: Counts): Counts {
  return combined(one, other, (a, b) => a + b);
}

function difference(one: Counts, other: Counts): Counts {
  return combined(one, other, (a, b) => Math.max(0, a - b));
}

function combined(one: Counts, other: Counts, of: (a: number, b: number) => number): Counts {
  const buckets = Math.max(one.latency.length, other.latency.length);
  const bins = new Set([...Object.keys(one.scores), ...Object.keys(other.scores)]);
  const scores: Scores = Object.fromEntries(
    [...bins].map((bin) => [bin, of(one.scores[bin] ?? 0, other.scores[bin] ?? 0)]),
  );
  return {
    answered: of(one.answered, other.answered),
    failed: of(one.failed, other.failed),
    latency: Array.from({ length: buckets }, (_, at) => of(one.latency[at] ?? 0, other.latency[at] ?? 0)),
    scores,
  };
}
