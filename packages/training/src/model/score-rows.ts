import { firstLeafValue, quickTrees, reachable, type QuickTrees } from "./quick-trees.ts";
import { goesLeft, outputsOf, type TreeModel } from "./tree-model.ts";

/** A row's place in memory: float32 features in the model's order, NaN for missing, from `offset` on. */
export interface RowPlace {
  readonly row: Float32Array;
  readonly offset: number;
}

/** The answer of a model with one output: the probability, or the number. */
export function scoreRow(model: TreeModel, row: Float32Array, offset = 0): number {
  const sum = outputSum(model, { row, offset }, 0);
  return model.objective === "binary" ? sigmoid(sum) : sum;
}

/** The answer of any model: each class's probability, or the one number; as many as the model has outputs. */
export function scoreOutputs(model: TreeModel, place: RowPlace): Float64Array {
  const outputs = new Float64Array(outputsOf(model));
  for (let output = 0; output < outputs.length; output += 1) outputs[output] = outputSum(model, place, output);
  return answer(model, outputs);
}

/** What the outputs' sums come to, in place. */
function answer({ objective }: TreeModel, sums: Float64Array): Float64Array {
  if (objective === "softmax") return softmax(sums);
  if (objective === "binary") sums[0] = sigmoid(sums[0] as number);
  return sums;
}

/** An output before its link. Sums in float32, in the order of the trees, as ONNX Runtime does. */
export function outputSum(model: TreeModel, place: RowPlace, output: number): number {
  const { roots, value, bases, sets } = model;
  const step = bases.length;
  const leafOf = sets.length === 0 ? leafByNumbers : leafByAny;
  let sum = 0;
  for (let tree = output; tree < roots.length; tree += step) {
    const leaf = leafOf(model, place, roots[tree] as number);
    sum = Math.fround(sum + (value[leaf] as number));
  }
  return Math.fround(sum + (bases[output] as number));
}

/** The leaf of a row, where no node has a set. */
function leafByNumbers(model: TreeModel, { row, offset }: RowPlace, root: number): number {
  const { feature, threshold, left, right, missingLeft } = model;
  let node = root;
  while ((left[node] as number) >= 0) {
    const x = row[offset + (feature[node] as number)] as number;
    const isLeft = x <= (threshold[node] as number) || (x !== x && missingLeft[node] === 1);
    node = (isLeft ? left[node] : right[node]) as number;
  }
  return node;
}

function leafByAny(model: TreeModel, { row, offset }: RowPlace, root: number): number {
  const { feature, left, right } = model;
  let node = root;
  while ((left[node] as number) >= 0) {
    const x = row[offset + (feature[node] as number)] as number;
    node = (goesLeft(model, node, x) ? left[node] : right[node]) as number;
  }
  return node;
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/** In place. */
function softmax(sums: Float64Array): Float64Array {
  const highest = sums.reduce((most, sum) => Math.max(most, sum), Number.NEGATIVE_INFINITY);
  let total = 0;
  for (let output = 0; output < sums.length; output += 1) {
    sums[output] = Math.exp((sums[output] as number) - highest);
    total += sums[output] as number;
  }
  for (let output = 0; output < sums.length; output += 1) sums[output] = (sums[output] as number) / total;
  return sums;
}

/** Rows whose features lie in columns, from one to before another. */
export interface RowRange {
  readonly from: number;
  readonly to: number;
}

/** Scores rows whose features lie in columns: [rows], or [rows, classes] row by row. */
export type ColumnScorer = (columns: readonly Float32Array[], rows: RowRange) => Float32Array;

/** A model made ready to score many rows: the answers are those of `scoreOutputs`, in less than half the time. */
export function createColumnScorer(model: TreeModel): ColumnScorer {
  const quick = quickTrees(model);
  return (columns, rows) =>
    quick === undefined ? walkColumns(model, columns, rows) : scoreQuickly(model, { quick, columns, rows });
}

/** Answers of rows whose features lie in columns: [rows], or [rows, classes] row by row. */
export function scoreColumns(model: TreeModel, columns: readonly Float32Array[], rows: RowRange): Float32Array {
  return createColumnScorer(model)(columns, rows);
}

/** Sums in float32 in the order of the trees, as `outputSum` does. */
function scoreQuickly(
  model: TreeModel,
  {
    quick,
    columns,
    rows: { from, to },
  }: { readonly quick: QuickTrees; readonly columns: readonly Float32Array[]; readonly rows: RowRange },
): Float32Array {
  const { roots, bases } = model;
  const outputs = bases.length;
  const leaves = new Int32Array(roots.length);
  const sums = new Float64Array(outputs);
  const result = new Float32Array((to - from) * outputs);
  for (let row = from; row < to; row += 1) {
    reachable(quick, { columns, row, leaves });
    for (let output = 0; output < outputs; output += 1) {
      let sum = 0;
      for (let tree = output; tree < roots.length; tree += outputs)
        sum = Math.fround(sum + firstLeafValue(quick, tree, leaves));
      sums[output] = Math.fround(sum + (bases[output] as number));
    }
    answer(model, sums);
    for (let output = 0; output < outputs; output += 1)
      result[(row - from) * outputs + output] = sums[output] as number;
  }
  return result;
}

const BLOCK_ROWS = 1_024;

/** Walks down the trees, row by row. */
function walkColumns(model: TreeModel, columns: readonly Float32Array[], rows: RowRange): Float32Array {
  const width = columns.length;
  const outputs = outputsOf(model);
  const block = new Float32Array(width * BLOCK_ROWS);
  const result = new Float32Array((rows.to - rows.from) * outputs);
  for (let start = rows.from; start < rows.to; start += BLOCK_ROWS) {
    const count = Math.min(BLOCK_ROWS, rows.to - start);
    for (let f = 0; f < width; f += 1) {
      const column = columns[f] as Float32Array;
      for (let row = 0; row < count; row += 1) block[row * width + f] = column[start + row] as number;
    }
    for (let row = 0; row < count; row += 1) {
      const at = (start - rows.from + row) * outputs;
      if (outputs === 1) result[at] = scoreRow(model, block, row * width);
      else result.set(scoreOutputs(model, { row: block, offset: row * width }), at);
    }
  }
  return result;
}
