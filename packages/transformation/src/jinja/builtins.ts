import {
  equals,
  fromPlain,
  isMap,
  isTrue,
  toPlain,
  toText,
  type JinjaFunction,
  type JinjaMap,
  type JinjaValue,
} from "./values.ts";

type Filter = JinjaFunction;
type Test = (value: JinjaValue, args: readonly JinjaValue[]) => boolean;

/** Jinja's filters that dbt projects use. The input is the first argument. */
export const FILTERS: ReadonlyMap<string, Filter> = new Map<string, Filter>([
  ["upper", ([value]) => toText(value).toUpperCase()],
  ["lower", ([value]) => toText(value).toLowerCase()],
  ["capitalize", ([value]) => capitalize(toText(value))],
  ["title", ([value]) => toText(value).replaceAll(/\w\S*/g, capitalize)],
  ["trim", ([value]) => toText(value).trim()],
  ["string", ([value]) => toText(value)],
  ["int", ([value, fallback = 0]) => parsed(Number.parseInt(toText(value), 10), fallback)],
  ["float", ([value, fallback = 0]) => parsed(Number.parseFloat(toText(value)), fallback)],
  ["abs", ([value]) => Math.abs(Number(value))],
  ["round", ([value, digits = 0]) => Math.round(Number(value) * 10 ** Number(digits)) / 10 ** Number(digits)],
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
    ([value, reversed], named) =>
      sorted(listOf(value), { reversed: isTrue(named.get("reverse") ?? reversed), by: named.get("attribute") }),
  ],
  ["sum", ([value]) => listOf(value).reduce<number>((sum, item) => sum + Number(item), 0)],
  ["min", ([value]) => sorted(listOf(value), {})[0]],
  ["max", ([value]) => sorted(listOf(value), {}).at(-1)],
  [
    "join",
    ([value, separator = "", attribute], named) =>
      joined(value, { separator, attribute: named.get("attribute") ?? attribute }),
  ],
  ["replace", ([value, from, to]) => toText(value).replaceAll(toText(from), toText(to))],
  [
    "default",
    ([value, fallback = "", boolean], named) =>
      value === undefined || (isTrue(named.get("boolean") ?? boolean) && !isTrue(value)) ? fallback : value,
  ],
  ["d", ([value, fallback = ""]) => (value === undefined ? fallback : value)],
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
  ["items", ([value]) => (isMap(value) ? [...value].map(([key, inner]) => [key, inner]) : [])],
  [
    "dictsort",
    ([value]) =>
      isMap(value) ? [...value].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, inner]) => [key, inner]) : [],
  ],
  ["tojson", ([value]) => JSON.stringify(toPlain(value))],
  ["as_bool", ([value]) => isTrue(value)],
  ["as_number", ([value]) => Number(value)],
  ["as_native", ([value]) => value],
  ["as_text", ([value]) => toText(value)],
  ["indent", ([value, width = 4]) => toText(value).replaceAll("\n", `\n${" ".repeat(Number(width))}`)],
]);

export const TESTS: ReadonlyMap<string, Test> = new Map<string, Test>([
  ["defined", (value) => value !== undefined],
  ["undefined", (value) => value === undefined],
  ["none", (value) => value === null],
  ["string", (value) => typeof value === "string"],
  ["number", (value) => typeof value === "number"],
  ["integer", (value) => Number.isInteger(value)],
  ["boolean", (value) => typeof value === "boolean"],
  ["mapping", isMap],
  ["sequence", (value) => Array.isArray(value) || typeof value === "string"],
  ["iterable", (value) => Array.isArray(value) || typeof value === "string" || isMap(value)],
  ["callable", (value) => typeof value === "function"],
  ["true", (value) => value === true],
  ["false", (value) => value === false],
  ["odd", (value) => Math.abs(Number(value)) % 2 === 1],
  ["even", (value) => Number(value) % 2 === 0],
  ["divisibleby", (value, [by]) => Number(value) % Number(by) === 0],
  ["eq", (value, [other]) => equals(value, other)],
  ["equalto", (value, [other]) => equals(value, other)],
  ["ne", (value, [other]) => !equals(value, other)],
  ["gt", (value, [other]) => Number(value) > Number(other)],
  ["lt", (value, [other]) => Number(value) < Number(other)],
  ["ge", (value, [other]) => Number(value) >= Number(other)],
  ["le", (value, [other]) => Number(value) <= Number(other)],
  [
    "in",
    (value, [container]) =>
      Array.isArray(container)
        ? container.some((item) => equals(item, value))
        : toText(container).includes(toText(value)),
  ],
  ["sameas", (value, [other]) => value === other],
]);

