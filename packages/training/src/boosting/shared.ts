import type { GradientBoosting } from "../define-training.ts";

/** What the trainer's threads share. All of it lies in shared memory, so nothing is copied between them. */
export interface SharedTraining {
  readonly options: GradientBoosting;
  readonly rows: number;
  /** One column a feature, float32, NaN for missing. */
  readonly columns: readonly Float32Array[];
  /** 0 or 1. */
  readonly labels: Float32Array;
  /** The features of each thread. */
  readonly features: readonly (readonly number[])[];
  /** For each thread a row-major block of its features' bins. */
  readonly blocks: readonly Uint8Array[];
  /** Gradient and hessian of each row, interleaved. */
  readonly gradients: Float32Array;
  readonly scores: Float32Array;
  /** Row numbers, a leaf's rows together. */
  readonly order: Int32Array;
  /** Thresholds of each feature: count, then values. */
  readonly thresholds: readonly Float32Array[];
  /** The best split that each thread found for each of two leaves. */
  readonly found: Float64Array;
  readonly control: Int32Array;
}

/** Slots of `control`. The leader writes a command, then raises the generation; each thread counts itself done. */
export const GENERATION = 0;
export const DONE = 1;
export const COMMAND = 2;
export const START = 3;
export const END = 4;
export const SLOT_SMALL = 5;
export const SLOT_LARGE = 6;
export const HAS_LARGE = 7;
export const ROWS_LARGE = 8;
export const CONTROL_SIZE = 16;

export const DO_BINS = 1;
export const DO_GRADIENTS = 2;
export const DO_HISTOGRAMS = 3;
export const DO_END = 4;

/** Fields of one found split in `found`. */
export const FOUND = { gain: 0, feature: 1, bin: 2, missingLeft: 3, leftGradient: 4, leftHessian: 5 } as const;
export const FOUND_SIZE = 6;

export function foundAt(thread: number, leaf: 0 | 1): number {
  return (thread * 2 + leaf) * FOUND_SIZE;
}
