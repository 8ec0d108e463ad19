import { attributeOf, contains, listOf, sizeOf, sorted, unique } from "./collections.ts";
import { toJson } from "./json.ts";
import { capitalize, extreme, formatPercent, replaced, strip, titled } from "./methods.ts";
import {
  equals,
  float,
  isMap,
  isObject,
  isTrue,
  numberOf,
  toNumber,
  toText,
  tuple,
  type JinjaFunction,
  type JinjaValue,
} from "./values.ts";

type Filter = JinjaFunction;
type Test = (value: JinjaValue, args: readonly JinjaValue[]) => boolean;

/** Jinja's filters that dbt projects use. The input is the first argument. */
export const FILTERS: ReadonlyMap<string, Filter> = new Map<string, Filter>([
  ["upper", ([value]) => toText(value).toUpperCase()],
  ["lower", ([value]) => toText(value).toLowerCase()],
  ["capitalize", ([value]) => capitalize(toText(value))],
  ["title", ([value]) => titled(toText(value))],
  ["trim", ([value, characters]) => strip(toText(value), characters, "both")],
  ["string", ([value]) => toText(value)],
  ["int", ([value, fallback = 0]) => whole(value, fallback)],
  ["float", ([value, fallback = 0]) => fraction(value, fallback)],
  ["abs", ([value]) => Math.abs(toNumber(value))],
  ["round", ([value, digits = 0, method = "common"]) => rounded(value, { digits, method })],
  ["length", ([value]) => sizeOf(value)],
  ["count", ([value]) => sizeOf(value)],
  ["list", ([value]) => [...listOf(value)]],
  ["first", ([value]) => listOf(value)[0]],
  ["last", ([value]) => listOf(value).at(-1)],
  ["unique", ([value]) => unique(listOf(value))],
  [
    "reverse",
    ([value]) => (typeof value === "string" ? Array.from(value).toReversed().join("") : listOf(value).toReversed()),
  ],
  [
    "sort",
    ([value, reversed, sensitive, attribute], named) =>
      sorted(listOf(value), {
        reversed: isTrue(named.get("reverse") ?? reversed),
        by: named.get("attribute") ?? attribute,
        caseSensitive: isTrue(named.get("case_sensitive") ?? sensitive),
      }),
  ],
  [
    "sum",
    ([value, attribute, start = 0], named) =>
      attributes(value, named.get("attribute") ?? attribute).reduce<number>(
        (sum, item) => sum + toNumber(item),
        toNumber(named.get("start") ?? start),
      ),
  ],
  ["min", ([value], named) => attributed(value, named.get("attribute"), 1)],
  ["max", ([value], named) => attributed(value, named.get("attribute"), -1)],
  [
    "join",
    ([value, separator = "", attribute], named) =>
      attributes(value, named.get("attribute") ?? attribute)
        .map(toText)
        .join(toText(named.get("d") ?? separator)),
  ],
  ["replace", ([value, from, to, count]) => replaced(toText(value), { from: toText(from), to: toText(to), count })],
  [
    "default",
    ([value, fallback = "", boolean], named) =>
      value === undefined || (isTrue(named.get("boolean") ?? boolean) && !isTrue(value))
        ? (named.get("default_value") ?? fallback)
        : value,
  ],
  [
    "d",
    ([value, fallback = "", boolean]) =>
      value === undefined || (isTrue(boolean) && !isTrue(value)) ? fallback : value,
  ],
  ["map", ([value, name, ...rest], named) => mapped(listOf(value), { name, rest, named })],
  ["select", ([value, name, ...rest]) => listOf(value).filter((item) => tested(item, name, rest))],
  ["reject", ([value, name, ...rest]) => listOf(value).filter((item) => !tested(item, name, rest))],
  [
    "selectattr",
    ([value, attribute, name, ...rest]) =>
      listOf(value).filter((item) => tested(attributeOf(item, attribute), name, rest)),
  ],
  [
    "rejectattr",
    ([value, attribute, name, ...rest]) =>
      listOf(value).filter((item) => !tested(attributeOf(item, attribute), name, rest)),
  ],
  ["items", ([value]) => (isMap(value) ? [...value].map(([key, inner]) => tuple(key, inner)) : [])],
  ["dictsort", ([value, sensitive, by], named) => dictSorted(value, { sensitive, by: named.get("by") ?? by })],
  [
    "tojson",
    ([value, indent], named) => htmlSafe(toJson(value, { sortKeys: true, indent: named.get("indent") ?? indent })),
  ],
  ["as_bool", ([value]) => asBool(value)],
  ["as_number", ([value]) => toNumber(value)],
  ["as_native", ([value]) => value],
  ["as_text", ([value]) => toText(value)],
  ["is_list", ([value]) => Array.isArray(value)],
  ["indent", ([value, width = 4, first]) => indented(toText(value), { width, first: isTrue(first) })],
  ["batch", ([value, size, fill]) => batches(listOf(value), { size: toNumber(size), fill })],
  ["slice", ([value, count, fill]) => slices(listOf(value), { count: toNumber(count), fill })],
  ["groupby", ([value, attribute, fallback]) => grouped(listOf(value), { attribute, fallback })],
  ["format", ([value, ...args], named) => formatPercent(toText(value), args, named)],
  ["attr", ([value, name]) => attributeOf(value, name)],
  [
    "wordcount",
    ([value]) =>
      toText(value)
        .split(/\s+/)
        .filter((word) => word !== "").length,
  ],
  ["center", ([value, width = 80]) => centered(toText(value), toNumber(width))],
  ["truncate", ([value, length = 255]) => shortened(toText(value), toNumber(length))],
  ["escape", ([value]) => escapeHtml(toText(value))],
  ["e", ([value]) => escapeHtml(toText(value))],
  ["safe", ([value]) => value],
  ["urlencode", ([value]) => encodeURIComponent(toText(value))],
  ["pprint", ([value]) => toText(value)],
  ["striptags", ([value]) => toText(value).replaceAll(/<[^>]*>/g, "")],
]);

