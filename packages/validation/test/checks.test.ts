import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger, type TableReference } from "@millwright/kernel";
import { createDuckdbEngine } from "@millwright/lakehouse/adapters/duckdb-sql-engine";
import { afterAll, describe, expect, test } from "vitest";
import { defineChecks, runChecks, type Check } from "../src/index.ts";

const folder = mkdtempSync(join(tmpdir(), "mill-checks-"));
const engine = createDuckdbEngine({
  folders: [folder],
  tempFolder: join(folder, "tmp"),
  memoryMb: 512,
  threads: 2,
  logger: silentLogger,
});
afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true, force: true });
});

/** 100 rows: `n` from 1 to 100, `half` without a value in every other row, `kind` a to d, `twice` each value two times. */
const ROWS = `(SELECT i AS n, if(i % 2 = 0, i, NULL) AS half, chr((97 + i % 4)::int) AS kind, i // 2 AS twice FROM range(1, 101) r(i)) AS t`;
const reference: TableReference = { kind: "table", name: "t" };

async function found(checks: readonly Check[]) {
  const statements: string[] = [];
  const query: typeof engine.query = (sql, options) => {
    statements.push(sql);
    return engine.query(sql, options);
  };
  const lakehouse = { relation: () => ROWS, query, write: () => Promise.reject(new Error("nothing is kept")) };
  const { results } = await runChecks({ lakehouse }, defineChecks({ name: "t_holds", table: reference, checks }));
  return { results, statements };
}

const outcome = async (check: Check) => {
  const [result] = (await found([check])).results;
  return [result?.passed === true ? "held" : result?.severity, result?.observed];
};

describe("what a check finds", () => {
  const late = { check: "between", column: "n", max: 90 } as const;
  test.each<readonly [Check, string, number]>([
    [{ check: "not_null", column: "half" }, "error", 50],
    [{ check: "not_null", column: "half", mostly: 0.5 }, "held", 50],
    [{ check: "not_null", column: "half", mostly: 0.51, severity: "warning" }, "warning", 50],
    [{ check: "between", column: "half", min: 11, mostly: 0.9 }, "held", 5],
    [{ check: "between", column: "half", min: 13, mostly: 0.9 }, "error", 6],
    [{ ...late, warnIf: ">5", errorIf: ">10" }, "warning", 10],
    [{ ...late, warnIf: ">5", errorIf: ">=10" }, "error", 10],
    [{ ...late, warnIf: ">10" }, "held", 10],
    [{ ...late, errorIf: ">10%" }, "warning", 10],
    [{ ...late, errorIf: ">9.5%" }, "error", 10],
    [{ ...late, where: "n > 80", errorIf: ">=50%" }, "error", 10],
    [{ check: "unique", columns: ["twice"], where: "n < 50", mostly: 0.03 }, "error", 48],
    [{ check: "unique", columns: ["twice", "kind"] }, "held", 0],
    [{ check: "unique", columns: ["twice"], mostly: 0.02 }, "held", 98],
    [{ check: "in_set", column: "kind", values: ["a", "b", "c"] }, "error", 25],
    [{ check: "matches", column: "kind", pattern: "^[a-d]$" }, "held", 0],
    [{ check: "holds", name: "half of n", condition: "half = n" }, "error", 50],
    [{ check: "row_count", min: 10, max: 20, where: "n <= 20" }, "held", 20],
    [{ check: "mean", column: "n", min: 50, max: 51 }, "held", 50.5],
    [{ check: "mean", column: "n", max: 1, where: "false" }, "error", 0],
    [{ check: "sum", column: "half", min: 2551 }, "error", 2550],
    [{ check: "standard_deviation", column: "n", max: 29.1 }, "held", 29.011_491_975_882_016],
    [{ check: "distinct_count", column: "kind", min: 4, max: 4 }, "held", 4],
    [{ check: "quantile", column: "n", quantile: 0.95, max: 95 }, "error", 95.05],
  ])("%j is %s at %f", async (check, verdict, observed) => {
    const [is, at] = await outcome(check);
    expect([is, Number(at)]).toEqual([verdict, expect.closeTo(observed, 9) as number]);
  });
});

test("all checks of a row and all cheap measures take one statement, each costly one its own, each failing one its sample", async () => {
  const cheap = ["n", "half", "twice"].flatMap((column): readonly Check[] => [
    { check: "not_null", column, mostly: 0.4 },
    { check: "between", column, min: 0, max: 100 },
    { check: "mean", column, min: 0 },
    { check: "sum", column, min: 0 },
  ]);
  const { results, statements } = await found([
    ...cheap,
    { check: "unique", columns: ["n"] },
    { check: "distinct_count", column: "kind", max: 4 },
    { check: "quantile", column: "n", quantile: 0.5, max: 51 },
    { check: "in_set", column: "kind", values: ["a"] },
  ]);
  expect(results.filter(({ passed }) => !passed).map(({ check, sample }) => [check, sample.rows.length])).toEqual([
    ["in_set(kind)", 10],
  ]);
  expect(statements).toHaveLength(5);
});

test.each([
  [{ check: "betwen", column: "n" }, /checks\/0/],
  [{ check: "between", colum: "n" }, /check 1, between: .*colum/],
  [{ check: "not_null", column: "n", warnIf: "many" }, /warnIf/],
  [{ check: "not_null", column: "n", mostly: 95 }, /mostly/],
  [{ check: "mean", column: "n", mostly: 0.9 }, /mostly/],
])("%j is refused where it is declared", (check, message) => {
  const declared = [check] as unknown as readonly Check[];
  expect(() => defineChecks({ name: "t", table: reference, checks: declared })).toThrow(message);
});
