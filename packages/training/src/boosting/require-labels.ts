import type { Objective } from "../judgement/metrics.ts";
import { trainingErrors } from "../errors.ts";
import type { ClassLabel } from "../model/tree-model.ts";

export interface LabelledRows {
  readonly labels: Float32Array;
  readonly weights?: Float32Array | undefined;
  /** Where the label is one of several classes, which these are. */
  readonly classes?: readonly ClassLabel[] | undefined;
}

/** Throws where the labels are not such as the objective learns from, or the weights are none. */
export function requireLabels(matrix: LabelledRows, objective: Objective): void {
  if (objective === "binary") requireBothLabels(matrix);
  else if (objective === "squared") requireNumbers(matrix);
  else requireClasses(matrix);
  const wrong = matrix.weights?.findIndex((weight) => !(weight > 0 && Number.isFinite(weight))) ?? -1;
  if (wrong >= 0)
    throw trainingErrors.create("training/wrong-weight", {
      because: `row ${wrong + 1} has ${matrix.weights?.[wrong]}`,
    });
}

function requireBothLabels({ labels }: LabelledRows): void {
  const rows = labels.length;
  let positives = 0;
  for (let row = 0; row < rows; row += 1) {
    const label = labels[row];
    if (label !== 0 && label !== 1)
      throw trainingErrors.create("training/label-not-binary", { because: `row ${row + 1} has ${label}` });
    positives += label;
  }
  if (positives === 0 || positives === rows) {
    throw trainingErrors.create("training/no-rows", { because: `${positives} of ${rows} training rows are positive` });
  }
}

function requireNumbers({ labels }: LabelledRows): void {
  const wrong = labels.findIndex((label) => !Number.isFinite(label));
  if (wrong < 0) return;
  throw trainingErrors.create("training/wrong-label", { because: `row ${wrong + 1} has ${labels[wrong]}` });
}

function requireClasses({ labels, classes = [] }: LabelledRows): void {
  if (classes.length < 2)
    throw trainingErrors.create("training/no-rows", {
      because: `the training rows are of ${classes.length === 0 ? "no class" : `one class, ${String(classes[0])}`}`,
    });
  const wrong = labels.findIndex((label) => !(label >= 0 && label < classes.length));
  if (wrong < 0) return;
  throw trainingErrors.create("training/wrong-label", { because: `row ${wrong + 1} has none` });
}
