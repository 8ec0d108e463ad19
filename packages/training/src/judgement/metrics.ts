import type { Sweep } from "./sweep.ts";
import { cutAt, rankingOf, sweepOf } from "./sweep.ts";
import { weightOf, weightOfAll } from "./weights.ts";

/** Of a yes-or-no label. Precision, recall and F1 are at the chosen threshold, accuracy at one half. */
type BinaryMetric =
  | "auc"
  | "average_precision"
  | "log_loss"
  | "brier"
  | "calibration_error"
  | "accuracy"
  | "precision"
  | "recall"
  | "f1";

/** Of a number. */
type NumberMetric = "rmse" | "mae" | "r2";

/** Of one class of several: the means over the classes of precision, recall and F1, each class counted alike. */
type ClassMetric = "log_loss" | "accuracy" | "macro_precision" | "macro_recall" | "macro_f1";

export type MetricName = BinaryMetric | NumberMetric | ClassMetric;

/**
 * How good predictions are; of rows that have weights each counts as if it were there so many times, but `rows` says how
 * many there are. A metric that some rows do not give, such as the AUC of rows of one
 * label, is not there.
 */
export type Metrics = { readonly rows: number; readonly base_rate?: number } & {
  readonly [name in MetricName]?: number;
};

/**
 * What is learned: a yes-or-no question's probability (`binary`), a number (`squared`: least squares), or which one of
 * several classes (`softmax`: a probability for each).
 */
export type Objective = "binary" | "squared" | "softmax";

/** By what a version is told in a word, and is held against the champion. */
export const MAIN_METRIC: Readonly<Record<Objective, MetricName>> = {
  binary: "auc",
  squared: "rmse",
  softmax: "log_loss",
};

const SMALLER_IS_BETTER: ReadonlySet<string> = new Set<MetricName>([
  "log_loss",
  "brier",
  "calibration_error",
  "rmse",
  "mae",
]);

/** How much better a metric's value is than another, whichever way better is. */
export function gainOver(metric: MetricName, { value, other }: { readonly value: number; readonly other: number }) {
  return SMALLER_IS_BETTER.has(metric) ? other - value : value - other;
}

export interface CalibrationBin {
  readonly from: number;
  readonly to: number;
  readonly rows: number;
  readonly meanProbability: number;
  readonly observedRate: number;
}

const CALIBRATION_BINS = 20;
/** A probability nearer to 0 or 1 than this costs no more than it. */
const SAFE = 1e-15;

/** The metrics of probabilities against 0/1 labels. The calibration error is the expected one over 20 bins of equal width. */
export function scoreMetrics(labels: Float32Array, probabilities: Float32Array): Metrics {
  return binaryMetrics({ labels, probabilities, sweep: sweepOf(labels, probabilities), threshold: 0.5 });
}

export interface Swept {
  readonly labels: Float32Array;
  readonly probabilities: Float32Array;
  /** Of the same labels and probabilities. */
  readonly sweep: Sweep;
  readonly threshold: number;
  readonly weights?: Float32Array | undefined;
}

export function binaryMetrics({ labels, probabilities, sweep, threshold, weights }: Swept): Metrics {
  const { positives, negatives } = sweep;
  const total = positives + negatives;
  const { logLoss, brier, right } = sumsOf(labels, probabilities, weights);
  const { truePositives, falsePositives } = cutAt(sweep, threshold);
  const called = truePositives + falsePositives;
  const calibrationError = calibration(labels, probabilities, weights).reduce(
    (sum, bin) => sum + (bin.rows / total) * Math.abs(bin.meanProbability - bin.observedRate),
    0,
  );
  return {
    rows: labels.length,
    base_rate: positives / total,
    ...rankingOf(sweep),
    log_loss: logLoss / total,
    brier: brier / total,
    calibration_error: calibrationError,
    accuracy: right / total,
    ...(called === 0 ? {} : { precision: truePositives / called }),
    ...(positives === 0 ? {} : { recall: truePositives / positives, f1: (2 * truePositives) / (called + positives) }),
  };
}

function sumsOf(labels: Float32Array, probabilities: Float32Array, weights: Float32Array | undefined) {
  let [logLoss, brier, right] = [0, 0, 0];
  for (let row = 0; row < labels.length; row += 1) {
    const weight = weightOf(weights, row);
    const label = labels[row] as number;
    const probability = probabilities[row] as number;
    const safe = Math.min(Math.max(probability, SAFE), 1 - SAFE);
    logLoss -= weight * (label === 1 ? Math.log(safe) : Math.log1p(-safe));
    brier += weight * (probability - label) ** 2;
    if (probability >= 0.5 === (label === 1)) right += weight;
  }
  return { logLoss, brier, right };
}

