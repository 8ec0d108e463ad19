import { sortedFloats } from "./sorted-floats.ts";

/** How one feature's values fall into bins: bin 0 is missing, bin i holds values `<= upper[i - 1]`; the last is open. */
export interface FeatureBins {
  /** Rising float32 thresholds; one fewer than there are bins of values. */
  readonly upper: Float32Array;
}

/**
 * Quantile bins of a feature, by a sample of its values. Each threshold lies between two neighbouring values and is rounded
 * down to float32, so that a row falls to the same side here, in a scorer and in ONNX, all of which compare float32.
 */
export function findBins(sample: Float32Array, maxBins: number): FeatureBins {
  const sorted = sortedFloats(sample);
  const thresholds: number[] = [];
  const wanted = maxBins - 1;
  let distinct = Math.min(1, sorted.length);
  for (let index = 1; index < sorted.length; index += 1) if (sorted[index] !== sorted[index - 1]) distinct += 1;
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

/** Of a feature whose values are put into bins: where to begin to look for a value's. */
export interface BinSearch extends FeatureBins {
  /** For the upper half of a float32's bits the first threshold that a value with these bits could be below. */
  readonly first: Uint8Array;
}

const KEYS = 65_536;
const LOWER_HALF = 0xffff;

/** Half of a value's bits nearly name its bin: what is left to try are the few thresholds that share them. */
export function searchOf({ upper }: FeatureBins): BinSearch {
  const first = new Uint8Array(KEYS);
  const bits = new Uint32Array(1);
  const least = new Float32Array(bits.buffer);
  let at = 0;
  for (let index = 0; index < KEYS; index += 1) {
    // Floats rise from the last key down to the middle, which are those below zero, then from 0 up to the middle.
    const isNegative = index < KEYS / 2;
    const key = isNegative ? KEYS - 1 - index : index - KEYS / 2;
    bits[0] = (key << 16) | (isNegative ? LOWER_HALF : 0);
    while (at < upper.length && (upper[at] as number) < (least[0] as number)) at += 1;
    first[key] = at;
  }
  return { upper, first };
}

/** One feature's cells in a row-major block of `width` bytes a row, and which rows are written, by their places. */
export interface BinCells {
  readonly block: Uint8Array;
  readonly width: number;
  readonly at: number;
  readonly places: Int32Array;
  readonly from: number;
  readonly to: number;
}

/** Writes the bins of a categorical feature's rows: a category's place, counted from 1. */
export function fillCategories(column: Float32Array, { block, width, at, places, from, to }: BinCells): void {
  for (let row = from; row < to; row += 1) {
    const value = column[row] as number;
    if (value === value) block[(places[row] as number) * width + at] = value + 1;
  }
}

/** Writes the bins of a feature's rows. */
export function fillBins(
  column: Float32Array,
  { upper, first }: BinSearch,
  { block, width, at, places, from, to }: BinCells,
): void {
  const bits = new Uint32Array(column.buffer, column.byteOffset, column.length);
  const count = upper.length;
  for (let row = from; row < to; row += 1) {
    const value = column[row] as number;
    if (value !== value) continue;
    let bin = first[(bits[row] as number) >>> 16] as number;
    while (bin < count && value > (upper[bin] as number)) bin += 1;
    block[(places[row] as number) * width + at] = bin + 1;
  }
}
