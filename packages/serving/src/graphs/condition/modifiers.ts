import { isObject } from "../../inference/rest/table.ts";

/** How a modifier makes a value of another; undefined is what is not there. `find` asks a path of a value. */
export type Modifier = (
  value: unknown,
  told: { readonly argument: string; readonly find: (value: unknown, path: string) => unknown },
) => unknown;

/** Deeper values are not dug into. */
const DEPTH_MAX = 500;

const asItIs: Modifier = (value) => value;

/** By their names, as gjson has them. */
const MODIFIERS: Readonly<Record<string, Modifier>> = {
  this: asItIs,
  valid: asItIs,
  pretty: asItIs,
  ugly: asItIs,
  reverse: (value) => {
    if (Array.isArray(value)) return (value as readonly unknown[]).toReversed();
    return isObject(value) ? Object.fromEntries(Object.entries(value).toReversed()) : value;
  },
  flatten: (value, { argument }) =>
    Array.isArray(value) ? value.flat(flagIn(argument, "deep") ? DEPTH_MAX : 1) : value,
  keys: (value) => {
    if (value === undefined) return [];
    if (Array.isArray(value)) return value.map(() => null);
    return isObject(value) ? Object.keys(value) : [null];
  },
  values: (value) => {
    if (value === undefined) return [];
    if (Array.isArray(value)) return value;
    return isObject(value) ? Object.values(value) : [value];
  },
  join: (value) =>
    Array.isArray(value) ? Object.fromEntries(value.filter(isObject).flatMap((one) => Object.entries(one))) : value,
  tostr: (value) => (value === undefined ? "" : JSON.stringify(value)),
  fromstr: (value) => parsed(typeof value === "string" ? value : JSON.stringify(value)),
  group: (value) => {
    if (!isObject(value)) return undefined;
    const groups: Record<string, unknown>[] = [];
    for (const [key, list] of Object.entries(value)) {
      if (!Array.isArray(list)) continue;
      for (const [at, one] of (list as readonly unknown[]).entries()) (groups[at] ??= {})[key] = one;
    }
    return groups;
  },
  dig: (value, { argument, find }) => dug(value, (one) => find(one, argument)),
};

function flagIn(argument: string, name: string): boolean {
  const given = parsed(argument);
  return isObject(given) && given[name] === true;
}

function parsed(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
}

function dug(value: unknown, find: (value: unknown) => unknown, depth = 0): readonly unknown[] {
  const found = find(value);
  const own = found === undefined ? [] : [found];
  if (depth === DEPTH_MAX || typeof value !== "object" || value === null) return own;
  return [...own, ...Object.values(value).flatMap((one) => dug(one, find, depth + 1))];
}

/** Whether a path begins with a modifier that there is. */
export function isModifierAhead(path: string): boolean {
  const name = /^@([^.|:]*)/.exec(path)?.[1];
  return name !== undefined && Object.hasOwn(MODIFIERS, name);
}

/** Reads `@name` or `@name:argument` at the beginning of a path, with what follows; undefined where there is none of the name. */
export function readModifier(
  path: string,
): { readonly modifier: Modifier; readonly argument: string; readonly after: string } | undefined {
  const [whole, name = "", colon] = /^@([^.|:]*)(:?)/.exec(path) ?? [""];
  const modifier = Object.hasOwn(MODIFIERS, name) ? MODIFIERS[name] : undefined;
  if (modifier === undefined) return undefined;
  const after = path.slice(whole.length);
  if (colon === "") return { modifier, argument: "", after };
  const end = argumentEnd(after);
  return { modifier, argument: after.slice(0, end), after: after.slice(end) };
}

/** A modifier's argument goes on to a pipe; one in brackets or quotes ends with them. */
function argumentEnd(text: string): number {
  const isEnclosed = /^[[{"]/.test(text);
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] ?? "";
    if (character === '"') {
      at += 1;
      while (at < text.length && text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
    } else if ("[{(".includes(character)) depth += 1;
    else if ("]})".includes(character)) depth -= 1;
    else if (character === "|" && depth <= 0) return at;
    if (isEnclosed && depth === 0) return at + 1;
  }
  return text.length;
}
