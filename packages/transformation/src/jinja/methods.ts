import { compare, contains, listOf, sorted, unique } from "./collections.ts";
import {
  isMap,
  isTrue,
  toNumber,
  toText,
  tuple,
  type JinjaFunction,
  type JinjaMap,
  type JinjaValue,
} from "./values.ts";
import { equals } from "./values.ts";

/** A method of a string, list or map, as Python names it; undefined when it has none of that name. */
export function methodOf(object: JinjaValue, name: string): JinjaFunction | undefined {
  if (typeof object === "string") return own(stringMethods(object), name);
  if (Array.isArray(object)) return own(listMethods(object), name);
  return isMap(object) ? own(mapMethods(object), name) : undefined;
}

type Methods = Readonly<Record<string, JinjaFunction>>;

function own(methods: Methods, name: string): JinjaFunction | undefined {
  return Object.hasOwn(methods, name) ? methods[name] : undefined;
}

function stringMethods(text: string): Methods {
  return {
    upper: () => text.toUpperCase(),
    lower: () => text.toLowerCase(),
    casefold: () => text.toLowerCase(),
    swapcase: () => Array.from(text, (c) => (c === c.toUpperCase() ? c.toLowerCase() : c.toUpperCase())).join(""),
    strip: ([characters]) => strip(text, characters, "both"),
    lstrip: ([characters]) => strip(text, characters, "left"),
    rstrip: ([characters]) => strip(text, characters, "right"),
    split: ([separator, limit]) => splitText(text, { separator, limit }),
    rsplit: ([separator, limit]) => splitFromRight(text, { separator, limit }),
    splitlines: () => text.split(/\r?\n/),
    partition: ([separator]) => partition(text, toText(separator)),
    replace: ([from, to, count]) => replaced(text, { from: toText(from), to: toText(to), count }),
    startswith: ([prefix]) => anyOf(prefix, (part) => text.startsWith(part)),
    endswith: ([suffix]) => anyOf(suffix, (part) => text.endsWith(part)),
    removeprefix: ([prefix]) => (text.startsWith(toText(prefix)) ? text.slice(toText(prefix).length) : text),
    removesuffix: ([suffix]) => (text.endsWith(toText(suffix)) ? text.slice(0, -toText(suffix).length) : text),
    join: ([items]) => listOf(items).map(toText).join(text),
    title: () => titled(text),
    capitalize: () => capitalize(text),
    find: ([part]) => text.indexOf(toText(part)),
    rfind: ([part]) => text.lastIndexOf(toText(part)),
    index: ([part]) => text.indexOf(toText(part)),
    count: ([part]) => text.split(toText(part)).length - 1,
    format: (args, named) => formatBraces(text, args, named),
    isdigit: () => /^\d+$/.test(text),
    isnumeric: () => /^\d+$/.test(text),
    isalpha: () => /^\p{L}+$/u.test(text),
    isalnum: () => /^[\p{L}\d]+$/u.test(text),
    isupper: () => /\p{L}/u.test(text) && text === text.toUpperCase(),
    islower: () => /\p{L}/u.test(text) && text === text.toLowerCase(),
    isspace: () => /^\s+$/.test(text),
    zfill: ([width]) => text.padStart(Number(width), "0"),
    ljust: ([width, fill = " "]) => text.padEnd(Number(width), toText(fill)),
    rjust: ([width, fill = " "]) => text.padStart(Number(width), toText(fill)),
  };
}

function listMethods(list: JinjaValue[]): Methods {
  return {
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
    remove: ([item]) => {
      const at = list.findIndex((other) => equals(other, item));
      if (at !== -1) list.splice(at, 1);
      return null;
    },
    reverse: () => {
      list.reverse();
      return null;
    },
    sort: (_args, named) => {
      list.splice(0, list.length, ...sorted(list, { reversed: isTrue(named.get("reverse")) }));
      return null;
    },
    clear: () => {
      list.length = 0;
      return null;
    },
    copy: () => [...list],
    index: ([item]) => list.findIndex((other) => equals(other, item)),
    count: ([item]) => list.filter((other) => equals(other, item)).length,
    add: ([item]) => {
      if (!contains(list, item)) list.push(item);
      return null;
    },
    union: ([other]) => unique([...list, ...listOf(other)]),
    intersection: ([other]) => list.filter((item) => contains([...listOf(other)], item)),
    difference: ([other]) => list.filter((item) => !contains([...listOf(other)], item)),
    issubset: ([other]) => list.every((item) => contains([...listOf(other)], item)),
    issuperset: ([other]) => listOf(other).every((item) => contains(list, item)),
  };
}

function mapMethods(map: JinjaMap): Methods {
  return {
    items: () => [...map].map(([key, value]) => tuple(key, value)),
    keys: () => [...map.keys()],
    values: () => [...map.values()],
    get: ([key, fallback = null], named) =>
      map.has(toText(key)) ? map.get(toText(key)) : (named.get("default") ?? fallback),
    setdefault: ([key, fallback = null]) => {
      if (!map.has(toText(key))) map.set(toText(key), fallback);
      return map.get(toText(key));
    },
    update: ([other], named) => {
      for (const [key, value] of isMap(other) ? [...other, ...named] : named) map.set(key, value);
      return null;
    },
    pop: ([key, fallback = null]) => {
      const value = map.has(toText(key)) ? map.get(toText(key)) : fallback;
      map.delete(toText(key));
      return value;
    },
    clear: () => {
      map.clear();
      return null;
    },
    copy: () => new Map(map),
  };
}

