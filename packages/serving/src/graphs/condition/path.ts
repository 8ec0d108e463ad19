import { isModifierAhead } from "./modifiers.ts";

/** The first part of a path, and what follows it: within what the part finds (`rest`), or of all that was found (`pipe`). */
export interface PathHead {
  readonly part: string;
  readonly isWild: boolean;
  readonly rest: string | undefined;
  readonly pipe: string | undefined;
  /** Of a part that begins with `#`. */
  readonly query: PathQuery | undefined;
}

/** `#(path op value)`, the first element that it holds for, or with `#` after it all of them. */
export interface PathQuery {
  readonly path: string;
  readonly operator: string;
  readonly value: string;
  readonly isAll: boolean;
}

/** The head of a path into an object: a key, in which `*` and `?` stand for others and `\` is before a character as it is. */
export function objectHead(path: string): PathHead {
  let part = "";
  let isWild = false;
  for (let at = 0; at < path.length; at += 1) {
    const character = path[at] ?? "";
    if (character === "|" || character === ".") return headEnding(path, { at, part, isWild, query: undefined });
    if (character === "\\") {
      at += 1;
      part += path[at] ?? "";
      continue;
    }
    if (character === "*" || character === "?") isWild = true;
    part += character;
  }
  return { part, isWild, rest: undefined, pipe: undefined, query: undefined };
}

/** The head of a path into an array: an index, `#` for its length or for each, or a query. */
export function arrayHead(path: string): PathHead {
  let query: PathQuery | undefined;
  for (let at = 0; at < path.length; at += 1) {
    const character = path[at];
    if (character === "|" || character === ".")
      return headEnding(path, { at, part: path.slice(0, at), isWild: false, query });
    if (character !== "#" || at > 0 || !/^#[([]/.test(path)) continue;
    const read = readQuery(path);
    if (read === undefined) break;
    at = read.end - 1;
    query = { ...read.query, isAll: path[read.end] === "#" };
    if (query.isAll) at += 1;
  }
  return { part: path, isWild: false, rest: undefined, pipe: undefined, query };
}

function headEnding(
  path: string,
  { at, part, isWild, query }: { readonly at: number } & Pick<PathHead, "part" | "isWild" | "query">,
): PathHead {
  const after = path.slice(at + 1);
  const isPiped = path[at] === "|" || (!part.startsWith("#") && isPipeAhead(after));
  return { part, isWild, query, rest: isPiped ? undefined : after, pipe: isPiped ? after : undefined };
}

/** Whether what follows a dot is of the whole that was found: a modifier, or several paths. */
function isPipeAhead(after: string): boolean {
  return after.startsWith("[") || after.startsWith("{") || isModifierAhead(after);
}

const OPERATORS = ["!=", "!%", "<=", ">=", "==", "<", ">", "=", "%", "!"];

/** Reads `#(…)` at the beginning of a path; `end` is after its bracket. Undefined where the bracket is not closed. */
function readQuery(path: string): { readonly query: Omit<PathQuery, "isAll">; readonly end: number } | undefined {
  const { end, operatorAt } = queryBounds(path);
  if (end === undefined) return undefined;
  const inner = path.slice(2, end - 1);
  if (operatorAt === undefined) return { query: { path: inner.trim(), operator: "", value: "" }, end };
  const tail = path.slice(operatorAt, end - 1).trim();
  const operator = OPERATORS.find((one) => tail.startsWith(one)) ?? "";
  const value = withoutQuotes(tail.slice(operator.length).trim());
  return {
    query: { path: path.slice(2, operatorAt).trim(), operator: operator === "==" ? "=" : operator, value },
    end,
  };
}

/** Where a query ends, and where the first of its own operators is; those of queries within it are theirs. */
function queryBounds(path: string): { readonly end?: number; readonly operatorAt?: number } {
  let depth = 1;
  let operatorAt: number | undefined;
  for (let at = 2; at < path.length; at += 1) {
    const character = path[at] ?? "";
    if (depth === 1 && operatorAt === undefined && "!=<>%".includes(character)) operatorAt = at;
    else if (character === "\\") at += 1;
    else if (character === "[" || character === "(") depth += 1;
    else if (character === '"') at = endOfText(path, at);
    else if (character === "]" || character === ")") {
      depth -= 1;
      if (depth === 0) return { end: at + 1, ...(operatorAt === undefined ? {} : { operatorAt }) };
    }
  }
  return {};
}

/** Where the text that begins at a quote ends. */
function endOfText(path: string, begin: number): number {
  let at = begin + 1;
  while (at < path.length && path[at] !== '"') at += path[at] === "\\" ? 2 : 1;
  return at;
}

function withoutQuotes(value: string): string {
  if (!/^".*"$/s.test(value) || value.length < 2) return value;
  try {
    return JSON.parse(value) as string;
  } catch {
    return value.slice(1, -1);
  }
}

/** What is left and right of the pipe in a path that is asked of each element: the right is asked of all that was found. */
export function atPipe(path: string): { readonly left: string; readonly right: string | undefined } {
  let depth = 0;
  for (let at = 0; at < path.length; at += 1) {
    const character = path[at] ?? "";
    if (character === "\\") at += 1;
    else if (character === '"' && depth > 0) at = endOfText(path, at);
    else if ("([{".includes(character)) depth += 1;
    else if (")]}".includes(character)) depth -= 1;
    else if (character === "|" && depth === 0) return { left: path.slice(0, at), right: path.slice(at + 1) };
  }
  return { left: path, right: undefined };
}

/** One of several paths that are asked at once, with the name that its value gets in an object. */
export interface SubPath {
  readonly name: string | undefined;
  readonly path: string;
}

/** Reads `[a,b]` or `{a,"name":b}` at the beginning of a path, with what follows. Undefined where its bracket is not closed. */
export function readSubPaths(path: string): { readonly paths: readonly SubPath[]; readonly after: string } | undefined {
  const paths: SubPath[] = [];
  let [depth, start, colon, modifier] = [1, 1, 0, 0];
  const push = (at: number) => {
    paths.push(
      colon === 0
        ? { name: undefined, path: path.slice(start, at) }
        : { name: path.slice(start, colon), path: path.slice(colon + 1, at) },
    );
    [start, colon, modifier] = [at + 1, 0, 0];
  };
  for (let at = 1; at < path.length; at += 1) {
    const character = path[at] ?? "";
    if (character === "\\") at += 1;
    else if (character === "@" && modifier === 0 && ".|".includes(path[at - 1] ?? " ")) modifier = at;
    else if (character === ":" && modifier === 0 && colon === 0 && depth === 1) colon = at;
    else if (character === "," && depth === 1) push(at);
    else if (character === '"') at = endOfText(path, at);
    else if ("[({".includes(character)) depth += 1;
    else if ("])}".includes(character)) {
      depth -= 1;
      if (depth > 0) continue;
      push(at);
      return { paths, after: path.slice(at + 1) };
    }
  }
  return undefined;
}
