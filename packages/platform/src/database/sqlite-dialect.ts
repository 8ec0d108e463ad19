import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { SqliteDialect } from "kysely";
import { keepStatements } from "./kept-statements.ts";

const NOTHING = {
  reader: false,
  all: () => [],
  run: () => ({ changes: 0, lastInsertRowid: 0 }),
  iterate: () => [][Symbol.iterator](),
};

/** Kysely's own SQLite dialect over `node:sqlite`. WAL with `synchronous=FULL`: what is acknowledged is on disk. */
export function openSqliteDialect(path: string): SqliteDialect {
  const sqlite = new DatabaseSync(path, { timeout: 10_000 });
  sqlite.exec("pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on;");
  const prepared = keepStatements(sqlite);
  return new SqliteDialect({
    database: {
      close: () => sqlite.close(),
      prepare: (sql) => {
        // A full disk may have rolled the transaction back already: its own error must be the one that is told.
        if (sql === "rollback" && !sqlite.isTransaction) return NOTHING;
        // A transaction writes: one that began by reading could not wait for another process's write to end.
        const { statement, answersRows } = prepared(sql === "begin" ? "begin immediate" : sql);
        return {
          reader: answersRows,
          all: (parameters) => statement.all(...(parameters as SQLInputValue[])),
          run: (parameters) => statement.run(...(parameters as SQLInputValue[])),
          // Whoever takes row after row has a statement alone: it is not begun anew meanwhile.
          iterate: (parameters) => sqlite.prepare(sql).iterate(...(parameters as SQLInputValue[])),
        };
      },
    },
  });
}
