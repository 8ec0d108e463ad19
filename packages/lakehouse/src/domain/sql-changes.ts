import { isWord, textIn, tokensOf, type Token } from "./sql-tokens.ts";

/** `table_changes('orders', 12, 'a tag')` after FROM or JOIN: what a table's rows became from one snapshot to another. */
export interface ChangesCall {
  /** As people read it: `orders`, `lab.orders`. */
  readonly table: string;
  /** Snapshots by id, tag or branch; undefined where the call leaves one away. */
  readonly from: string | undefined;
  readonly to: string | undefined;
  /** Where the call begins and ends in the statement. */
  readonly start: number;
  readonly end: number;
}

/** The calls of a statement in their order. One whose arguments are no plain texts and numbers is left to the engine. */
export function findChangesCalls(sql: string): readonly ChangesCall[] {
  if (!/\btable_changes\b/i.test(sql)) return [];
  const tokens = tokensOf(sql);
  const found: ChangesCall[] = [];
  for (const [index, token] of tokens.entries()) {
    if (!isWord(tokens[index - 1], "from", "join") && tokens[index - 1]?.text !== ",") continue;
    if (!isWord(token, "table_changes") || tokens[index + 1]?.text !== "(") continue;
    const call = callAt(tokens, index);
    if (call !== undefined) found.push(call);
  }
  return found;
}

const ARGUMENTS_MAX = 3;

function callAt(tokens: readonly Token[], index: number): ChangesCall | undefined {
  const given: string[] = [];
  for (let at = index + 2; given.length < ARGUMENTS_MAX; at += 2) {
    const value = tokens[at];
    const text = value?.kind === "number" ? value.text : value === undefined ? undefined : textIn(value);
    if (text === undefined) return undefined;
    given.push(text);
    const next = tokens[at + 1];
    if (next?.text === ")") return callOf(given, { first: tokens[index], last: next });
    if (next?.text !== ",") return undefined;
  }
  return undefined;
}

function callOf(
  [table = "", from, to]: readonly string[],
  { first, last }: { readonly first: Token | undefined; readonly last: Token },
): ChangesCall {
  return { table, from, to, start: first?.from ?? 0, end: last.to };
}
