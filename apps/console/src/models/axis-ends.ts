const MARKS = 5;

/** The ends of an axis for some values: around them, and round as the marks between them are. */
export function endsOf(values: readonly number[]): { readonly min: number; readonly max: number } {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const step = roundStep((high - low || Math.abs(high) || 1) / MARKS);
  const exact = (marks: number) => Number((marks * step).toPrecision(12));
  const min = Math.min(low, exact(Math.floor(low / step)));
  const max = Math.max(high, exact(Math.ceil(high / step)));
  return max > min ? { min, max } : { min: min - step, max: max + step };
}

/** The next of 1, 2, 5 or 10 by a power of ten. */
function roundStep(about: number): number {
  const power = 10 ** Math.floor(Math.log10(about));
  return ([1, 2, 5].find((times) => times * power >= about) ?? 10) * power;
}