export const TESTS: ReadonlyMap<string, Test> = new Map<string, Test>([
  ["defined", (value) => value !== undefined],
  ["undefined", (value) => value === undefined],
  ["none", (value) => value === null],
  ["string", (value) => typeof value === "string"],
  ["number", (value) => typeof value === "number" || typeof value === "boolean" || numberOf(value) !== undefined],
  ["integer", (value) => typeof value === "number" && Number.isInteger(value)],
  ["float", (value) => (isObject(value) && value.jinja === "float") || !Number.isInteger(value ?? 0)],
  ["boolean", (value) => typeof value === "boolean"],
  ["mapping", isMap],
  ["sequence", (value) => Array.isArray(value) || typeof value === "string" || isMap(value)],
  ["iterable", (value) => Array.isArray(value) || typeof value === "string" || isMap(value) || hasItems(value)],
  ["callable", (value) => typeof value === "function"],
  ["true", (value) => value === true],
  ["false", (value) => value === false],
  ["odd", (value) => Math.abs(toNumber(value)) % 2 === 1],
  ["even", (value) => toNumber(value) % 2 === 0],
  ["divisibleby", (value, [by]) => toNumber(value) % toNumber(by) === 0],
  ["lower", (value) => toText(value) === toText(value).toLowerCase()],
  ["upper", (value) => toText(value) === toText(value).toUpperCase()],
  ...comparisons(),
  ["in", (value, [container]) => contains(container, value)],
  ["sameas", (value, [other]) => value === other],
]);

function comparisons(): readonly (readonly [string, Test])[] {
  const order =
    (holds: (a: JinjaValue, b: JinjaValue) => boolean): Test =>
    (value, [other]) =>
      holds(value, other);
  const less = (a: JinjaValue, b: JinjaValue) => sorted([a, b], {})[0] === a && !equals(a, b);
  const tests: readonly (readonly [readonly string[], Test])[] = [
    [["eq", "equalto", "=="], order(equals)],
    [["ne", "!="], order((a, b) => !equals(a, b))],
    [["gt", "greaterthan", ">"], order((a, b) => less(b, a))],
    [["lt", "lessthan", "<"], order(less)],
    [["ge", ">="], order((a, b) => !less(a, b))],
    [["le", "<="], order((a, b) => !less(b, a))],
  ];
  return tests.flatMap(([names, test]) => names.map((name) => [name, test] as const));
}

function hasItems(value: JinjaValue): boolean {
  return isObject(value) && value.items !== undefined;
}

function whole(value: JinjaValue, fallback: JinjaValue): JinjaValue {
  const number = numberOf(value) ?? Number.parseFloat(toText(value));
  return Number.isNaN(number) ? fallback : Math.trunc(number);
}

function fraction(value: JinjaValue, fallback: JinjaValue): JinjaValue {
  const number = numberOf(value) ?? Number.parseFloat(toText(value));
  return Number.isNaN(number) ? fallback : float(number);
}

function rounded(
  value: JinjaValue,
  { digits, method }: { readonly digits: JinjaValue; readonly method: JinjaValue },
): JinjaValue {
  const power = 10 ** toNumber(digits);
  const scaled = toNumber(value) * power;
  if (method === "ceil") return float(Math.ceil(scaled) / power);
  if (method === "floor") return float(Math.floor(scaled) / power);
  const down = Math.floor(scaled);
  const half = scaled - down === 0.5;
  return float((half ? (down % 2 === 0 ? down : down + 1) : Math.round(scaled)) / power);
}

