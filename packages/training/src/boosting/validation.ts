import type { GradientBoosting } from "../define-training.ts";
import { isInSet, SET_WORDS } from "../model/tree-model.ts";
import { rowLoss } from "./objectives.ts";
import { VALIDATION_CHUNK_ROWS, type SharedTree, type SharedValidation } from "./shared.ts";

/** Rows in bins that are not learned from. */
export type BinnedValidation = Pick<SharedValidation, "rows" | "bins" | "width" | "labels" | "weights">;

/** Memory for trying each tree on rows that are not learned from. */
export function shareValidation(
  { rows, bins, width, labels, weights }: BinnedValidation,
  { leaves, objective, outputs }: Pick<GradientBoosting, "leaves" | "objective"> & { readonly outputs: number },
): SharedValidation {
  const nodes = 2 * leaves - 1;
  const integers = () => new Int32Array(new SharedArrayBuffer(nodes * 4));
  const floats = (length: number) => new Float32Array(new SharedArrayBuffer(length * 4));
  return {
    rows,
    bins,
    width,
    labels,
    weights,
    weightSum: weights === undefined ? rows : weights.reduce((sum, weight) => sum + weight, 0),
    objective,
    outputs,
    scores: floats(rows * outputs),
    chunkLosses: new Float64Array(new SharedArrayBuffer(Math.ceil(rows / VALIDATION_CHUNK_ROWS) * 8)),
    tree: {
      feature: integers(),
      bin: integers(),
      set: integers(),
      sets: new Uint32Array(new SharedArrayBuffer(leaves * SET_WORDS * 4)),
      left: integers(),
      right: integers(),
      missingLeft: new Uint8Array(new SharedArrayBuffer(nodes)),
      value: floats(nodes),
    },
  };
}

/** Adds the newest tree to a thread's chunks of the output's scores, and after a round's last one sums their loss. */
export function tryTree(
  validation: SharedValidation,
  { thread, threads, output }: { readonly thread: number; readonly threads: number; readonly output: number },
): void {
  const { rows, weights, scores, chunkLosses, outputs } = validation;
  for (let chunk = thread; chunk < chunkLosses.length; chunk += threads) {
    const end = Math.min(rows, (chunk + 1) * VALIDATION_CHUNK_ROWS);
    let loss = 0;
    for (let row = chunk * VALIDATION_CHUNK_ROWS; row < end; row += 1) {
      const at = output * rows + row;
      scores[at] = (scores[at] as number) + leafValue(validation, row);
      if (output < outputs - 1) continue;
      loss += rowLoss(validation, row) * (weights === undefined ? 1 : (weights[row] as number));
    }
    chunkLosses[chunk] = loss;
  }
}

/** The mean loss after a round's last tree. */
export function meanLoss({ chunkLosses, weightSum }: SharedValidation): number {
  return chunkLosses.reduce((sum, loss) => sum + loss, 0) / weightSum;
}

function leafValue({ bins, width, tree }: SharedValidation, row: number): number {
  const { feature, left, right, value } = tree;
  const first = row * width;
  let node = 0;
  while ((left[node] as number) >= 0) {
    const bin = bins[first + (feature[node] as number)] as number;
    node = (binGoesLeft(tree, node, bin) ? left[node] : right[node]) as number;
  }
  return value[node] as number;
}

/** As `goesLeft`, by bins: 0 is missing, a category's bin is its place and one. */
function binGoesLeft({ bin, set, sets, missingLeft }: SharedTree, node: number, own: number): boolean {
  if (own === 0) return missingLeft[node] === 1;
  const first = set[node] as number;
  return first < 0 ? own <= (bin[node] as number) : isInSet(sets, first, own - 1);
}
