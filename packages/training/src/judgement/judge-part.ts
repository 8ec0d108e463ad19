import type { CountBin, FittedBin, PartJudgement, Plots, ScoreBin } from "./judgement.ts";
import {
  binaryMetrics,
  calibration,
  classMetrics,
  classRates,
  confusionOf,
  numberMetrics,
  type Metrics,
  type Objective,
  type Swept,
} from "./metrics.ts";
import { bestThreshold, curvesOf, cutAt, sweepOf } from "./sweep.ts";
import { weightOf } from "./weights.ts";

/** Labels, and what was answered for them: a number a row, or row by row a probability for each class. */
export interface AnsweredPart {
  readonly objective: Objective;
  /** The classes' names; empty where the label is no class. */
  readonly classes: readonly string[];
  readonly labels: Float32Array;
  /** How much each row counts; absent where all count alike. */
  readonly weights?: Float32Array;
  readonly predictions: Float32Array;
}

const SCORE_BINS = 40;
const RESIDUAL_BINS = 40;
const FITTED_BINS = 20;
const CLASSES_DRAWN = 24;

/** The threshold whose F1 score is the best on these rows; null where the label is no yes or no. */
export function thresholdFor({ objective, labels, predictions, weights }: AnsweredPart): number | null {
  return objective === "binary" ? bestThreshold(sweepOf(labels, predictions, weights)) : null;
}

/** The metrics alone. */
export function metricsOf(part: AnsweredPart, threshold: number | null): Metrics {
  const { objective, classes, labels, predictions, weights } = part;
  if (objective === "squared") return numberMetrics(labels, predictions, weights);
  if (objective === "softmax")
    return classMetrics(labels, { probabilities: predictions, classes: classes.length, weights });
  return sweptMetrics(part, { sweep: sweepOf(labels, predictions, weights), threshold: threshold ?? 0.5 });
}

function sweptMetrics({ labels, predictions, weights }: AnsweredPart, swept: Pick<Swept, "sweep" | "threshold">) {
  return binaryMetrics({ labels, probabilities: predictions, weights, ...swept });
}

/** Metrics, and all that is drawn. */
export function judgePart(part: AnsweredPart, threshold: number | null): PartJudgement {
  const { objective, labels, predictions, weights } = part;
  if (objective !== "binary") return { metrics: metricsOf(part, threshold), plots: plotsOf(part) };
  const sweep = sweepOf(labels, predictions, weights);
  return {
    metrics: sweptMetrics(part, { sweep, threshold: threshold ?? 0.5 }),
    plots: {
      kind: "binary",
      curves: curvesOf(sweep),
      chosen: cutAt(sweep, threshold ?? 0.5),
      calibration: calibration(labels, predictions, weights),
      scores: scoreBins(part),
    },
  };
}

function plotsOf(part: AnsweredPart): Plots {
  const { objective, classes, labels, predictions, weights } = part;
  if (objective === "squared") return { kind: "squared", residuals: residualBins(part), fitted: fittedBins(part) };
  const counts = confusionOf(labels, { probabilities: predictions, classes: classes.length, weights });
  return { kind: "softmax", ...drawnClasses(counts, classes) };
}

function scoreBins({ labels, predictions: probabilities, weights }: AnsweredPart): readonly ScoreBin[] {
  const counts = new Float64Array(2 * SCORE_BINS);
  for (let row = 0; row < labels.length; row += 1) {
    const bin = Math.min(SCORE_BINS - 1, Math.floor((probabilities[row] as number) * SCORE_BINS));
    const at = 2 * bin + (labels[row] as number);
    counts[at] = (counts[at] as number) + weightOf(weights, row);
  }
  return Array.from({ length: SCORE_BINS }, (_, bin) => ({
    from: bin / SCORE_BINS,
    to: (bin + 1) / SCORE_BINS,
    positives: counts[2 * bin + 1] as number,
    negatives: counts[2 * bin] as number,
  }));
}

/** How far the predictions are off, in ranges that hold all but the outermost hundredth; that is counted at the ends. */
function residualBins({ labels, predictions, weights }: AnsweredPart): readonly CountBin[] {
  const residuals = predictions.map((predicted, row) => predicted - (labels[row] as number));
  const sorted = residuals.toSorted();
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] as number;
  const [low, high] = [at(0.005), at(0.995)];
  const width = (high - low) / RESIDUAL_BINS || 1;
  const counts = new Float64Array(RESIDUAL_BINS);
  residuals.forEach((residual, row) => {
    const bin = Math.min(RESIDUAL_BINS - 1, Math.max(0, Math.floor((residual - low) / width)));
    counts[bin] = (counts[bin] as number) + weightOf(weights, row);
  });
  return Array.from(counts, (rows, bin) => ({ from: low + bin * width, to: low + (bin + 1) * width, rows }));
}

/** As many rows in each range of predictions. */
function fittedBins({ labels, predictions, weights }: AnsweredPart): readonly FittedBin[] {
  const order = Uint32Array.from(predictions.keys()).sort(
    (one, other) => (predictions[one] as number) - (predictions[other] as number),
  );
  const bins = Math.min(FITTED_BINS, order.length);
  return Array.from({ length: bins }, (_, bin) => {
    const rows = order.subarray(Math.floor((bin * order.length) / bins), Math.floor(((bin + 1) * order.length) / bins));
    const total = rows.reduce((sum, row) => sum + weightOf(weights, row), 0);
    const mean = (values: Float32Array) =>
      rows.reduce((sum, row) => sum + weightOf(weights, row) * (values[row] as number), 0) / total;
    return { rows: rows.length, predicted: mean(predictions), actual: mean(labels) };
  });
}

/** All classes; where they are many the most frequent ones, and the others together. */
function drawnClasses(counts: Float64Array, classes: readonly string[]) {
  const width = classes.length;
  const rowsOf = (own: number) => counts.subarray(own * width, (own + 1) * width).reduce((sum, rows) => sum + rows, 0);
  const frequent = classes.map((_name, own) => own).toSorted((one, other) => rowsOf(other) - rowsOf(one));
  const alone = new Set(width > CLASSES_DRAWN ? frequent.slice(0, CLASSES_DRAWN - 1) : frequent);
  const kept = [...alone].toSorted((one, other) => one - other);
  const names = kept.map((own) => classes[own] as string);
  if (kept.length < width) names.push(`${width - kept.length} others`);
  const placeOf = new Map(kept.map((own, place) => [own, place]));
  const drawn = new Float64Array(names.length * names.length);
  counts.forEach((rows, at) => {
    const [own, called] = [Math.floor(at / width), at % width].map((one) => placeOf.get(one) ?? kept.length);
    const place = (own ?? 0) * names.length + (called ?? 0);
    drawn[place] = (drawn[place] as number) + rows;
  });
  return {
    rates: classRates(drawn, names),
    confusion: names.map((_name, own) => [...drawn.subarray(own * names.length, (own + 1) * names.length)]),
  };
}
