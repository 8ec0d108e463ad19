import { Worker } from "node:worker_threads";
import type { ProgressSink } from "@millwright/kernel";
import type { GradientBoosting } from "../define-training.ts";
import { trainingErrors } from "../errors.ts";
import { decodeModel } from "../model/model-file.ts";
import type { ClassLabel, ModelDescription, TreeModel } from "../model/tree-model.ts";
import { matrixPart } from "../rows/matrix-part.ts";
import { binRows, type BinnedRows, type RowsToLearn } from "./bin-rows.ts";
import { compileKernels } from "./kernels/kernels.ts";
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

export interface LearnOptions {
  readonly trainer: GradientBoosting;
  readonly threads: number;
  readonly progress: ProgressSink;
  readonly signal?: AbortSignal;
}

export interface TrainOptions extends LearnOptions {
  /** For early stopping, which needs rows that are not learned from. */
  readonly validation?: TrainingMatrix;
}

/** Trains on rows that lie in memory. Equal inputs give an equal model, whatever the number of threads. */
export async function trainModel(matrix: TrainingMatrix, { validation, ...options }: TrainOptions): Promise<TreeModel> {
  const { features, classes, categories } = matrix;
  const part = matrixPart(matrix);
  return learn(
    {
      features,
      part,
      sample: await part.sample(),
      ...(classes === undefined ? {} : { classes }),
      ...(categories === undefined ? {} : { categories }),
      ...(validation === undefined ? {} : { validation: matrixPart(validation) }),
    },
    options,
  );
}

/** Trains in worker threads; the caller's loop stays free. Of the rows only their bins are kept. */
export async function learn(rows: RowsToLearn, options: LearnOptions): Promise<TreeModel> {
  const { trainer, signal, progress } = options;
  const { features, classes = [], categories = {}, validation } = rows;
  if (trainer.earlyStopping !== undefined && (validation === undefined || validation.rows === 0))
    throw trainingErrors.create("training/no-rows", { because: "early stopping needs validation rows" });
  const threads = Math.max(1, Math.min(options.threads, features.length));
  const outputs = trainer.objective === "softmax" ? classes.length : 1;
  const held = trainer.earlyStopping === undefined ? undefined : validation;
  const binned = await binRows({ ...rows, validation: held }, { trainer, threads, outputs });
  requireLabels({ ...binned, classes }, trainer.objective);
  const shared = share(binned, { trainer, outputs });
  const input: LeaderInput = { role: "leader", shared, described: { features, classes, categories } };
  signal?.throwIfAborted();
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

function share(
  binned: BinnedRows,
  { trainer, outputs }: { readonly trainer: GradientBoosting; readonly outputs: number },
): SharedTraining {
  const { threads, validation } = binned;
  return {
    ...binned,
    options: trainer,
    outputs,
    kernels: compileKernels(threads.flatMap(({ groups }) => groups.map(({ features }) => features.length))),
    found: new Float64Array(new SharedArrayBuffer(threads.length * 2 * FOUND_SIZE * 8)),
    control: new Int32Array(new SharedArrayBuffer(CONTROL_SIZE * 4)),
    validation: validation === undefined ? undefined : shareValidation(validation, { ...trainer, outputs }),
  };
}
