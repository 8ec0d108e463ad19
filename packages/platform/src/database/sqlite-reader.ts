import { DatabaseSync, type StatementSync } from "node:sqlite";

/** Reads of a SQLite database beside its writer: by a connection of its own, which sees no transaction that is not done. */
export interface SqliteReader {
  prepared<Row>(sql: string): (...parameters: readonly string[]) => Row | undefined;
  close(): void;
}

/** Opened by its first question. */
export function createSqliteReader(path: string): SqliteReader {
  let sqlite: DatabaseSync | undefined;
  const statements = new Map<string, StatementSync>();
  const statementOf = (sql: string): StatementSync => {
    const known = statements.get(sql);
    if (known !== undefined) return known;
    sqlite ??= new DatabaseSync(path, { readOnly: true, timeout: 10_000 });
    const statement = sqlite.prepare(sql);
    statements.set(sql, statement);
    return statement;
  };
  return {
    prepared:
      <Row>(sql: string) =>
      (...parameters: readonly string[]) =>
        statementOf(sql).get(...parameters) as Row | undefined,
    close: () => {
      statements.clear();
      sqlite?.close();
      sqlite = undefined;
    },
  };
}
