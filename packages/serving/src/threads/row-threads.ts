import type { CompactTrees } from "../trees/onnx/compact-trees.ts";
import type { TreeEnsemble } from "../trees/tree-ensemble.ts";
import type { ModelThreads } from "./model-threads.ts";

/** Trees times rows from which on threads are asked: what is less is done before they have answered. */
const VISITS_MIN = 200_000;

/** Whether rows are so many that they are shared out among threads. */
export function isShared(threads: ModelThreads | undefined, visits: number): threads is ModelThreads {
  return threads !== undefined && threads.count > 1 && visits >= VISITS_MIN;
}

/** Memory for rows and their sums that threads share. */
export function sharedDoubles(length: number): Float64Array {
  return new Float64Array(new SharedArrayBuffer(length * Float64Array.BYTES_PER_ELEMENT));
}

export function sharedFloats(length: number): Float32Array {
  return new Float32Array(new SharedArrayBuffer(length * Float32Array.BYTES_PER_ELEMENT));
}

/** Sums trees over rows on all threads, each its part of the rows: [rows, outputs] row by row. */
export async function sumOnThreads(
  threads: ModelThreads,
  { trees, values, rows }: { readonly trees: TreeEnsemble; readonly values: Float64Array; readonly rows: number },
): Promise<Float64Array> {
  const sums = sharedDoubles(rows * trees.outputs);
  await threads.askEach(
    "sumTrees",
    partsOf(rows, threads.count).map((part) => ({ trees, values, sums, ...part })),
  );
  return sums;
}

/** The same of compact trees. */
export async function sumCompactOnThreads(
  threads: ModelThreads,
  { trees, values, rows }: { readonly trees: CompactTrees; readonly values: Float32Array; readonly rows: number },
): Promise<Float32Array> {
  const sums = sharedFloats(rows * trees.outputs);
  await threads.askEach(
    "sumCompact",
    partsOf(rows, threads.count).map((part) => ({ trees, values, sums, ...part })),
  );
  return sums;
}

/** So many parts of rows that lie together, as equal as they can be; none is empty. */
export function partsOf(rows: number, parts: number): readonly { readonly from: number; readonly to: number }[] {
  return Array.from({ length: Math.min(rows, parts) }, (_, at) => ({
    from: Math.floor((rows * at) / Math.min(rows, parts)),
    to: Math.floor((rows * (at + 1)) / Math.min(rows, parts)),
  }));
}
