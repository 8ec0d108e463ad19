/**
 * An ensemble of binary trees, all nodes in flat arrays. A node's children are numbers into the same arrays; a leaf's left
 * is -1. A value goes left when it is `<= threshold` (float32), a missing one as `missingLeft` says.
 */
export interface TreeModel {
  readonly features: readonly string[];
  readonly objective: "binary";
  /** The log odds before the first tree. */
  readonly base: number;
  /** The first node of each tree. */
  readonly roots: Int32Array;
  readonly feature: Int32Array;
  readonly threshold: Float32Array;
  readonly left: Int32Array;
  readonly right: Int32Array;
  readonly missingLeft: Uint8Array;
  /** The leaf's share of the log odds, float32. */
  readonly value: Float32Array;
  /** What a split gained; for importance. */
  readonly gain: Float32Array;
}

/** Scores rows of float32 features, NaN for missing. Sums in float32, in the order of the trees, as ONNX Runtime does. */
export function scoreRow(model: TreeModel, row: Float32Array, offset = 0): number {
  const { roots, feature, threshold, left, right, missingLeft, value } = model;
  let sum = 0;
  for (let tree = 0; tree < roots.length; tree += 1) {
    let node = roots[tree] as number;
    while ((left[node] as number) >= 0) {
      const x = row[offset + (feature[node] as number)] as number;
      const goesLeft = x <= (threshold[node] as number) || (x !== x && missingLeft[node] === 1);
      node = (goesLeft ? left[node] : right[node]) as number;
    }
    sum = Math.fround(sum + (value[node] as number));
  }
  return sigmoid(Math.fround(sum + Math.fround(model.base)));
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/** Probabilities of rows whose features lie in columns. */
export function scoreColumns(
  model: TreeModel,
  columns: readonly Float32Array[],
  rows: { readonly from: number; readonly to: number },
): Float32Array {
  const width = columns.length;
  const block = new Float32Array(width * 1_024);
  const result = new Float32Array(rows.to - rows.from);
  for (let start = rows.from; start < rows.to; start += 1_024) {
    const count = Math.min(1_024, rows.to - start);
    for (let f = 0; f < width; f += 1) {
      const column = columns[f] as Float32Array;
      for (let row = 0; row < count; row += 1) block[row * width + f] = column[start + row] as number;
    }
    for (let row = 0; row < count; row += 1) result[start - rows.from + row] = scoreRow(model, block, row * width);
  }
  return result;
}

/** Total gain of each feature's splits, as shares of one, largest first. */
export function importance(model: TreeModel): readonly { readonly feature: string; readonly gain: number }[] {
  const gains = new Float64Array(model.features.length);
  model.left.forEach((child, node) => {
    const feature = model.feature[node] ?? 0;
    if (child >= 0) gains[feature] = (gains[feature] ?? 0) + (model.gain[node] ?? 0);
  });
  const total = gains.reduce((sum, gain) => sum + gain, 0) || 1;
  return model.features
    .map((feature, index) => ({ feature, gain: (gains[index] ?? 0) / total }))
    .toSorted((a, b) => b.gain - a.gain || (a.feature < b.feature ? -1 : 1));
}
