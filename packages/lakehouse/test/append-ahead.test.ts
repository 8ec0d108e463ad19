import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openLake } from "./support/lake-fixture.ts";

// Rows that are appended are written while it is still asked what columns they have.

let lake: Awaited<ReturnType<typeof openLake>>;
beforeAll(async () => {
  lake = await openLake();
});
afterAll(() => lake.remove());

const filesOf = (table: string) => readdirSync(join(lake.root, "main", table, "data"), { recursive: true });
const append = (table: string, select: string, more: object = {}) =>
  lake.lakehouse.write({ table, select, mode: "append", ...more });

test("rows of other columns, and a statement that fails, leave nothing behind", async () => {
  await append("t", "select 1 as k, 'one' as v");
  const [file] = filesOf("t");
  const bad = [
    ["select 2 as k", "lakehouse/schema-changed"],
    ["select 2 as k, 'two' as v, 3 as more", "lakehouse/schema-changed"],
    ["select '2' as k, 'two' as v", "lakehouse/schema-changed"],
    ["select 'no number' as k, 'two' as v", "lakehouse/schema-changed"],
    ["select 2::bigint as k, 'two' as v", "lakehouse/schema-changed"],
    ["select nothing as k", "lakehouse/sql-error"],
    ["select error('never')::integer as k, 'two' as v", "lakehouse/sql-error"],
  ] as const;
  for (const [select, code] of bad) await expect(append("t", select)).rejects.toMatchObject({ code });
  expect(filesOf("t")).toEqual([file]);
  expect(await lake.rows("select * from t")).toEqual([[1, "one"]]);
});

test("other docs make another schema, and the rows are written once", async () => {
  await append("told", "select 1 as k");
  const columns = [{ name: "k", type: "int", doc: "the key" }];
  await append("told", "select 2 as k", { columns });
  expect((await lake.lakehouse.table("told"))?.columns).toEqual(columns);
  expect(filesOf("told")).toHaveLength(2);
  expect(await lake.rows("select k from told order by k")).toEqual([[1], [2]]);
});

test("rows of a partitioned table go by its partitions", async () => {
  const partitionBy = ["k"];
  await append("parts", "select 1 as k", { partitionBy });
  await append("parts", "select unnest([1, 2]) as k", { partitionBy });
  await expect(append("parts", "select 'x' as k", { partitionBy })).rejects.toMatchObject({
    code: "lakehouse/schema-changed",
  });
  expect(filesOf("parts").filter((name) => String(name).endsWith(".parquet"))).toHaveLength(3);
  expect(await lake.rows("select k from parts order by k")).toEqual([[1], [1], [2]]);
});
