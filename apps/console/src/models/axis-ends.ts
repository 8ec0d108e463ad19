const MARGIN = 1 / 20;
const FIGURES = 3;

/** The ends of an axis for some values: with a little room around them, in three figures, since they are told there. */
export function endsOf(values: readonly number[]): { readonly min: number; readonly max: number } {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const margin = (high - low) * MARGIN || Math.abs(high) * MARGIN || 1;
  const rounded = (value: number) => Number(value.toPrecision(FIGURES));
  return { min: rounded(low - margin), max: rounded(high + margin) };
}
