import { isWord, tokensOf } from "../sql-tokens.ts";
import { refused } from "./cursor.ts";

const QUERIES = "select with from values table explain describe desc show summarize pivot unpivot".split(" ");

/** Refuses what neither asks nor is read as a change of tables: the engine's own state is not to be changed. */
export function refuseUnlessQuery(sql: string): void {
  const first = tokensOf(sql)[0];
  if (first === undefined || first.text === "(" || isWord(first, ...QUERIES)) return;
  throw refused(`a statement that begins with ${first.text.slice(0, 40)} is not run here`);
}
