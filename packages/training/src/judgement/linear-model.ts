import { solvePositive } from "./solve-positive.ts";
import { weightOf } from "./weights.ts";

/**
 * A linear model over standardised numbers, to hold a trained model against: logistic regression for labels 0 and 1, least
 * squares for numbers, one class against the rest for classes. A missing number counts as the mean, with an indicator of
 * its own where a column has any.
 */
export interface LinearModel {
  readonly inputs: readonly LinearInput[];
  /** For each output the intercept, then a weight for each term. */
  readonly weights: readonly Float64Array[];
  readonly isLogistic: boolean;
  /** How many rows it was learned from. */
  readonly rows: number;
}

interface LinearInput {
  readonly column: number;
  readonly mean: number;
  readonly scale: number;
  readonly hasMissing: boolean;
}

export interface LinearRequest {
  readonly columns: readonly Float32Array[];
  /** The columns whose values are amounts, by their place. */
  readonly numeric: readonly number[];
  readonly rows: number;
  /** For each output what is to be predicted of a row. */
  readonly targets: readonly ((row: number) => number)[];
  /** How much each row counts; undefined where all count alike. */
  readonly weights?: Float32Array | undefined;
  readonly isLogistic: boolean;
}

/** As in scikit-learn's logistic regression: little against thousands of rows, enough for columns that are much alike. */
const RIDGE = 1;
/** A value further from the mean counts as so far, so that an outlier does not carry the line. */
const DEVIATIONS_MAX = 5;
const STEPS_MAX = 12;
const STEP_SMALL = 1e-4;
/** Multiplications that a fit may take: half a second or less. */
const WORK_MAX = 5e8;
const ROWS_MIN = 2_000;

/** Learns from as many rows as half a second allows, spread evenly over those there are. */
export function fitLinear({
  columns,
  numeric,
  rows,
  targets,
  weights: counts,
  isLogistic,
}: LinearRequest): LinearModel {
  const terms = 1 + 2 * numeric.length;
  const steps = isLogistic ? STEPS_MAX : 1;
  const affordable = Math.floor((2 * WORK_MAX) / (terms * terms * steps * targets.length));
  const chosen = Math.min(rows, Math.max(ROWS_MIN, affordable));
  const rowAt = (index: number) => Math.floor((index * rows) / chosen);
  const inputs = numeric.flatMap((column) => {
    const input = inputOf(columns[column] as Float32Array, { column, chosen, rowAt });
    return input === undefined ? [] : [input];
  });
  const width = termsOf(inputs);
  const design = new Float64Array(chosen * width);
  for (let index = 0; index < chosen; index += 1)
    fillTerms(design, index * width, { inputs, columns, row: rowAt(index) });
  const weights = targets.map((target) => {
    const wanted = Float64Array.from({ length: chosen }, (_, index) => target(rowAt(index)));
    return newton({ design, wanted, count: (index) => weightOf(counts, rowAt(index)), width, isLogistic });
  });
  return { inputs, weights, isLogistic, rows: chosen };
}

/** Mean and deviation of a column's values; undefined where they say nothing. */
function inputOf(
  values: Float32Array,
  {
    column,
    chosen,
    rowAt,
  }: { readonly column: number; readonly chosen: number; readonly rowAt: (i: number) => number },
): LinearInput | undefined {
  let [known, sum, squares] = [0, 0, 0];
  for (let index = 0; index < chosen; index += 1) {
    const value = values[rowAt(index)] as number;
    if (!Number.isFinite(value)) continue;
    known += 1;
    sum += value;
  }
  const mean = sum / Math.max(1, known);
  for (let index = 0; index < chosen; index += 1) {
    const value = values[rowAt(index)] as number;
    if (Number.isFinite(value)) squares += (value - mean) ** 2;
  }
  const scale = Math.sqrt(squares / Math.max(1, known));
  const hasMissing = known < chosen;
  if (scale === 0 && (!hasMissing || known === 0)) return undefined;
  return { column, mean, scale: scale === 0 ? 1 : scale, hasMissing };
}

function termsOf(inputs: readonly LinearInput[]): number {
  return 1 + inputs.reduce((sum, { hasMissing }) => sum + (hasMissing ? 2 : 1), 0);
}

