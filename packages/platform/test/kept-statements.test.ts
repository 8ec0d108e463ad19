import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { keepStatements } from "../src/database/kept-statements.ts";

test("a statement is prepared once, and anew when tables have changed", () => {
  const sqlite = new DatabaseSync(":memory:");
  const prepared = keepStatements(sqlite);
  prepared("create table t (a integer)").statement.run();
  prepared("insert into t values (?)").statement.run(1);
  const first = prepared("select * from t");
  expect(first.answersRows).toBe(true);
  expect(prepared("insert into t values (?)").answersRows).toBe(false);
  expect(prepared("select * from t").statement).toBe(first.statement);
  prepared("  ALTER table t add column b integer default 2").statement.run();
  const again = prepared("select * from t");
  expect(again.statement).not.toBe(first.statement);
  expect(again.statement.all()).toEqual([expect.objectContaining({ a: 1, b: 2 })]);
  sqlite.close();
});

test("what was longest not asked for goes first, and long lists of values are not kept", () => {
  const sqlite = new DatabaseSync(":memory:");
  const prepared = keepStatements(sqlite);
  const first = prepared("select 0").statement;
  const second = prepared("select 1").statement;
  for (let number = 2; number <= 255; number += 1) prepared(`select ${number}`);
  expect(prepared("select 0").statement).toBe(first);
  prepared("select 256");
  expect(prepared("select 0").statement).toBe(first);
  expect(prepared("select 1").statement).not.toBe(second);
  const long = `select 1 in (${Array.from({ length: 3_000 }, (_, index) => index).join(",")})`;
  expect(prepared(long).statement).not.toBe(prepared(long).statement);
  sqlite.close();
});
