import { compare } from "./collections.ts";
import type { JinjaValue } from "./values.ts";

export function ordered(operator: string, a: JinjaValue, b: JinjaValue): boolean {
  const order = compare(a, b);
  if (operator === "<") return order < 0;
  if (operator === ">") return order > 0;
  return operator === "<=" ? order <= 0 : order >= 0;
}

export function repeated(value: string | readonly JinjaValue[], times: number): JinjaValue {
  const count = Math.max(0, Math.min(times, 100_000));
  return typeof value === "string" ? value.repeat(count) : Array.from({ length: count }, () => value).flat();
}

interface SliceRange {
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly step: number;
}

export function sliced<Item>(items: readonly Item[], { from, to, step }: SliceRange): readonly Item[] {
  if (step === 1) return items.slice(from, to);
  const forward = step > 0 ? items.slice(from, to) : backward(items, { from, to });
  return forward.filter((_, index) => index % Math.max(1, Math.abs(step)) === 0);
}

/** From a later item down to, not including, an earlier one. */
function backward<Item>(
  items: readonly Item[],
  { from, to }: { readonly from: number | undefined; readonly to: number | undefined },
): readonly Item[] {
  const place = (at: number) => (at < 0 ? at + items.length : at);
  const start = to === undefined ? 0 : place(to) + 1;
  const end = from === undefined ? items.length : place(from) + 1;
  return items.slice(start, end).toReversed();
}

export function calculate(operator: string, x: number, y: number): number {
  if (operator === "+") return x + y;
  if (operator === "-") return x - y;
  if (operator === "*") return x * y;
  if (operator === "/") return x / y;
  if (operator === "//") return Math.floor(x / y);
  if (operator === "%") return ((x % y) + y) % y;
  return x ** y;
}
