import { weightOf } from "./weights.ts";

/**
 * What is counted when all probabilities from a value on are called positive, for each value that occurs, from the highest
 * to the lowest. Everything that ranks is read from it: AUC, average precision, curves, confusion at a threshold. Where rows
 * have weights, these are counted.
 */
export interface Sweep {
  readonly thresholds: Float32Array;
  readonly truePositives: Float64Array;
  readonly falsePositives: Float64Array;
  readonly positives: number;
  readonly negatives: number;
}

/** One place of a sweep: what a probability of at least `threshold` being called positive comes to. */
export interface Cut {
  readonly threshold: number;
  readonly truePositives: number;
  readonly falsePositives: number;
}

export interface Curves {
  readonly positives: number;
  readonly negatives: number;
  /** From nothing called positive to everything. */
  readonly cuts: readonly Cut[];
}

/** Sweeps a threshold over probabilities; tied ones are taken together. */
export function sweepOf(labels: Float32Array, probabilities: Float32Array, weights?: Float32Array): Sweep {
  const order = descending(probabilities);
  const thresholds = new Float32Array(order.length);
  const truePositives = new Float64Array(order.length);
  const falsePositives = new Float64Array(order.length);
  let [distinct, above, below] = [0, 0, 0];
  for (let index = 0; index < order.length; index += 1) {
    const row = order[index] as number;
    const weight = weightOf(weights, row);
    if (labels[row] === 1) above += weight;
    else below += weight;
    const value = probabilities[row] as number;
    if (index + 1 < order.length && probabilities[order[index + 1] as number] === value) continue;
    thresholds[distinct] = value;
    truePositives[distinct] = above;
    falsePositives[distinct] = below;
    distinct += 1;
  }
  return {
    thresholds: thresholds.subarray(0, distinct),
    truePositives: truePositives.subarray(0, distinct),
    falsePositives: falsePositives.subarray(0, distinct),
    positives: above,
    negatives: below,
  };
}

/**
 * Row numbers by falling probability. A float from 0 to 1 sorts as its 30 bits do, so bits and row number together make
 * one exact double, and typed memory sorts it. Beyond 8 million rows the probability's lowest bits give way.
 */
function descending(probabilities: Float32Array): Uint32Array {
  const bits = new Uint32Array(probabilities.buffer, probabilities.byteOffset, probabilities.length);
  const rowBits = Math.max(1, Math.ceil(Math.log2(probabilities.length)));
  const dropped = Math.max(0, rowBits - 23);
  const keys = new Float64Array(probabilities.length);
  for (let row = 0; row < keys.length; row += 1) keys[row] = ((bits[row] ?? 0) >>> dropped) * 2 ** rowBits + row;
  keys.sort();
  const order = new Uint32Array(keys.length);
  for (let index = 0; index < keys.length; index += 1)
    order[index] = (keys[keys.length - 1 - index] ?? 0) % 2 ** rowBits;
  return order;
}

/** AUC exactly, ties counted half, and average precision as scikit-learn defines it; neither where one label is missing. */
export function rankingOf({ truePositives, falsePositives, positives, negatives }: Sweep): {
  readonly auc?: number;
  readonly average_precision?: number;
} {
  if (positives === 0 || negatives === 0) return {};
  let [area, precision, above, below] = [0, 0, 0, 0];
  for (let at = 0; at < truePositives.length; at += 1) {
    const [up, right] = [truePositives[at] as number, falsePositives[at] as number];
    area += (right - below) * ((above + up) / 2);
    precision += ((up - above) * up) / (up + right);
    [above, below] = [up, right];
  }
  return { auc: area / (positives * negatives), average_precision: precision / positives };
}

/** The threshold whose F1 score is the highest; 0.5 where there is no positive row. */
export function bestThreshold({ thresholds, truePositives, falsePositives, positives }: Sweep): number {
  let [best, threshold] = [0, 0.5];
  for (let at = 0; at < thresholds.length; at += 1) {
    const found = truePositives[at] as number;
    const score = (2 * found) / (found + (falsePositives[at] as number) + positives);
    if (score > best) [best, threshold] = [score, thresholds[at] as number];
  }
  return threshold;
}

/** What a threshold comes to: the last place of the sweep that is not below it. */
export function cutAt({ thresholds, truePositives, falsePositives }: Sweep, threshold: number): Cut {
  let [from, to] = [0, thresholds.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((thresholds[middle] as number) >= threshold) from = middle + 1;
    else to = middle;
  }
  const at = from - 1;
  return { threshold, truePositives: truePositives[at] ?? 0, falsePositives: falsePositives[at] ?? 0 };
}

/** Of the way along the ROC curve, which is two sides long. */
const STEP = 1 / 100;

/** The sweep at some two hundred places, never four, spread evenly along the ROC curve; the counts there are exact. */
export function curvesOf({ thresholds, truePositives, falsePositives, positives, negatives }: Sweep): Curves {
  const cuts: Cut[] = [{ threshold: 1, truePositives: 0, falsePositives: 0 }];
  const along = (at: number) =>
    (truePositives[at] ?? 0) / Math.max(1, positives) + (falsePositives[at] ?? 0) / Math.max(1, negatives);
  let taken = 0;
  for (let at = 0; at < thresholds.length; at += 1) {
    const isLast = at === thresholds.length - 1;
    // What the next place would overstep ends here, so that ties aside no step is longer than asked.
    if (!isLast && along(at + 1) - taken < STEP) continue;
    taken = along(at);
    cuts.push({
      threshold: thresholds[at] as number,
      truePositives: truePositives[at] as number,
      falsePositives: falsePositives[at] as number,
    });
  }
  return { positives, negatives, cuts };
}