export function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1).toLowerCase();
}

export function titled(text: string): string {
  return text.replaceAll(/\p{L}+/gu, capitalize);
}

function anyOf(parts: JinjaValue, holds: (part: string) => boolean): boolean {
  return Array.isArray(parts) ? parts.some((part) => holds(toText(part))) : holds(toText(parts));
}

export function strip(text: string, characters: JinjaValue, side: "both" | "left" | "right"): string {
  const set = characters === undefined || characters === null ? " \t\n\r\f\v" : toText(characters);
  let [start, end] = [0, text.length];
  while (side !== "right" && start < end && set.includes(text[start] ?? "")) start += 1;
  while (side !== "left" && end > start && set.includes(text[end - 1] ?? "")) end -= 1;
  return text.slice(start, end);
}

interface Splitting {
  readonly separator: JinjaValue;
  readonly limit: JinjaValue;
}

function splitText(text: string, { separator, limit }: Splitting): JinjaValue[] {
  if (separator === undefined || separator === null) return text.trim() === "" ? [] : text.trim().split(/\s+/);
  const parts = text.split(toText(separator));
  const most = limit === undefined ? -1 : toNumber(limit);
  if (most < 0 || parts.length <= most + 1) return parts;
  return [...parts.slice(0, most), parts.slice(most).join(toText(separator))];
}

function splitFromRight(text: string, { separator, limit }: Splitting): JinjaValue[] {
  const parts = text.split(toText(separator));
  const most = limit === undefined ? -1 : toNumber(limit);
  if (most < 0 || parts.length <= most + 1) return parts;
  return [parts.slice(0, -most).join(toText(separator)), ...parts.slice(-most)];
}

function partition(text: string, separator: string): JinjaValue[] {
  const at = text.indexOf(separator);
  return at === -1 ? tuple(text, "", "") : tuple(text.slice(0, at), separator, text.slice(at + separator.length));
}

export function replaced(
  text: string,
  { from, to, count }: { readonly from: string; readonly to: string; readonly count: JinjaValue },
): string {
  if (count === undefined || count === null) return text.replaceAll(from, () => to);
  let result = text;
  let at = 0;
  for (let done = 0; done < toNumber(count); done += 1) {
    const found = result.indexOf(from, at);
    if (found === -1) break;
    result = result.slice(0, found) + to + result.slice(found + from.length);
    at = found + to.length;
  }
  return result;
}

function formatBraces(text: string, args: readonly JinjaValue[], named: ReadonlyMap<string, JinjaValue>): string {
  let next = 0;
  return text.replaceAll(/\{\{|\}\}|\{(\w*)(?::([^}]*))?\}/g, (whole, field: string | undefined, spec = "") => {
    if (whole === "{{" || whole === "}}") return whole.slice(1);
    const value =
      field === "" ? args[next++] : /^\d+$/.test(field ?? "") ? args[Number(field)] : named.get(field ?? "");
    return withSpec(value, String(spec));
  });
}

/** The part of Python's format specification that is met in SQL: a width, zeros in front, decimals. */
function withSpec(value: JinjaValue, spec: string): string {
  const found = /^(0?)([<>^]?)(\d*)(,?)(?:\.(\d+))?([dfs]?)$/.exec(spec);
  if (spec === "" || found === null) return toText(value);
  const [, zero = "", align = "", width = "", comma = "", digits] = found;
  let text = digits === undefined ? toText(value) : toNumber(value).toFixed(Number(digits));
  if (comma !== "") text = text.replaceAll(/\B(?=(\d{3})+(?!\d))/g, ",");
  const length = Number(width);
  const isLeft = align === "<" || (align === "" && typeof value === "string");
  return isLeft ? text.padEnd(length) : text.padStart(length, zero === "" ? " " : "0");
}

/** Python's `%` on a text: `%s`, `%d`, `%05d`, `%.2f`, `%(name)s`. */
export function formatPercent(text: string, values: JinjaValue, named?: ReadonlyMap<string, JinjaValue>): string {
  const list = Array.isArray(values) ? values : [values];
  let next = 0;
  return text.replaceAll(
    /%(?:\((\w+)\))?([-0]?)(\d*)(?:\.(\d+))?([sdifrx%])/g,
    (_, name: string | undefined, flag: string, width: string, digits: string | undefined, kind: string) => {
      if (kind === "%") return "%";
      const value = name === undefined ? list[next++] : (named?.get(name) ?? (isMap(values) ? values.get(name) : ""));
      const told =
        kind === "f"
          ? toNumber(value).toFixed(Number(digits ?? 6))
          : kind === "d" || kind === "i"
            ? String(Math.trunc(toNumber(value)))
            : toText(value);
      return flag === "-" ? told.padEnd(Number(width)) : told.padStart(Number(width), flag === "0" ? "0" : " ");
    },
  );
}

/** The smallest and the largest, in Python's order. */
export function extreme(items: readonly JinjaValue[], sign: 1 | -1): JinjaValue {
  return items.reduce<JinjaValue>(
    (best, item, index) => (index === 0 || compare(item, best) * sign < 0 ? item : best),
    undefined,
  );
}