/** A method of a string, list or map, as Python names it; undefined when it has none of that name. */
export function methodOf(object: JinjaValue, name: string): JinjaFunction | undefined {
  if (typeof object === "string") return stringMethod(object, name);
  if (Array.isArray(object)) return listMethod(object, name);
  return isMap(object) ? mapMethod(object, name) : undefined;
}

function stringMethod(text: string, name: string): JinjaFunction | undefined {
  const methods: Readonly<Record<string, JinjaFunction>> = {
    upper: () => text.toUpperCase(),
    lower: () => text.toLowerCase(),
    strip: ([characters]) => strip(text, characters, "both"),
    lstrip: ([characters]) => strip(text, characters, "left"),
    rstrip: ([characters]) => strip(text, characters, "right"),
    split: ([separator]) => (separator === undefined ? text.trim().split(/\s+/) : text.split(toText(separator))),
    replace: ([from, to]) => text.replaceAll(toText(from), toText(to)),
    startswith: ([prefix]) => text.startsWith(toText(prefix)),
    endswith: ([suffix]) => text.endsWith(toText(suffix)),
    join: ([items]) => listOf(items).map(toText).join(text),
    title: () => text.replaceAll(/\w\S*/g, capitalize),
    capitalize: () => capitalize(text),
    find: ([part]) => text.indexOf(toText(part)),
    count: ([part]) => text.split(toText(part)).length - 1,
    format: (args) => format(text, args),
    isdigit: () => /^\d+$/.test(text),
    zfill: ([width]) => text.padStart(Number(width), "0"),
  };
  return Object.hasOwn(methods, name) ? methods[name] : undefined;
}

function listMethod(list: JinjaValue[], name: string): JinjaFunction | undefined {
  const methods: Readonly<Record<string, JinjaFunction>> = {
    append: ([item]) => {
      list.push(item);
      return null;
    },
    extend: ([items]) => {
      list.push(...listOf(items));
      return null;
    },
    insert: ([index, item]) => {
      list.splice(Number(index), 0, item);
      return null;
    },
    pop: ([index]) => (index === undefined ? list.pop() : list.splice(Number(index), 1)[0]),
    index: ([item]) => list.findIndex((other) => equals(other, item)),
    count: ([item]) => list.filter((other) => equals(other, item)).length,
  };
  return Object.hasOwn(methods, name) ? methods[name] : undefined;
}

function mapMethod(map: JinjaMap, name: string): JinjaFunction | undefined {
  const methods: Readonly<Record<string, JinjaFunction>> = {
    items: () => [...map].map(([key, value]) => [key, value]),
    keys: () => [...map.keys()],
    values: () => [...map.values()],
    get: ([key, fallback = null]) => (map.has(toText(key)) ? map.get(toText(key)) : fallback),
    update: ([other]) => {
      if (isMap(other)) for (const [key, value] of other) map.set(key, value);
      return null;
    },
    pop: ([key, fallback]) => {
      const value = map.has(toText(key)) ? map.get(toText(key)) : fallback;
      map.delete(toText(key));
      return value;
    },
    copy: () => new Map(map),
  };
  return Object.hasOwn(methods, name) ? methods[name] : undefined;
}

function listOf(value: JinjaValue): readonly JinjaValue[] {
  if (Array.isArray(value)) return value;
  if (isMap(value)) return [...value.keys()];
  return typeof value === "string" ? Array.from(value) : [];
}

