import { goesLeft, outputsOf, type TreeModel } from "../model/tree-model.ts";
import type { RowValues } from "../rows/part-rows.ts";
import type { LearningCurve } from "./judgement.ts";
import type { Objective } from "./metrics.ts";
import { weightOf } from "./weights.ts";

/** Some rows, a column for each feature. */
export type SampledRows = RowValues;

const ROWS_MAX = 20_000;
const POINTS_MAX = 100;
const LOSS_NAMES = { binary: "log loss", squared: "squared error", softmax: "log loss" } as const;

/** Rows spread evenly over those there are, in memory of their own. */
export function sampleRows({ columns, labels, weights }: SampledRows): SampledRows {
  const step = Math.max(1, labels.length / ROWS_MAX);
  const rows = Math.floor(labels.length / step);
  const pick = (values: Float32Array) =>
    Float32Array.from({ length: rows }, (_, index) => values[Math.floor(index * step)] as number);
  const picked = { columns: columns.map(pick), labels: pick(labels) };
  return weights === undefined ? picked : { ...picked, weights: pick(weights) };
}

/** The loss after so many rounds of trees. Each tree is walked once, so that the curve costs what scoring the rows does. */
export function learningCurve(
  model: TreeModel,
  { train, validation }: { readonly train: SampledRows; readonly validation: SampledRows },
): LearningCurve {
  const outputs = outputsOf(model);
  const rounds = model.roots.length / outputs;
  const every = Math.max(1, Math.ceil(rounds / POINTS_MAX));
  const walks = [train, validation].map((rows) => new Walk(model, rows));
  const points: LearningCurve["points"][number][] = [];
  for (let round = 1; round <= rounds; round += 1) {
    for (const walk of walks) walk.addRound(round - 1);
    if (round % every !== 0 && round !== rounds) continue;
    const [ofTrain = Number.NaN, ofValidation = Number.NaN] = walks.map((walk) => walk.loss());
    points.push({ trees: round, train: ofTrain, validation: ofValidation });
  }
  const objective: Objective = model.objective;
  const loss = LOSS_NAMES[objective];
  return { loss, rows: train.labels.length, points };
}

/** The scores of some rows while trees are added to them; row by row one for each output. */
class Walk {
  readonly #model: TreeModel;
  readonly #rows: SampledRows;
  readonly #outputs: number;
  readonly #scores: Float64Array;
  readonly #objective: Objective;

  constructor(model: TreeModel, rows: SampledRows) {
    const { bases } = model;
    this.#model = model;
    this.#rows = rows;
    this.#objective = model.objective;
    this.#outputs = bases.length;
    this.#scores = Float64Array.from(
      { length: rows.labels.length * bases.length },
      (_, at) => bases[at % bases.length] as number,
    );
  }

  addRound(round: number): void {
    for (let output = 0; output < this.#outputs; output += 1) {
      const root = this.#model.roots[round * this.#outputs + output] as number;
      for (let row = 0; row < this.#rows.labels.length; row += 1) {
        const at = row * this.#outputs + output;
        this.#scores[at] = (this.#scores[at] as number) + this.#leafValue(root, row);
      }
    }
  }

  loss(): number {
    const { labels, weights } = this.#rows;
    let [sum, total] = [0, 0];
    for (let row = 0; row < labels.length; row += 1) {
      const label = labels[row] as number;
      // Of a class that was not learned.
      if (Number.isNaN(label)) continue;
      const weight = weightOf(weights, row);
      sum += weight * this.#lossOf(row, label);
      total += weight;
    }
    return sum / total;
  }

  #lossOf(row: number, label: number): number {
    const score = this.#scores[row * this.#outputs] as number;
    if (this.#objective === "squared") return (score - label) ** 2;
    // log(1 + e^s) − y s, without overflow.
    if (this.#objective === "binary")
      return Math.max(score, 0) + Math.log1p(Math.exp(-Math.abs(score))) - label * score;
    const scores = this.#scores.subarray(row * this.#outputs, (row + 1) * this.#outputs);
    const highest = scores.reduce((most, one) => Math.max(most, one), Number.NEGATIVE_INFINITY);
    const total = scores.reduce((all, one) => all + Math.exp(one - highest), 0);
    const own = scores[label];
    // A class that was not learned is taken for one of the smallest probability.
    return own === undefined ? -Math.log(1e-15) : highest + Math.log(total) - own;
  }

  #leafValue(root: number, row: number): number {
    const { feature, left, right, value } = this.#model;
    let node = root;
    while ((left[node] as number) >= 0) {
      const x = (this.#rows.columns[feature[node] as number] as Float32Array)[row] as number;
      node = (goesLeft(this.#model, node, x) ? left[node] : right[node]) as number;
    }
    return value[node] as number;
  }
}
