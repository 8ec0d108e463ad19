import { trainingErrors } from "../errors.ts";
import { outputsOf, type TreeModel } from "../model/tree-model.ts";
import { sharedFloats, type PartRows, type RowBatch, type RowValues } from "../rows/part-rows.ts";
import { putRows } from "../rows/put-rows.ts";
import type { Scorer } from "../scoring/scorer.ts";
import type { Baselines } from "./baselines.ts";
import type { AnsweredPart } from "./judge-part.ts";
import type { JudgeThread } from "./judge-thread.ts";
import type { BaselineAnswers } from "./judge-worker.ts";
import type { Objective } from "./metrics.ts";

/** What is kept of held-out rows once they were scored. */
export interface HeldOut {
  readonly part: AnsweredPart;
  /** What was asked for beside the features, row by row. */
  readonly beside: readonly Float32Array[];
  /** What each baseline answers. */
  readonly baselines: readonly BaselineAnswers[];
  /** Some of the rows, spread evenly over them, with all their features, and their answers. */
  readonly some: RowValues;
  readonly someAnswers: Float32Array;
}

export interface AnswerRequest {
  readonly scorer: Scorer;
  readonly thread: JudgeThread;
  readonly beside?: readonly string[];
  /** Baselines that answer too. */
  readonly baselines?: Baselines;
}

const SOME_ROWS_MAX = 20_000;

/** Scores a part's rows, a batch at a time. Throws where a label is none that can be judged. */
export async function answerPart(
  held: PartRows,
  model: TreeModel,
  { scorer, thread, beside = [], baselines }: AnswerRequest,
): Promise<HeldOut> {
  const { rows } = held;
  const width = outputsOf(model);
  const [labels, predictions, told] = [
    sharedFloats(rows),
    sharedFloats(rows * width),
    beside.map(() => sharedFloats(rows)),
  ];
  const rivals = new Map<BaselineAnswers["name"], Float32Array>();
  const some = new SomeRows(rows, model.features.length);
  let weights: Float32Array | undefined;
  for await (const batch of held.batches(beside)) {
    const { columns, places } = batch;
    const asked = baselines === undefined ? [] : thread.ask("answer", { baselines, columns, rows: batch.rows });
    putRows(await scorer.score(columns, batch.rows), predictions, places, width);
    putRows(batch.labels, labels, places);
    if (batch.weights !== undefined) putRows(batch.weights, (weights ??= sharedFloats(rows)), places);
    batch.beside.forEach((values, place) => putRows(values, told[place] ?? new Float32Array(), places));
    some.take(batch);
    for (const { name, predictions: theirs } of await asked) {
      const all = rivals.get(name) ?? sharedFloats(rows * width);
      rivals.set(name, all);
      putRows(theirs, all, places, width);
    }
  }
  requireJudgeable(labels, model.objective);
  const weighted = weights === undefined ? {} : { weights };
  return {
    part: { objective: model.objective, classes: model.classes.map(String), labels, ...weighted, predictions },
    beside: told,
    baselines: [...rivals].map(([name, theirs]) => ({ name, predictions: theirs })),
    some: some.values(weights),
    someAnswers: some.pick(predictions, width),
  };
}

/** Every so many-th row of a part, by its place. */
class SomeRows {
  readonly #step: number;
  readonly #labels: Float32Array;
  readonly #columns: readonly Float32Array[];

  constructor(rows: number, features: number) {
    this.#step = Math.max(1, Math.ceil(rows / SOME_ROWS_MAX));
    const count = Math.ceil(rows / this.#step);
    this.#labels = sharedFloats(count);
    this.#columns = Array.from({ length: features }, () => sharedFloats(count));
  }

  take({ places, labels, columns }: RowBatch): void {
    places.forEach((place, row) => {
      if (place % this.#step !== 0) return;
      const at = place / this.#step;
      this.#labels[at] = labels[row] as number;
      this.#columns.forEach((column, feature) => (column[at] = columns[feature]?.[row] ?? Number.NaN));
    });
  }

  /** With the weights of all rows, where they have any. */
  values(weights: Float32Array | undefined): RowValues {
    const taken = { labels: this.#labels, columns: this.#columns };
    return weights === undefined ? taken : { ...taken, weights: this.pick(weights, 1) };
  }

  /** Of numbers of all rows, `width` a row, those of the rows that were taken. */
  pick(all: Float32Array, width: number): Float32Array {
    const picked = new Float32Array(this.#labels.length * width);
    for (let row = 0; row < this.#labels.length; row += 1) {
      const from = row * this.#step * width;
      picked.set(all.subarray(from, from + width), row * width);
    }
    return picked;
  }
}

/** A row of a class that was not learned is called wrong; one that has no such label at all cannot be judged. */
function requireJudgeable(labels: Float32Array, objective: Objective): void {
  if (objective === "softmax") return;
  const isWrong = (label: number) => (objective === "binary" ? label !== 0 && label !== 1 : !Number.isFinite(label));
  const wrong = labels.findIndex(isWrong);
  if (wrong < 0) return;
  throw trainingErrors.create(objective === "binary" ? "training/label-not-binary" : "training/wrong-label", {
    because: `held-out row ${wrong + 1} has ${Number.isNaN(labels[wrong]) ? "none" : labels[wrong]}`,
  });
}