export function calibration(
  labels: Float32Array,
  probabilities: Float32Array,
  weights?: Float32Array,
): readonly CalibrationBin[] {
  const rows = new Float64Array(CALIBRATION_BINS);
  const sums = new Float64Array(CALIBRATION_BINS);
  const observed = new Float64Array(CALIBRATION_BINS);
  for (let row = 0; row < labels.length; row += 1) {
    const weight = weightOf(weights, row);
    const probability = probabilities[row] as number;
    const bin = Math.min(CALIBRATION_BINS - 1, Math.floor(probability * CALIBRATION_BINS));
    rows[bin] = (rows[bin] as number) + weight;
    sums[bin] = (sums[bin] as number) + weight * probability;
    observed[bin] = (observed[bin] as number) + weight * (labels[row] as number);
  }
  return Array.from(rows, (count, bin) => ({
    from: bin / CALIBRATION_BINS,
    to: (bin + 1) / CALIBRATION_BINS,
    rows: count,
    meanProbability: count === 0 ? 0 : (sums[bin] as number) / count,
    observedRate: count === 0 ? 0 : (observed[bin] as number) / count,
  })).filter((bin) => bin.rows > 0);
}

/** The metrics of predicted numbers. The coefficient of determination is not there where all labels are the same. */
export function numberMetrics(labels: Float32Array, predictions: Float32Array, weights?: Float32Array): Metrics {
  const rows = labels.length;
  const total = weightOfAll(weights, rows);
  let [sum, absolute, squared] = [0, 0, 0];
  for (let row = 0; row < rows; row += 1) {
    const weight = weightOf(weights, row);
    const error = (predictions[row] as number) - (labels[row] as number);
    sum += weight * (labels[row] as number);
    absolute += weight * Math.abs(error);
    squared += weight * error * error;
  }
  const mean = sum / total;
  const spread = labels.reduce((all, label, row) => all + weightOf(weights, row) * (label - mean) ** 2, 0);
  return {
    rows,
    rmse: Math.sqrt(squared / total),
    mae: absolute / total,
    ...(spread === 0 ? {} : { r2: 1 - squared / spread }),
  };
}

export interface ClassRates {
  readonly name: string;
  readonly rows: number;
  readonly called: number;
  readonly precision: number | null;
  readonly recall: number | null;
  readonly f1: number | null;
}

/**
 * Rows, by what they count, by their class and the class that is called, the likeliest one: `counts[actual * classes + called]`. A row of a
 * class that was not learned, whose label is NaN, is none of them.
 */
export function confusionOf(labels: Float32Array, { probabilities, classes, weights }: ClassAnswers): Float64Array {
  const counts = new Float64Array(classes * classes);
  for (let row = 0; row < labels.length; row += 1) {
    let called = 0;
    for (let one = 1; one < classes; one += 1)
      if ((probabilities[row * classes + one] as number) > (probabilities[row * classes + called] as number))
        called = one;
    const at = (labels[row] as number) * classes + called;
    if (at >= 0) counts[at] = (counts[at] as number) + weightOf(weights, row);
  }
  return counts;
}

export interface ClassAnswers {
  /** Row by row, a probability for each class. */
  readonly probabilities: Float32Array;
  readonly classes: number;
  readonly weights?: Float32Array | undefined;
}

/** Precision, recall and F1 of each class; none where there are no such rows. */
export function classRates(counts: Float64Array, names: readonly string[]): readonly ClassRates[] {
  return names.map((name, own) => {
    let [rows, called] = [0, 0];
    names.forEach((_name, other) => {
      rows += counts[own * names.length + other] as number;
      called += counts[other * names.length + own] as number;
    });
    const right = counts[own * names.length + own] as number;
    return {
      name,
      rows,
      called,
      precision: called === 0 ? null : right / called,
      recall: rows === 0 ? null : right / rows,
      f1: rows === 0 ? null : (2 * right) / (rows + called),
    };
  });
}

/** The metrics of several classes' probabilities; the means are over the classes that have rows. */
export function classMetrics(labels: Float32Array, answers: ClassAnswers): Metrics {
  const { probabilities, classes, weights } = answers;
  const total = weightOfAll(weights, labels.length);
  const counts = confusionOf(labels, answers);
  let [logLoss, right] = [0, 0];
  for (let row = 0; row < labels.length; row += 1) {
    // A row of a class that was not learned has no label.
    const probability = probabilities[row * classes + (labels[row] as number)] ?? 0;
    logLoss -= weightOf(weights, row) * Math.log(Math.min(Math.max(probability, SAFE), 1));
  }
  for (let one = 0; one < classes; one += 1) right += counts[one * classes + one] as number;
  const rates = classRates(counts, Array.from({ length: classes }, String)).filter(({ rows }) => rows > 0);
  const mean = (name: "precision" | "recall" | "f1") =>
    rates.reduce((sum, rate) => sum + (rate[name] ?? 0), 0) / rates.length;
  return {
    rows: labels.length,
    log_loss: logLoss / total,
    accuracy: right / total,
    macro_precision: mean("precision"),
    macro_recall: mean("recall"),
    macro_f1: mean("f1"),
  };
}
