import type { KernelModule, SharedMemory } from "./kernels/web-assembly.ts";
import type { GradientBoosting } from "../define-training.ts";
import { SET_WORDS } from "../model/tree-model.ts";

/** What the trainer's threads share. All of it lies in shared memory, so nothing is copied between them. */
export interface SharedTraining {
  readonly options: GradientBoosting;
  readonly rows: number;
  /** 0 or 1; the number itself; or the class's number. */
  readonly labels: Float32Array;
  /** How much each row counts; undefined where all count alike. */
  readonly weights: Float32Array | undefined;
  /** One, or one a class. */
  readonly outputs: number;
  /** What each thread does. */
  readonly threads: readonly ThreadPlan[];
  readonly kernels: KernelModule;
  readonly memory: SharedMemory;
  readonly places: Places;
  /** By feature: whether its values are places of categories. */
  readonly categorical: readonly boolean[];
  /** Thresholds of each feature: count, then values. Of a categorical one the count alone, one fewer than its values. */
  readonly thresholds: readonly Float32Array[];
  /** The best split that each thread found for each of two leaves. */
  readonly found: Float64Array;
  readonly control: Int32Array;
  /** Rows that are not learned from, on which each tree is tried; undefined where training ends by its number of trees. */
  readonly validation: SharedValidation | undefined;
}

/** All in shared memory. */
export interface SharedValidation {
  readonly rows: number;
  /** Row-major, a byte for each of `width` features. */
  readonly bins: Uint8Array;
  readonly width: number;
  readonly labels: Float32Array;
  readonly weights: Float32Array | undefined;
  readonly weightSum: number;
  readonly objective: GradientBoosting["objective"];
  readonly outputs: number;
  /** One output after the other. */
  readonly scores: Float32Array;
  /** The loss summed over each chunk of rows: summed in their order, they give the same with any number of threads. */
  readonly chunkLosses: Float64Array;
  readonly tree: SharedTree;
}

/** The newest tree, its nodes from 0. */
export interface SharedTree {
  readonly feature: Int32Array;
  /** The last bin that goes left. */
  readonly bin: Int32Array;
  readonly set: Int32Array;
  readonly sets: Uint32Array;
  readonly left: Int32Array;
  readonly right: Int32Array;
  readonly missingLeft: Uint8Array;
  readonly value: Float32Array;
}

export const VALIDATION_CHUNK_ROWS = 16_384;

/** A thread's features, and where in the memory its parts lie. */
export interface ThreadPlan {
  readonly features: readonly number[];
  readonly groups: readonly FeatureGroup[];
  /** One histogram of all its features for each leaf in the making. */
  readonly histograms: number;
}

/** Features whose bins lie together: a row-major block, a byte a cell. */
export interface FeatureGroup {
  readonly features: readonly number[];
  /** Of the group's first feature among the thread's. */
  readonly first: number;
  readonly block: number;
}

/** Byte addresses in the memory. */
export interface Places {
  /** Gradient and hessian of each row, float32, interleaved. */
  readonly gradients: number;
  /** Float32, one output after the other. */
  readonly scores: number;
  /** Of each row the log of its exponentials' sum, float64; of several outputs only. */
  readonly normalizers: number;
  /** Row numbers, int32, a leaf's rows together. */
  readonly order: number;
  /** As large as `order`. */
  readonly spare: number;
  /** For each bin of the feature that is split: 1 where it goes left. */
  readonly table: number;
  /** How many rows of each thread's share go left, int32. */
  readonly leftCounts: number;
  /** Of a finished tree: start and end of each leaf's rows, int32. */
  readonly leafRanges: number;
  /** Of a finished tree: each leaf's value, float32. */
  readonly leafValues: number;
}

export interface Views {
  readonly bytes: Uint8Array;
  readonly gradients: Float32Array;
  readonly scores: Float32Array;
  readonly normalizers: Float64Array;
  readonly order: Int32Array;
  readonly spare: Int32Array;
  readonly table: Uint8Array;
  readonly leftCounts: Int32Array;
  readonly leafRanges: Int32Array;
  readonly leafValues: Float32Array;
}

export function viewsOf({ memory, places, rows, outputs, threads, options }: SharedTraining): Views {
  const { buffer } = memory;
  return {
    bytes: new Uint8Array(buffer),
    gradients: new Float32Array(buffer, places.gradients, rows * 2),
    scores: new Float32Array(buffer, places.scores, rows * outputs),
    normalizers: new Float64Array(buffer, places.normalizers, outputs > 1 ? rows : 0),
    order: new Int32Array(buffer, places.order, rows),
    spare: new Int32Array(buffer, places.spare, rows),
    table: new Uint8Array(buffer, places.table, 256),
    leftCounts: new Int32Array(buffer, places.leftCounts, threads.length),
    leafRanges: new Int32Array(buffer, places.leafRanges, options.leaves * 2),
    leafValues: new Float32Array(buffer, places.leafValues, options.leaves),
  };
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
export const FEATURE = 9;
/** Leaves of the finished tree. */
export const LEAVES = 10;
/** The output that the tree in the making adds to. */
export const OUTPUT = 11;
export const CONTROL_SIZE = 16;

export const DO_GRADIENTS = 1;
export const DO_HISTOGRAMS = 2;
export const DO_END = 3;
export const DO_PARTITION = 4;
export const DO_GATHER = 5;
export const DO_SCORES = 6;
export const DO_VALIDATE = 7;
export const DO_NORMALIZE = 8;

/**
 * Fields of one found split in `found`. The totals are those of the leaf's rows. A categorical split has no bin, 0, and
 * the set of the bins that go left, 32 bits a field; `lambda` is what its leaves are shrunk by.
 */
export const FOUND = {
  gain: 0,
  feature: 1,
  bin: 2,
  missingLeft: 3,
  leftGradient: 4,
  leftHessian: 5,
  gradient: 6,
  hessian: 7,
  lambda: 8,
  set: 9,
} as const;
export const FOUND_SIZE = FOUND.set + SET_WORDS;

export function foundAt(thread: number, leaf: 0 | 1): number {
  return (thread * 2 + leaf) * FOUND_SIZE;
}

/** A thread's share of the numbers from start to end. */
export function shareOf(
  { start, end }: { readonly start: number; readonly end: number },
  { thread, threads }: { readonly thread: number; readonly threads: number },
): { readonly from: number; readonly to: number } {
  const share = Math.ceil((end - start) / threads);
  const from = Math.min(end, start + thread * share);
  return { from, to: Math.min(end, from + share) };
}