interface RowPlace {
  readonly inputs: readonly LinearInput[];
  readonly columns: readonly Float32Array[];
  readonly row: number;
}

function fillTerms(design: Float64Array, from: number, { inputs, columns, row }: RowPlace): void {
  let at = from;
  design[at++] = 1;
  for (const { column, mean, scale, hasMissing } of inputs) {
    const value = (columns[column] as Float32Array)[row] as number;
    const isKnown = Number.isFinite(value);
    const deviations = isKnown ? (value - mean) / scale : 0;
    design[at++] = Math.min(Math.max(deviations, -DEVIATIONS_MAX), DEVIATIONS_MAX);
    if (hasMissing) design[at++] = isKnown ? 0 : 1;
  }
}

interface Fit {
  readonly design: Float64Array;
  readonly wanted: Float64Array;
  /** How much a row of the design counts. */
  readonly count: (index: number) => number;
  readonly width: number;
  readonly isLogistic: boolean;
}

/** Newton's steps on the log loss with a ridge; for least squares the first one is the answer. */
function newton(fit: Fit): Float64Array {
  const { width, isLogistic } = fit;
  const weights = new Float64Array(width);
  if (!isLogistic) return solvePositive(...slopes(fit, weights));
  for (let count = 0; count < STEPS_MAX; count += 1) {
    const step = solvePositive(...slopes(fit, weights));
    const largest = step.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    // A step far beyond where the curve was looked at is shortened: separable rows have no end otherwise.
    const share = Math.min(1, DEVIATIONS_MAX / Math.max(largest, Number.MIN_VALUE));
    for (let at = 0; at < width; at += 1) weights[at] = (weights[at] as number) + share * (step[at] as number);
    if (largest < STEP_SMALL) break;
  }
  return weights;
}

/** The curvature of the loss at some weights, row by row, and the direction down. */
function slopes(
  { design, wanted, count, width, isLogistic }: Fit,
  weights: Float64Array,
): [Float64Array, Float64Array] {
  const curvature = new Float64Array(width * width);
  const down = new Float64Array(width);
  for (let at = 1; at < width; at += 1) {
    curvature[at * width + at] = RIDGE;
    down[at] = -RIDGE * (weights[at] as number);
  }
  for (let row = 0; row < wanted.length; row += 1) {
    const from = row * width;
    let score = 0;
    for (let at = 0; at < width; at += 1) score += (design[from + at] as number) * (weights[at] as number);
    const predicted = isLogistic ? 1 / (1 + Math.exp(-score)) : score;
    const counts = count(row);
    const weight = counts * (isLogistic ? predicted * (1 - predicted) : 1);
    const error = counts * ((wanted[row] as number) - predicted);
    for (let one = 0; one < width; one += 1) {
      const value = design[from + one] as number;
      if (value === 0) continue;
      down[one] = (down[one] as number) + value * error;
      const weighted = value * weight;
      for (let other = 0; other <= one; other += 1) {
        const at = one * width + other;
        curvature[at] = (curvature[at] as number) + weighted * (design[from + other] as number);
      }
    }
  }
  return [curvature, down];
}

/** What the model predicts, row by row, a number for each output; the classes' probabilities add up to one. */
export function predictLinear(
  { inputs, weights, isLogistic }: LinearModel,
  { columns, rows }: { readonly columns: readonly Float32Array[]; readonly rows: number },
): Float32Array {
  const outputs = weights.length;
  const terms = new Float64Array(termsOf(inputs));
  const predictions = new Float32Array(rows * outputs);
  for (let row = 0; row < rows; row += 1) {
    fillTerms(terms, 0, { inputs, columns, row });
    let sum = 0;
    for (let output = 0; output < outputs; output += 1) {
      const own = weights[output] as Float64Array;
      let score = 0;
      for (let at = 0; at < terms.length; at += 1) score += (terms[at] as number) * (own[at] as number);
      const predicted = isLogistic ? 1 / (1 + Math.exp(-score)) : score;
      predictions[row * outputs + output] = predicted;
      sum += predicted;
    }
    if (outputs === 1) continue;
    for (let output = 0; output < outputs; output += 1) {
      const at = row * outputs + output;
      predictions[at] = (predictions[at] as number) / sum;
    }
  }
  return predictions;
}
