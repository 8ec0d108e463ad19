import { nameIn, tokensOf } from "./sql-tokens.ts";

const WORD = /[\p{L}_][\p{L}\p{N}_$]*/gu;

/** Every word and quoted name of a statement, in small letters: what it names is among them. */
export function wordsIn(sql: string): ReadonlySet<string> {
  const words = new Set(Array.from(sql.matchAll(WORD), ([word]) => word.toLowerCase()));
  if (sql.includes('"'))
    for (const token of tokensOf(sql)) if (token.kind === "quoted") words.add(nameIn(token).toLowerCase());
  return words;
}

/** What tells of all tables that there are. */
const OF_ALL =
  /\b(?:show|information_schema|duckdb_[a-z]+|pg_[a-z_]+|sqlite_master|pragma[a-z_]*)\b|^\s*describe\s*;?\s*$/i;

/** Whether a statement may speak of tables that it does not name: `SHOW TABLES`. */
export function speaksOfAll(sql: string): boolean {
  return OF_ALL.test(sql);
}

/** What names a table otherwise than in its tree: in a text, or in the engine's own database. */
const BY_TEXT = /\bquery(?:_table)?"?\s*\(|\bmemory"?\s*\.|\bdescribe\b/i;

/** Whether a statement may read tables that its tree does not tell of: `FROM query_table('orders')`. */
export function namesByText(sql: string): boolean {
  return BY_TEXT.test(sql);
}
