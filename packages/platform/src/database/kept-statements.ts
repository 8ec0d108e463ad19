import type { DatabaseSync, StatementSync } from "node:sqlite";

/** More different ones than the platform asks in one place; those with lists of many lengths come and go. */
const STATEMENTS_MAX = 256;
/** A longer one is a list of values, and seldom comes again as long. */
const LENGTH_MAX = 4_000;
/** Statements that came before these may mean other columns after them. */
const CHANGES_TABLES = /^\s*(?:create|alter|drop|pragma|attach|detach|vacuum)\b/i;

/** A prepared statement, and whether it answers rows. */
export interface KeptStatement {
  readonly statement: StatementSync;
  readonly answersRows: boolean;
}

/**
 * Prepares each statement of a connection once: to prepare it takes longer than to run it. Those that were longest not
 * asked for go first, and all go when tables change.
 */
export function keepStatements(sqlite: DatabaseSync): (sql: string) => KeptStatement {
  const kept = new Map<string, KeptStatement>();
  return (sql) => {
    const known = kept.get(sql);
    kept.delete(sql);
    if (CHANGES_TABLES.test(sql)) kept.clear();
    const statement = known?.statement ?? sqlite.prepare(sql);
    const one = known ?? { statement, answersRows: statement.columns().length > 0 };
    if (sql.length <= LENGTH_MAX) kept.set(sql, one);
    const [oldest] = kept.keys();
    if (kept.size > STATEMENTS_MAX && oldest !== undefined) kept.delete(oldest);
    return one;
  };
}
