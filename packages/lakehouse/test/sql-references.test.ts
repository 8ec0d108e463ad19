import { describe, expect, test } from "vitest";
import { findNestedNames, findReferences } from "../src/domain/sql-references.ts";

const found = (sql: string) =>
  findReferences(sql).map(({ parts, from, to, hasAlias, asOf }) => ({
    parts,
    text: sql.slice(from, to),
    hasAlias,
    ...(asOf === undefined ? {} : { asOf }),
  }));

test("three names or more are found where a table can stand", () => {
  const sql = `select a.b.c from a.b.t x join "p q".r."s" on true, 'from a.b.c' where y in (select 1 from t) -- from a.b.c`;
  expect(findNestedNames(sql).map(({ parts, from, to }) => [parts, sql.slice(from, to)])).toEqual([
    [["a", "b", "t"], "a.b.t"],
    [["p q", "r", "s"], '"p q".r."s"'],
  ]);
  expect(findNestedNames("select * from a.b")).toEqual([]);
});

describe("time travel and metadata tables in a statement", () => {
  test("are found by version and by time, with and without an alias", () => {
    expect(found("select * from lab.orders FOR VERSION AS OF 12 o join b on true")).toEqual([
      {
        parts: ["lab", "orders"],
        text: "lab.orders FOR VERSION AS OF 12",
        hasAlias: true,
        asOf: { kind: "version", version: "12" },
      },
    ]);
    expect(found(`select * from "a ""b".t for system_time as of '2026-01-02 03:04:05' where x`)).toEqual([
      {
        parts: ['a "b', "t"],
        text: `"a ""b".t for system_time as of '2026-01-02 03:04:05'`,
        hasAlias: false,
        asOf: { kind: "timestamp", atMs: Date.UTC(2026, 0, 2, 3, 4, 5) },
      },
    ]);
    expect(found("select * from t join u.snapshots as s using (id)")).toEqual([
      { parts: ["u", "snapshots"], text: "u.snapshots", hasAlias: true },
    ]);
  });

  test("are not found in texts, comments, columns, or where no table can stand", () => {
    for (const sql of [
      "select 'from t for version as of 1'",
      "select 1 -- from t for version as of 1",
      "select 1 /* from t.files */ from u",
      "select t.files from t",
      "select * from t for version as of",
      "select * from t for timestamp as of 'no time'",
      "select * from (select 1) for version as of 1",
      "select * from snapshots",
    ])
      expect([sql, found(sql)]).toEqual([sql, []]);
  });
});
