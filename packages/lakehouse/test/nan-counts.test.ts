import { afterAll, beforeAll, expect, test } from "vitest";
import { compactTable } from "../src/care/compact.ts";
import { identifierNamed, tableNow } from "../src/care/table-named.ts";
import { liveFilesOf } from "../src/table-files.ts";
import { openLake } from "./support/lake-fixture.ts";

let lake: Awaited<ReturnType<typeof openLake>>;
beforeAll(async () => {
  lake = await openLake();
});
afterAll(() => lake.remove());

const create = (table: string, more = "") =>
  lake.lakehouse.execute(`create table ${table} (x double, s struct<f: float, g: struct<h: double>>, k int) ${more}`);
const append = (table: string, values: string) =>
  lake.lakehouse.execute(
    `insert into ${table} select x, {f: x::float, g: {h: x}}, k from (values ${values}) as v(x, k)`,
  );
/** By field: how many NaN each file tells of, the files in the order in which they came. */
const nans = async (table: string) => {
  const { metadata } = await tableNow(lake.world, identifierNamed(table));
  const files = (await liveFilesOf(lake.world.store, metadata)).toSorted(
    (one, other) => one.sequenceNumber - other.sequenceNumber,
  );
  return files.map(({ file }) =>
    Object.fromEntries((file.nan_value_counts ?? []).map(({ key, value }) => [key, value])),
  );
};
const opened = async (sql: string) => {
  const { rows, scans } = await lake.lakehouse.query(sql);
  return [rows[0]?.[0], scans?.[0]?.files];
};

test("files tell how many NaN they have, and those with nothing else are not opened for numbers", async () => {
  await create("t");
  await append("t", "(1.5, 1), (2.5, 2)");
  await append("t", "('nan'::double, 3), (null, 4)");
  await append("t", "('nan'::double, 5), (7, 6), ('nan', 7), ('inf', 8)");
  const [none, ...some] = await nans("t");
  const ids = Object.keys(none ?? {});
  expect(ids).toHaveLength(3);
  expect(Object.values(none ?? {})).toEqual([0, 0, 0]);
  expect(some.map((one) => ids.map((id) => one[Number(id)]))).toEqual([
    [1, 1, 1],
    [2, 2, 2],
  ]);
  expect(await opened("select count(*) from t where x < 5")).toEqual([2, 1]);
  expect(await opened("select count(*) from t where x = 7")).toEqual([1, 1]);
  // The engine has NaN above all numbers.
  expect(await opened("select count(*) from t where x > 5")).toEqual([5, 2]);
  expect(await opened("select count(*) from t where x <= 100")).toEqual([3, 2]);
});

test("those of a partitioned table and of a compacted one do too", async () => {
  await create("parts", "partitioned by (k)");
  await append("parts", "(1::double, 1), ('nan', 1), ('nan', 2)");
  expect((await nans("parts")).map((one) => Object.values(one)[0])).toEqual([1, 1]);
  await compactTable(lake, "t", { all: true, isDryRun: false });
  expect((await nans("t")).map((one) => Object.values(one))).toEqual([[3, 3, 3]]);
});
