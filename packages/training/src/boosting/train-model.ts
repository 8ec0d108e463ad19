import { Worker } from "node:worker_threads";
import type { ProgressSink } from "@millwright/kernel";
import type { GradientBoosting } from "../define-training.ts";
import { trainingErrors } from "../errors.ts";
import { decodeModel } from "../model/model-file.ts";
import type { ClassLabel, ModelDescription, TreeModel } from "../model/tree-model.ts";
import { compileKernels } from "./kernels/kernels.ts";
import { planMemory } from "./plan-memory.ts";
import { requireLabels } from "./require-labels.ts";
import { CONTROL_SIZE, FOUND_SIZE, type SharedTraining } from "./shared.ts";
import { shareValidation } from "./validation.ts";
import type { LeaderInput, LeaderMessage } from "./worker.ts";

/**
 * Rows to learn from. Columns, labels and weights lie in shared memory; NaN is missing. Labels are 0 or 1, the number, or
 * the class's place in `classes`; a categorical feature's values are places in its categories.
 */
export interface TrainingMatrix {
  readonly features: readonly string[];
  readonly rows: number;
  readonly columns: readonly Float32Array[];
  readonly labels: Float32Array;
  readonly weights?: Float32Array;
  readonly classes?: readonly ClassLabel[];
  readonly categories?: ModelDescription["categories"];
}

export interface TrainOptions {
  readonly trainer: GradientBoosting;
  readonly threads: number;
  readonly progress: ProgressSink;
  readonly signal?: AbortSignal;
  /** For early stopping, which needs rows that are not learned from. */
  readonly validation?: TrainingMatrix;
}

/** Trains in worker threads; the caller's loop stays free. Equal inputs give an equal model, whatever the number of threads. */
export async function trainModel(
  matrix: TrainingMatrix,
  { trainer, threads, progress, signal, validation }: TrainOptions,
): Promise<TreeModel> {
  requireLabels(matrix, trainer.objective);
  if (trainer.earlyStopping !== undefined && (validation === undefined || validation.rows === 0))
    throw trainingErrors.create("training/no-rows", { because: "early stopping needs validation rows" });
  const shared = share(matrix, {
    trainer,
    validation,
    threads: Math.max(1, Math.min(threads, matrix.features.length)),
  });
  const { features, classes = [], categories = {} } = matrix;
  const input: LeaderInput = { role: "leader", shared, described: { features, classes, categories } };
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { workerData: input });
  return new Promise((resolve, reject) => {
    signal?.addEventListener("abort", () => {
      void worker.terminate();
      reject(signal.reason as Error);
    });
    worker.on("message", (message: LeaderMessage) => {
      if ("model" in message) resolve(decodeModel(message.model));
      else progress({ message: "training", done: message.trees, total: trainer.trees, unit: "trees" });
    });
    worker.once("error", reject);
    worker.once("exit", (code) => reject(new Error(`the trainer ended with ${code}`)));
  });
}

/** One, or one a class. */
function outputsOf({ classes = [] }: TrainingMatrix, { objective }: GradientBoosting): number {
  return objective === "softmax" ? classes.length : 1;
}

function share(
  matrix: TrainingMatrix,
  {
    trainer,
    threads,
    validation,
  }: {
    readonly trainer: GradientBoosting;
    readonly threads: number;
    readonly validation: TrainingMatrix | undefined;
  },
): SharedTraining {
  const { rows, features, columns, labels, weights, categories = {} } = matrix;
  const outputs = outputsOf(matrix, trainer);
  const plan = planMemory({ rows, features: columns.length, outputs, leaves: trainer.leaves, threads });
  return {
    ...plan,
    options: trainer,
    rows,
    columns,
    labels,
    weights,
    outputs,
    kernels: compileKernels(plan.threads.flatMap(({ groups }) => groups.map(({ features }) => features.length))),
    categorical: features.map((name) => categories[name] !== undefined),
    thresholds: features.map((name) => {
      const thresholds = new Float32Array(new SharedArrayBuffer(257 * 4));
      thresholds[0] = Math.max(0, (categories[name]?.length ?? 1) - 1);
      return thresholds;
    }),
    found: new Float64Array(new SharedArrayBuffer(threads * 2 * FOUND_SIZE * 8)),
    control: new Int32Array(new SharedArrayBuffer(CONTROL_SIZE * 4)),
    validation:
      trainer.earlyStopping === undefined || validation === undefined
        ? undefined
        : shareValidation(validation, { ...trainer, outputs }),
  };
}
