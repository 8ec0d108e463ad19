import { isObject } from "../../inference/rest/table.ts";
import { readModifier } from "./modifiers.ts";
import { arrayHead, atPipe, objectHead, readSubPaths, type PathHead, type PathQuery, type SubPath } from "./path.ts";

/**
 * What a path finds in a JSON value, undefined where there is nothing. The syntax is that of gjson, which KServe's conditions
 * are written in (https://github.com/tidwall/gjson/blob/master/SYNTAX.md): keys and indexes, `*` and `?`, `#` and queries,
 * pipes, modifiers, several paths at once, and literals.
 *
 * @example
 * ```ts
 * findPath({ instances: [{ modelId: "1" }] }, 'instances.#(modelId=="1").modelId'); // "1"
 * ```
 */
export function findPath(value: unknown, path: string): unknown {
  if (path.length > 1) {
    const told = modified(value, path) ?? literal(path) ?? several(value, path);
    if (told !== undefined) return after(told);
  }
  if (path.startsWith("..")) return inArray([value], path.slice(2));
  if (Array.isArray(value)) return inArray(value as readonly unknown[], path);
  return isObject(value) ? inObject(value, path) : undefined;
}

/** What was found, and the path that goes on from there. */
interface Told {
  readonly found: unknown;
  readonly after: string;
}

function after({ found, after: path }: Told): unknown {
  return path.startsWith("|") || path.startsWith(".") ? findPath(found, path.slice(1)) : found;
}

function modified(value: unknown, path: string): Told | undefined {
  const read = path.startsWith("@") ? readModifier(path) : undefined;
  if (read === undefined) return undefined;
  return { found: read.modifier(value, { argument: read.argument, find: findPath }), after: read.after };
}

const WORDS: Readonly<Record<string, unknown>> = {
  true: true,
  false: false,
  null: null,
  nan: Number.NaN,
  inf: Infinity,
};

/** `!"text"`, `!12`, `!true`, `!{…}`. */
function literal(path: string): Told | undefined {
  if (!path.startsWith("!")) return undefined;
  const [, word = ""] = /^!([a-z]+)(?=[.|]|$)/i.exec(path) ?? [];
  if (Object.hasOwn(WORDS, word.toLowerCase()))
    return { found: WORDS[word.toLowerCase()], after: path.slice(word.length + 1) };
  // The longest text that is JSON: what follows begins with a pipe or a dot.
  for (let end = path.length; end > 1; end -= 1) {
    if (end < path.length && path[end] !== "|" && path[end] !== ".") continue;
    try {
      return { found: JSON.parse(path.slice(1, end)), after: path.slice(end) };
    } catch {
      // It ends before.
    }
  }
  return undefined;
}

function several(value: unknown, path: string): Told | undefined {
  if (!path.startsWith("[") && !path.startsWith("{")) return undefined;
  const read = readSubPaths(path);
  if (read === undefined || !/^(?:[|.]|$)/.test(read.after)) return undefined;
  const found = read.paths
    .map((sub) => ({ key: keyOf(sub), one: findPath(value, sub.path) }))
    .filter(({ one }) => one !== undefined);
  return {
    found: path.startsWith("[")
      ? found.map(({ one }) => one)
      : Object.fromEntries(found.map(({ key, one }) => [key, one])),
    after: read.after,
  };
}

