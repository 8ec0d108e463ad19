import type { Answer } from "../answer.ts";

/** How often each kind of answer was given, by the name of its bin. */
export type Scores = Readonly<Record<string, number>>;

export interface ScoreHistogram {
  observe(answer: Answer): void;
  counts(): Scores;
}

const PROBABILITY_BINS = 100;
/** Numbers of any size have bins that grow with them: four to each doubling. */
const BINS_PER_DOUBLING = 4;
const BINS_MAX = 1_000;

/** Counts answers in bins: probabilities by hundredths, numbers by their logarithm and sign, classes by their name. */
export function createScoreHistogram(): ScoreHistogram {
  const counts = new Map<string, number>();
  return {
    observe: (answer) => {
      const bin = binOf(answer);
      const known = counts.get(bin);
      if (known === undefined && counts.size >= BINS_MAX) return;
      counts.set(bin, (known ?? 0) + 1);
    },
    counts: () => Object.fromEntries(counts),
  };
}

function binOf(answer: Answer): string {
  if ("probability" in answer)
    return String(Math.min(PROBABILITY_BINS - 1, Math.floor(answer.probability * PROBABILITY_BINS)));
  if ("probabilities" in answer) return `=${String(answer.prediction)}`;
  const { prediction } = answer;
  if (prediction === 0 || !Number.isFinite(prediction)) return "0";
  const size = Math.floor(Math.log2(Math.abs(prediction)) * BINS_PER_DOUBLING) + 5_000;
  return String(Math.sign(prediction) * size);
}

/** A bin holds so much of the baseline's answers at least, before it counts by itself. */
const SHARE_MIN = 0.1;

/**
 * The population stability index of answers beside a baseline's, without what chance alone makes of it: the sum of
 * `(p - q) ln(p / q)` over bins that hold a tenth of the baseline's answers each, less `(bins - 1)(1/n + 1/m)`, its
 * expectation where both are of one distribution (Yurdakul, 2018). Undefined where either has none.
 */
export function scoreDrift(baseline: Scores, other: Scores): number | undefined {
  const [n, m] = [total(baseline), total(other)];
  if (n === 0 || m === 0) return undefined;
  const merged = mergedBins(baseline, other, SHARE_MIN * n);
  const index = merged.reduce((sum, { base, now }) => {
    const [q, p] = [(base + 0.5) / (n + 0.5 * merged.length), (now + 0.5) / (m + 0.5 * merged.length)];
    return sum + (p - q) * Math.log(p / q);
  }, 0);
  return Math.max(0, index - (merged.length - 1) * (1 / n + 1 / m));
}

interface Bin {
  readonly base: number;
  readonly now: number;
}

function mergedBins(baseline: Scores, other: Scores, least: number): readonly Bin[] {
  const names = [...new Set([...Object.keys(baseline), ...Object.keys(other)])];
  const bins = names.toSorted(byPlace).map((name) => ({ base: baseline[name] ?? 0, now: other[name] ?? 0 }));
  if (names.some((name) => name.startsWith("="))) return bins;
  const merged: Bin[] = [];
  let open: Bin = { base: 0, now: 0 };
  for (const { base, now } of bins) {
    open = { base: open.base + base, now: open.now + now };
    if (open.base < least) continue;
    merged.push(open);
    open = { base: 0, now: 0 };
  }
  return open.base + open.now > 0 ? [...merged, open] : merged;
}

function byPlace(one: string, other: string): number {
  return Number(one) - Number(other) || (one < other ? -1 : 1);
}

function total(scores: Scores): number {
  return Object.values(scores).reduce((sum, count) => sum + count, 0);
}
