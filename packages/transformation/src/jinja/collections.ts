import { equals, isMap, isObject, numberOf, toText, type JinjaValue } from "./values.ts";

// What filters and methods do with lists: the input may be a list, a map (its keys), a text (its characters).

export function listOf(value: JinjaValue): readonly JinjaValue[] {
  if (Array.isArray(value)) return value;
  if (isMap(value)) return [...value.keys()];
  if (isObject(value)) return value.items ?? [];
  return typeof value === "string" ? Array.from(value) : [];
}

export function sizeOf(value: JinjaValue): number {
  return isMap(value) ? value.size : listOf(value).length;
}

export function unique(items: readonly JinjaValue[]): JinjaValue[] {
  return items.filter((item, index) => items.findIndex((other) => equals(other, item)) === index);
}

export function compare(a: JinjaValue, b: JinjaValue): number {
  const [x, y] = [numberOf(a), numberOf(b)];
  if (x !== undefined && y !== undefined) return x - y;
  if (Array.isArray(a) && Array.isArray(b)) {
    for (const [index, item] of a.entries()) {
      if (index >= b.length) return 1;
      const order = compare(item, b[index]);
      if (order !== 0) return order;
    }
    return a.length - b.length;
  }
  const [s, t] = [toText(a), toText(b)];
  return s < t ? -1 : s > t ? 1 : 0;
}

export interface Sorting {
  readonly reversed?: boolean;
  readonly by?: JinjaValue;
  /** Jinja's `sort` and `dictsort` put texts in order without regard to case, unless asked. */
  readonly caseSensitive?: boolean;
}

export function sorted(items: readonly JinjaValue[], { reversed = false, by, caseSensitive = true }: Sorting) {
  const folded = (value: JinjaValue) => (typeof value === "string" && !caseSensitive ? value.toLowerCase() : value);
  const keyOf = (item: JinjaValue) =>
    by === undefined
      ? folded(item)
      : toText(by)
          .split(",")
          .map((name) => folded(attributeOf(item, name)));
  const order = items.toSorted((a, b) => (reversed ? compare(keyOf(b), keyOf(a)) : compare(keyOf(a), keyOf(b))));
  return order;
}

export function attributeOf(item: JinjaValue, attribute: JinjaValue): JinjaValue {
  return toText(attribute).split(".").reduce<JinjaValue>(memberOf, item);
}

function memberOf(value: JinjaValue, name: string): JinjaValue {
  if (isMap(value) || isObject(value)) return value.get(name);
  return Array.isArray(value) && /^\d+$/.test(name) ? value[Number(name)] : undefined;
}

export function contains(container: JinjaValue, item: JinjaValue): boolean {
  if (Array.isArray(container)) return container.some((other) => equals(other, item));
  if (isMap(container)) return container.has(toText(item));
  if (isObject(container)) return (container.items ?? []).some((other) => equals(other, item));
  return typeof container === "string" && container.includes(toText(item));
}
