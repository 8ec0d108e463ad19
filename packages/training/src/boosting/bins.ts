/** How one feature's values fall into bins: bin 0 is missing, bin i holds values `<= upper[i - 1]`; the last is open. */
export interface FeatureBins {
  /** Rising float32 thresholds; one fewer than there are bins of values. */
  readonly upper: Float32Array;
}

const SAMPLE_ROWS = 200_000;

/**
 * Quantile bins of a feature. Each threshold lies between two neighbouring values and is rounded down to float32, so that
 * a row falls to the same side here, in a scorer and in ONNX, all of which compare float32.
 */
export function findBins(column: Float32Array, rows: number, maxBins: number): FeatureBins {
  const step = Math.max(1, Math.floor(rows / SAMPLE_ROWS));
  const sample: number[] = [];
  for (let row = 0; row < rows; row += step) {
    const value = column[row] ?? Number.NaN;
    if (!Number.isNaN(value)) sample.push(value);
  }
  const sorted = Float32Array.from(sample).sort();
  const thresholds: number[] = [];
  const wanted = maxBins - 1;
  let [distinct, previous] = [0, Number.NaN];
  for (const value of sorted) if (value !== previous) [distinct, previous] = [distinct + 1, value];
  const cut = (index: number) => {
    const below = sorted[index - 1] ?? 0;
    const above = sorted[index] ?? 0;
    const threshold = between(below, above);
    if (below < above && threshold !== thresholds.at(-1)) thresholds.push(threshold);
  };
  if (distinct <= wanted) for (let index = 1; index < sorted.length; index += 1) cut(index);
  else for (let bin = 1; bin < wanted; bin += 1) cut(endOfRun(sorted, Math.floor((bin * sorted.length) / wanted)));
  return { upper: Float32Array.from(thresholds) };
}

/** The first place from an index on where the value changes. */
function endOfRun(sorted: Float32Array, index: number): number {
  let at = Math.max(1, index);
  while (at < sorted.length && sorted[at] === sorted[at - 1]) at += 1;
  return at;
}

/** A float32 in [below, above): the middle rounded down. */
function between(below: number, above: number): number {
  const middle = Math.fround((below + above) / 2);
  return middle >= above || middle < below ? below : middle;
}

/** Writes the bins of a categorical feature's rows: a category's place, counted from 1. */
export function fillCategories(
  column: Float32Array,
  into: { readonly block: Uint8Array; readonly width: number; readonly at: number; readonly rows: number },
): void {
  const { block, width, at, rows } = into;
  for (let row = 0; row < rows; row += 1) {
    const value = column[row] as number;
    if (value === value) block[row * width + at] = value + 1;
  }
}

/** Writes the bins of a feature's rows into a row-major block. */
export function fillBins(
  column: Float32Array,
  { upper }: FeatureBins,
  into: { readonly block: Uint8Array; readonly width: number; readonly at: number; readonly rows: number },
): void {
  const { block, width, at, rows } = into;
  const count = upper.length;
  for (let row = 0; row < rows; row += 1) {
    const value = column[row] as number;
    if (value !== value) continue;
    let [low, high] = [0, count];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (value <= (upper[middle] as number)) high = middle;
      else low = middle + 1;
    }
    block[row * width + at] = low + 1;
  }
}
