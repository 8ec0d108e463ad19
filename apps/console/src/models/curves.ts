import type { BinaryPlots } from "@millwright/client";

export type Curves = BinaryPlots["curves"];
export type Cut = Curves["cuts"][number];

/** What share of the positive rows a cut finds. */
export function recallOf({ truePositives }: Cut, { positives }: Curves): number {
  return ratio(truePositives, positives);
}

/** What share of the negative rows a cut calls positive. */
export function fallOutOf({ falsePositives }: Cut, { negatives }: Curves): number {
  return ratio(falsePositives, negatives);
}

/** Undefined where nothing is called positive. */
export function precisionOf({ truePositives, falsePositives }: Cut): number | undefined {
  const called = truePositives + falsePositives;
  return called === 0 ? undefined : truePositives / called;
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
