import type { SharedTraining, Views } from "./shared.ts";

interface Share {
  readonly from: number;
  readonly to: number;
}

/**
 * Gradient and hessian of a share of the rows for one output, times the row's weight. Log loss: p − y and p(1 − p);
 * squares: the residual and 1; softmax: p − y and p(1 − p) K / (K − 1), as LightGBM has it.
 */
export function fillGradients(shared: SharedTraining, views: Views, { from, to, output }: Share & { output: number }) {
  const { objective } = shared.options;
  if (objective === "binary") binary(shared, views, { from, to });
  else if (objective === "squared") squared(shared, views, { from, to });
  else softmax(shared, views, { from, to, output });
  const { weights } = shared;
  if (weights === undefined) return;
  const { gradients } = views;
  for (let row = from; row < to; row += 1) {
    const weight = weights[row] as number;
    gradients[2 * row] = (gradients[2 * row] as number) * weight;
    gradients[2 * row + 1] = (gradients[2 * row + 1] as number) * weight;
  }
}

function binary({ labels }: SharedTraining, { scores, gradients }: Views, { from, to }: Share): void {
  for (let row = from; row < to; row += 1) {
    const probability = 1 / (1 + Math.exp(-(scores[row] as number)));
    gradients[2 * row] = probability - (labels[row] as number);
    gradients[2 * row + 1] = probability * (1 - probability);
  }
}

function squared({ labels }: SharedTraining, { scores, gradients }: Views, { from, to }: Share): void {
  for (let row = from; row < to; row += 1) {
    gradients[2 * row] = (scores[row] as number) - (labels[row] as number);
    gradients[2 * row + 1] = 1;
  }
}

function softmax(
  { labels, rows, outputs }: SharedTraining,
  { scores, gradients, normalizers }: Views,
  { from, to, output }: Share & { output: number },
): void {
  const factor = outputs / (outputs - 1);
  for (let row = from; row < to; row += 1) {
    const probability = Math.exp((scores[output * rows + row] as number) - (normalizers[row] as number));
    gradients[2 * row] = probability - (labels[row] === output ? 1 : 0);
    gradients[2 * row + 1] = factor * probability * (1 - probability);
  }
}

/** Before a round: of each row the log of what its classes' exponentials add up to. All of a round's trees go by it. */
export function fillNormalizers({ rows, outputs }: SharedTraining, { scores, normalizers }: Views, share: Share): void {
  for (let row = share.from; row < share.to; row += 1) normalizers[row] = logSum(scores, { row, rows, outputs });
}

/** log Σ exp(score) over the outputs of a row, without overflow. */
function logSum(
  scores: Float32Array,
  { row, rows, outputs }: { readonly row: number; readonly rows: number; readonly outputs: number },
): number {
  let highest = Number.NEGATIVE_INFINITY;
  for (let at = row; at < rows * outputs; at += rows) highest = Math.max(highest, scores[at] as number);
  let total = 0;
  for (let at = row; at < rows * outputs; at += rows) total += Math.exp((scores[at] as number) - highest);
  return highest + Math.log(total);
}

/** What a class's probability is taken for at least: of a class that was not learned, too. */
const LOG_PROBABILITY_MIN = Math.log(1e-15);

/** A row's loss by its scores: log loss, half the squared residual, or the log loss over the classes. */
export function rowLoss({ objective, outputs, rows, scores, labels }: LossInputs, row: number): number {
  const label = labels[row] as number;
  const score = scores[row] as number;
  if (objective === "squared") return (score - label) ** 2 / 2;
  // log(1 + e^s) − y s, without overflow.
  if (objective === "binary") return Math.max(score, 0) + Math.log1p(Math.exp(-Math.abs(score))) - label * score;
  if (!(label >= 0)) return -LOG_PROBABILITY_MIN;
  const logProbability = (scores[label * rows + row] as number) - logSum(scores, { row, rows, outputs });
  return -Math.max(logProbability, LOG_PROBABILITY_MIN);
}

export interface LossInputs {
  readonly objective: SharedTraining["options"]["objective"];
  readonly outputs: number;
  readonly rows: number;
  /** One output after the other. */
  readonly scores: Float32Array;
  readonly labels: Float32Array;
}

/** What each output is before the first tree: log odds, the mean, or the log of each class's share; float32. */
export function firstScores({ options, labels, rows, outputs, weights }: SharedTraining): readonly number[] {
  const sums = new Float64Array(outputs);
  let total = 0;
  for (let row = 0; row < rows; row += 1) {
    const weight = weights === undefined ? 1 : (weights[row] as number);
    const label = labels[row] as number;
    const output = options.objective === "softmax" ? label : 0;
    sums[output] = (sums[output] as number) + (options.objective === "softmax" ? 1 : label) * weight;
    total += weight;
  }
  return Array.from(sums, (sum) => {
    if (options.objective === "squared") return Math.fround(sum / total);
    return Math.fround(Math.log(options.objective === "binary" ? sum / (total - sum) : sum / total));
  });
}