function attributes(value: JinjaValue, attribute: JinjaValue): readonly JinjaValue[] {
  return listOf(value).map((item) => (attribute === undefined ? item : attributeOf(item, attribute)));
}

function attributed(value: JinjaValue, attribute: JinjaValue, sign: 1 | -1): JinjaValue {
  const items = listOf(value);
  if (attribute === undefined) return extreme(items, sign);
  const best = extreme(attributes(value, attribute), sign);
  return items.find((item) => equals(attributeOf(item, attribute), best));
}

interface Mapping {
  readonly name: JinjaValue;
  readonly rest: readonly JinjaValue[];
  readonly named: ReadonlyMap<string, JinjaValue>;
}

function mapped(items: readonly JinjaValue[], { name, rest, named }: Mapping): JinjaValue[] {
  const attribute = named.get("attribute");
  if (attribute !== undefined)
    return items.map((item) => attributeOf(item, attribute) ?? named.get("default") ?? undefined);
  const filter = FILTERS.get(toText(name));
  return filter === undefined ? [] : items.map((item) => filter([item, ...rest], named));
}

function tested(value: JinjaValue, name: JinjaValue, args: readonly JinjaValue[]): boolean {
  if (name === undefined) return isTrue(value);
  return TESTS.get(toText(name))?.(value, args) ?? false;
}

function dictSorted(
  value: JinjaValue,
  { sensitive, by }: { readonly sensitive: JinjaValue; readonly by: JinjaValue },
): JinjaValue[] {
  if (!isMap(value)) return [];
  const entries = [...value].map(([key, inner]) => tuple(key, inner));
  return sorted(entries, { by: by === "value" ? "1" : "0", caseSensitive: isTrue(sensitive) });
}

function asBool(value: JinjaValue): JinjaValue {
  if (typeof value !== "string") return isTrue(value);
  return value.toLowerCase() === "true" ? true : value.toLowerCase() === "false" ? false : value;
}

function indented(text: string, { width, first }: { readonly width: JinjaValue; readonly first: boolean }): string {
  const pad = typeof width === "string" ? width : " ".repeat(toNumber(width));
  const lines = text.split("\n").map((line, index) => (line === "" || (index === 0 && !first) ? line : pad + line));
  return lines.join("\n");
}

function batches(
  items: readonly JinjaValue[],
  { size, fill }: { readonly size: number; readonly fill: JinjaValue },
): JinjaValue[] {
  const step = Math.max(1, Math.trunc(size));
  const result: JinjaValue[][] = [];
  for (let at = 0; at < items.length; at += step) result.push(items.slice(at, at + step));
  const last = result.at(-1);
  if (last !== undefined && fill !== undefined) while (last.length < step) last.push(fill);
  return result;
}

function slices(
  items: readonly JinjaValue[],
  { count, fill }: { readonly count: number; readonly fill: JinjaValue },
): JinjaValue[] {
  const [base, extra] = [Math.floor(items.length / count), items.length % count];
  let at = 0;
  return Array.from({ length: count }, (_, index) => {
    const size = base + (index < extra ? 1 : 0);
    const part = items.slice(at, at + size);
    at += size;
    return fill !== undefined && index >= extra && extra > 0 ? [...part, fill] : part;
  });
}

function grouped(
  items: readonly JinjaValue[],
  { attribute, fallback }: { readonly attribute: JinjaValue; readonly fallback: JinjaValue },
): JinjaValue[] {
  const keyOf = (item: JinjaValue) => attributeOf(item, attribute) ?? fallback;
  const keys = sorted(unique(items.map(keyOf)), { caseSensitive: false });
  return keys.map((key) =>
    tuple(
      key,
      items.filter((item) => equals(keyOf(item), key)),
    ),
  );
}

function centered(text: string, width: number): string {
  const left = Math.max(0, Math.floor((width - text.length) / 2));
  return `${" ".repeat(left)}${text}`.padEnd(width);
}

function shortened(text: string, length: number): string {
  return text.length <= length + 5 ? text : `${text.slice(0, Math.max(0, length - 3)).replace(/\s+\S*$/, "")}...`;
}

function escapeHtml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll("'", "&#39;")
    .replaceAll('"', "&#34;");
}

/** Jinja's filter is made for HTML: what could end a script or an attribute is written as code points. */
function htmlSafe(json: string): string {
  return json.replaceAll(/[<>&']/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
