/** How much a row counts: as if it were there so many times. One where rows have no weights. */
export function weightOf(weights: Float32Array | undefined, row: number): number {
  return weights === undefined ? 1 : (weights[row] as number);
}

/** What rows count together. */
export function weightOfAll(weights: Float32Array | undefined, rows: number): number {
  return weights === undefined ? rows : weights.reduce((sum, weight) => sum + weight, 0);
}
