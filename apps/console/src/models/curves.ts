import type { CalibrationBin } from "./details.ts";

/** What is counted on the test rows when a probability of at least `threshold` is called positive. */
export interface Cut {
  readonly threshold: number;
  readonly truePositives: number;
  readonly falsePositives: number;
  readonly trueNegatives: number;
  readonly falseNegatives: number;
}

/**
 * The exact counts at each edge between calibration bins, from the highest threshold to 0. The bins say how many rows and
 * how many positives lie above an edge, and that is all that a point of the ROC curve, of the precision-recall curve and
 * a confusion matrix are made of.
 */
export function cutsOf(bins: readonly CalibrationBin[]): readonly Cut[] {
  const falling = bins.toSorted((one, other) => other.from - one.from);
  const positivesIn = (bin: CalibrationBin) => Math.round(bin.rows * bin.observedRate);
  const positives = falling.reduce((sum, bin) => sum + positivesIn(bin), 0);
  const negatives = falling.reduce((sum, { rows }) => sum + rows, 0) - positives;
  let [truePositives, falsePositives] = [0, 0];
  const cutAt = (threshold: number): Cut => ({
    threshold,
    truePositives,
    falsePositives,
    trueNegatives: negatives - falsePositives,
    falseNegatives: positives - truePositives,
  });
  const cuts = [cutAt(1)];
  for (const bin of falling) {
    truePositives += positivesIn(bin);
    falsePositives += bin.rows - positivesIn(bin);
    cuts.push(cutAt(bin.from));
  }
  return cuts;
}

export function recallOf({ truePositives, falseNegatives }: Cut): number {
  return ratio(truePositives, truePositives + falseNegatives);
}

export function fallOutOf({ falsePositives, trueNegatives }: Cut): number {
  return ratio(falsePositives, falsePositives + trueNegatives);
}

/** Undefined where nothing is called positive. */
export function precisionOf({ truePositives, falsePositives }: Cut): number | undefined {
  const called = truePositives + falsePositives;
  return called === 0 ? undefined : truePositives / called;
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
