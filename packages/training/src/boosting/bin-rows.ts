import type { GradientBoosting } from "../define-training.ts";
import type { ModelDescription } from "../model/tree-model.ts";
import { sharedFloats, type PartRows, type RowValues } from "../rows/part-rows.ts";
import { putRows } from "../rows/put-rows.ts";
import { startBinner, type BinBlocks, type Binner, type BinSettings } from "./binner.ts";
import { planMemory, type MemoryPlan } from "./plan-memory.ts";
import type { BinnedValidation } from "./validation.ts";

/** Rows to learn from, wherever they are. */
export interface RowsToLearn extends Pick<ModelDescription, "features"> {
  readonly part: PartRows;
  /** Some of them, by which the bins are found. */
  readonly sample: RowValues;
  /** The label's classes, where it is one of several. */
  readonly classes?: ModelDescription["classes"];
  /** The values of each categorical feature. */
  readonly categories?: ModelDescription["categories"];
  /** Rows that are not learned from, for early stopping. */
  readonly validation?: PartRows | undefined;
}

/** What of the rows is kept to learn from: a byte for each feature's bin, and the label. */
export interface BinnedRows extends MemoryPlan, BinSettings {
  readonly rows: number;
  readonly labels: Float32Array;
  readonly weights: Float32Array | undefined;
  readonly validation: BinnedValidation | undefined;
}

/** Reads the rows once, a batch at a time, into bins. Throws `training/too-large`. */
export async function binRows(
  { part, sample, features, categories = {}, validation }: RowsToLearn,
  {
    trainer,
    threads,
    outputs,
  }: { readonly trainer: GradientBoosting; readonly threads: number; readonly outputs: number },
): Promise<BinnedRows> {
  const { rows } = part;
  const plan = planMemory({ rows, features: features.length, outputs, leaves: trainer.leaves, threads });
  const settings: BinSettings = {
    categorical: features.map((name) => categories[name] !== undefined),
    thresholds: features.map((name) => {
      const thresholds = sharedFloats(257);
      thresholds[0] = Math.max(0, (categories[name]?.length ?? 1) - 1);
      return thresholds;
    }),
  };
  const binner = startBinner(settings, threads);
  try {
    await binner.find(sample.columns, trainer.bins);
    const blocks = plan.threads.flatMap(({ groups }) => groups);
    const learned = await fill(binner, part, { memory: plan.memory.buffer, blocks });
    const held = validation === undefined ? undefined : await binValidation(binner, validation, features.length);
    return { ...plan, ...settings, rows, ...learned, validation: held };
  } finally {
    await binner.close();
  }
}

async function binValidation(binner: Binner, part: PartRows, width: number): Promise<BinnedValidation> {
  const memory = new SharedArrayBuffer(part.rows * width);
  const features = Array.from({ length: width }, (_, feature) => feature);
  const held = await fill(binner, part, { memory, blocks: [{ features, block: 0 }] });
  return { rows: part.rows, bins: new Uint8Array(memory), width, ...held };
}

/** Writes the bins of a part's rows; their labels and weights are told. */
async function fill(
  binner: Binner,
  part: PartRows,
  into: BinBlocks,
): Promise<{ readonly labels: Float32Array; readonly weights: Float32Array | undefined }> {
  const labels = sharedFloats(part.rows);
  let weights: Float32Array | undefined;
  for await (const batch of part.batches()) {
    const binned = binner.fill(into, batch);
    putRows(batch.labels, labels, batch.places);
    if (batch.weights !== undefined) putRows(batch.weights, (weights ??= sharedFloats(part.rows)), batch.places);
    await binned;
  }
  return { labels, weights };
}