/** A value's name, where none is given: the last part of its path. */
function keyOf({ name, path }: SubPath): string {
  if (name !== undefined) return /^".*"$/s.test(name) ? name.slice(1, -1) : name;
  const last = path.split(/(?<!\\)[.|]/).at(-1) ?? "";
  return /[[\]{}()#|!]/.test(last) ? "_" : last;
}

function inObject(value: Readonly<Record<string, unknown>>, path: string): unknown {
  const head = objectHead(path);
  const keys = head.isWild
    ? Object.keys(value).filter((key) => matches(key, head.part))
    : Object.hasOwn(value, head.part)
      ? [head.part]
      : [];
  for (const key of keys) {
    const found = goOn(value[key], head);
    if (found !== undefined) return found;
  }
  return head.pipe === undefined ? undefined : findPath(undefined, head.pipe);
}

function goOn(found: unknown, { rest, pipe }: Pick<PathHead, "rest" | "pipe">): unknown {
  if (pipe !== undefined) return findPath(found, pipe);
  return rest === undefined ? found : findWithin(found, rest);
}

/** What a path finds in what an object or array holds: there a modifier's name is a key. */
function findWithin(value: unknown, path: string): unknown {
  if (Array.isArray(value)) return inArray(value as readonly unknown[], path);
  return isObject(value) ? inObject(value, path) : undefined;
}

function inArray(values: readonly unknown[], path: string): unknown {
  const head = arrayHead(path);
  if (head.query !== undefined) return queried(values, head, head.query);
  if (head.part === "#") return counted(values, head);
  const found = /^\d{1,10}$/.test(head.part) ? values[Number(head.part)] : undefined;
  return goOn(found, head);
}

/** `#` is how many there are, `#.path` what a path finds in each. */
function counted(values: readonly unknown[], { rest, pipe }: PathHead): unknown {
  if (rest === undefined) return pipe === undefined ? values.length : findPath(values.length, pipe);
  const { left, right } = atPipe(rest);
  const found = values.map((one) => findPath(one, left)).filter((one) => one !== undefined);
  return right === undefined ? found : findPath(found, right);
}

function queried(values: readonly unknown[], { rest, pipe }: PathHead, query: PathQuery): unknown {
  const { left, right } = rest === undefined ? { left: undefined, right: pipe } : atPipe(rest);
  const chosen = (one: unknown) => (left === undefined ? one : findPath(one, left));
  const holding = values.filter((one) => holds(one, query));
  const found = query.isAll ? holding.map(chosen).filter((one) => one !== undefined) : chosen(holding[0]);
  return right === undefined ? found : findPath(found, right);
}

function holds(element: unknown, query: PathQuery): boolean {
  const isWhole = typeof element === "object" && element !== null;
  if (!isWhole && query.path !== "") return false;
  const value = isWhole ? findPath(element, query.path) : element;
  return query.value.startsWith("~") ? holdsLoosely(value, query) : compares(value, query);
}

/** `~true` and its like: what counts as true, false, null, or as being there. */
function holdsLoosely(value: unknown, { operator, value: wanted }: PathQuery): boolean {
  const kinds: Readonly<Record<string, (value: unknown) => boolean>> = {
    "~*": (one) => one !== undefined,
    "~null": (one) => one === undefined || one === null,
    "~true": (one) => one === true || (typeof one === "number" && one !== 0) || textIs(one, TRUE_TEXTS),
    "~false": (one) => one === undefined || one === null || one === false || one === 0 || textIs(one, FALSE_TEXTS),
  };
  const kind = Object.hasOwn(kinds, wanted) ? kinds[wanted] : undefined;
  return kind !== undefined && compares(kind(value), { operator, value: "true" });
}

const TRUE_TEXTS = ["1", "t", "true"];
const FALSE_TEXTS = ["0", "f", "false"];

function textIs(value: unknown, texts: readonly string[]): boolean {
  return typeof value === "string" && texts.includes(value.toLowerCase());
}

function compares(value: unknown, { operator, value: wanted }: Pick<PathQuery, "operator" | "value">): boolean {
  if (value === undefined) return false;
  if (operator === "") return true;
  if (typeof value === "string") return ordered(value, wanted, operator) ?? likeness(value, wanted, operator);
  // What is no number is read as 0, as gjson does.
  if (typeof value === "number") return ordered(value, Number(wanted) || 0, operator) ?? false;
  if (typeof value !== "boolean") return false;
  return ordered(Number(value), truth(wanted), operator) ?? false;
}

/** Neither true nor false is unequal to both, and in no order with them. */
function truth(text: string): number {
  return text === "true" ? 1 : text === "false" ? 0 : Number.NaN;
}

function ordered<Value extends string | number>(one: Value, other: Value, operator: string): boolean | undefined {
  switch (operator) {
    case "=":
      return one === other;
    case "!=":
      return one !== other;
    case "<":
      return one < other;
    case "<=":
      return one <= other;
    case ">":
      return one > other;
    case ">=":
      return one >= other;
    default:
      return undefined;
  }
}

function likeness(text: string, pattern: string, operator: string): boolean {
  if (operator === "%") return matches(text, pattern);
  return operator === "!%" && !matches(text, pattern);
}

/** Whether a text is like a pattern of `*`, any characters, `?`, any one, and `\` before a character as it is. */
function matches(text: string, pattern: string): boolean {
  let [at, in_] = [0, 0];
  let star: { readonly after: number; text: number } | undefined;
  while (at < text.length) {
    const wanted = pattern[in_];
    const isEscaped = wanted === "\\";
    if (wanted === "*") {
      star = { after: in_ + 1, text: at };
      in_ += 1;
    } else if (wanted === "?" || (isEscaped ? pattern[in_ + 1] : wanted) === text[at]) {
      at += 1;
      in_ += isEscaped ? 2 : 1;
    } else if (star !== undefined) {
      star.text += 1;
      [at, in_] = [star.text, star.after];
    } else return false;
  }
  while (pattern[in_] === "*") in_ += 1;
  return in_ >= pattern.length;
}