function sizeOf(value: JinjaValue): number {
  return isMap(value) ? value.size : listOf(value).length;
}

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1).toLowerCase();
}

function parsed(value: number, fallback: JinjaValue): JinjaValue {
  return Number.isNaN(value) ? fallback : value;
}

function unique(items: readonly JinjaValue[]): JinjaValue[] {
  return items.filter((item, index) => items.findIndex((other) => equals(other, item)) === index);
}

function sorted(
  items: readonly JinjaValue[],
  { reversed = false, by }: { readonly reversed?: boolean; readonly by?: JinjaValue },
): JinjaValue[] {
  const keyOf = (item: JinjaValue) => (by === undefined ? item : attributeOf(item, by));
  const order = items.toSorted((a, b) => compare(keyOf(a), keyOf(b)));
  return reversed ? order.toReversed() : order;
}

function compare(a: JinjaValue, b: JinjaValue): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return toText(a) < toText(b) ? -1 : toText(a) > toText(b) ? 1 : 0;
}

function joined(
  value: JinjaValue,
  { separator, attribute }: { readonly separator: JinjaValue; readonly attribute: JinjaValue },
): string {
  const items = listOf(value).map((item) => (attribute === undefined ? item : attributeOf(item, attribute)));
  return items.map(toText).join(toText(separator));
}

function attributeOf(item: JinjaValue, attribute: JinjaValue): JinjaValue {
  return toText(attribute)
    .split(".")
    .reduce<JinjaValue>((value, name) => (isMap(value) ? value.get(name) : undefined), item);
}

function mapped(
  items: readonly JinjaValue[],
  {
    name,
    rest,
    named,
  }: {
    readonly name: JinjaValue;
    readonly rest: readonly JinjaValue[];
    readonly named: ReadonlyMap<string, JinjaValue>;
  },
): JinjaValue[] {
  const attribute = named.get("attribute");
  if (attribute !== undefined) return items.map((item) => attributeOf(item, attribute));
  const filter = FILTERS.get(toText(name));
  return filter === undefined ? [] : items.map((item) => filter([item, ...rest], named));
}

function tested(value: JinjaValue, name: JinjaValue, args: readonly JinjaValue[]): boolean {
  if (name === undefined) return isTrue(value);
  return TESTS.get(toText(name))?.(value, args) ?? false;
}

function strip(text: string, characters: JinjaValue, side: "both" | "left" | "right"): string {
  const set = characters === undefined ? " \t\n\r" : toText(characters);
  let [start, end] = [0, text.length];
  while (side !== "right" && start < end && set.includes(text[start] ?? "")) start += 1;
  while (side !== "left" && end > start && set.includes(text[end - 1] ?? "")) end -= 1;
  return text.slice(start, end);
}

function format(text: string, args: readonly JinjaValue[]): string {
  let next = 0;
  return text.replaceAll(/\{(\d*)\}/g, (_, index: string) => toText(args[index === "" ? next++ : Number(index)]));
}

/** Functions that every template has. */
export function globalFunctions(): ReadonlyMap<string, JinjaValue> {
  return new Map<string, JinjaValue>([
    [
      "range",
      ([a = 0, b, step = 1]) =>
        range(b === undefined ? 0 : Number(a), b === undefined ? Number(a) : Number(b), Number(step)),
    ],
    ["namespace", (_args, named) => new Map(named)],
    ["dict", (_args, named) => new Map(named)],
    [
      "zip",
      (args) => listOf(args[0]).map((item, index) => [item, ...args.slice(1).map((other) => listOf(other)[index])]),
    ],
    ["tojson", ([value]) => JSON.stringify(toPlain(value))],
    ["fromjson", ([value]) => fromPlain(JSON.parse(toText(value)))],
    ["set", ([value]) => unique(listOf(value))],
  ]);
}

function range(from: number, to: number, step: number): JinjaValue[] {
  const length = step === 0 ? 0 : Math.max(0, Math.min(100_000, Math.ceil((to - from) / step)));
  return Array.from({ length }, (_, index) => from + index * step);
}
