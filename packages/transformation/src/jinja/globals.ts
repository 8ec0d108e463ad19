import { parse, stringify } from "yaml";
import { listOf, sorted, unique } from "./collections.ts";
import { toJson, wants } from "./json.ts";
import { fromPlain, isMap, toNumber, toPlain, toText, tuple, type JinjaFunction, type JinjaValue } from "./values.ts";

/** Functions that every template has. */
export function globalFunctions(): ReadonlyMap<string, JinjaValue> {
  return new Map<string, JinjaValue>([
    [
      "range",
      ([a = 0, b, step = 1]) =>
        range(b === undefined ? 0 : toNumber(a), b === undefined ? toNumber(a) : toNumber(b), toNumber(step)),
    ],
    ["namespace", ([first], named) => new Map([...(isMap(first) ? first : []), ...named])],
    ["dict", ([first], named) => new Map([...(isMap(first) ? first : pairsOf(first)), ...named])],
    ["zip", (args) => zipped(args)],
    ["zip_strict", (args) => zipped(args)],
    ["tojson", ([value], named) => toJson(value, { sortKeys: wants(named, "sort_keys") })],
    ["fromjson", ([value, fallback = null]) => attempt(() => fromPlain(JSON.parse(toText(value))), fallback)],
    ["toyaml", ([value], named) => stringify(toPlain(value), { sortMapEntries: wants(named, "sort_keys") })],
    ["fromyaml", ([value, fallback = null]) => attempt(() => fromPlain(parse(toText(value))), fallback)],
    ["set", ([value, fallback = null]) => (isIterable(value) ? unique(sorted(listOf(value), {})) : fallback)],
    ["set_strict", ([value]) => unique(listOf(value))],
    ["cycler", (values) => cycler(values)],
    ["joiner", ([separator = ", "]) => joiner(separator)],
    ["lipsum", () => ""],
  ]);
}

function pairsOf(value: JinjaValue): readonly [string, JinjaValue][] {
  return listOf(value).map((pair) => {
    const [key, inner] = listOf(pair);
    return [toText(key), inner];
  });
}

function zipped(lists: readonly JinjaValue[]): JinjaValue[] {
  const all = lists.map(listOf);
  const length = Math.min(...all.map((list) => list.length));
  return Array.from({ length: Number.isFinite(length) ? length : 0 }, (_, index) =>
    tuple(...all.map((list) => list[index])),
  );
}

function isIterable(value: JinjaValue): boolean {
  return Array.isArray(value) || isMap(value) || typeof value === "string";
}

function attempt(read: () => JinjaValue, fallback: JinjaValue): JinjaValue {
  try {
    return read();
  } catch {
    return fallback;
  }
}

function cycler(values: readonly JinjaValue[]): JinjaValue {
  let at = 0;
  const next: JinjaFunction = () => values[at++ % Math.max(1, values.length)];
  return new Map<string, JinjaValue>([["next", next]]);
}

function joiner(separator: JinjaValue): JinjaFunction {
  let isFirst = true;
  return () => {
    const text = isFirst ? "" : separator;
    isFirst = false;
    return text;
  };
}

function range(from: number, to: number, step: number): JinjaValue[] {
  const length = step === 0 ? 0 : Math.max(0, Math.min(100_000, Math.ceil((to - from) / step)));
  return Array.from({ length }, (_, index) => from + index * step);
}
