import type { TrainingMatrix } from "./train-model.ts";
import { VALIDATION_CHUNK_ROWS, type SharedTree, type SharedValidation } from "./shared.ts";

/** Memory for trying each tree on rows that are not learned from. */
export function shareValidation({ rows, columns, labels }: TrainingMatrix, leaves: number): SharedValidation {
  const nodes = 2 * leaves - 1;
  const integers = () => new Int32Array(new SharedArrayBuffer(nodes * 4));
  const floats = (length: number) => new Float32Array(new SharedArrayBuffer(length * 4));
  return {
    rows,
    columns,
    labels,
    scores: floats(rows),
    chunkLosses: new Float64Array(new SharedArrayBuffer(Math.ceil(rows / VALIDATION_CHUNK_ROWS) * 8)),
    tree: {
      feature: integers(),
      threshold: floats(nodes),
      left: integers(),
      right: integers(),
      missingLeft: integers(),
      value: floats(nodes),
    },
  };
}

/** Adds the newest tree to a thread's chunks of the scores and sums their log loss. */
export function tryTree(
  { rows, columns, labels, scores, chunkLosses, tree }: SharedValidation,
  { thread, threads }: { readonly thread: number; readonly threads: number },
): void {
  for (let chunk = thread; chunk < chunkLosses.length; chunk += threads) {
    const end = Math.min(rows, (chunk + 1) * VALIDATION_CHUNK_ROWS);
    let loss = 0;
    for (let row = chunk * VALIDATION_CHUNK_ROWS; row < end; row += 1) {
      const score = Math.fround((scores[row] as number) + leafValue(tree, columns, row));
      scores[row] = score;
      // log(1 + e^s) − y s, without overflow.
      loss += Math.max(score, 0) + Math.log1p(Math.exp(-Math.abs(score))) - (labels[row] as number) * score;
    }
    chunkLosses[chunk] = loss;
  }
}

/** The mean log loss after the newest tree. */
export function meanLoss({ chunkLosses, rows }: SharedValidation): number {
  return chunkLosses.reduce((sum, loss) => sum + loss, 0) / rows;
}

function leafValue(tree: SharedTree, columns: readonly Float32Array[], row: number): number {
  const { feature, threshold, left, right, missingLeft, value } = tree;
  let node = 0;
  while ((left[node] as number) >= 0) {
    const x = (columns[feature[node] as number] as Float32Array)[row] as number;
    const goesLeft = x <= (threshold[node] as number) || (x !== x && missingLeft[node] === 1);
    node = (goesLeft ? left[node] : right[node]) as number;
  }
  return value[node] as number;
}
