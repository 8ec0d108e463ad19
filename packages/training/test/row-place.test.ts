import { DuckDBInstance } from "@duckdb/node-api";
import { table } from "@millwright/kernel";
import type { Lakehouse } from "@millwright/lakehouse";
import { expect, test } from "vitest";
import { defineTraining, gradientBoosting } from "../src/index.ts";
import { placedRelation, ROW_PLACE } from "../src/rows/row-place.ts";

const definition = defineTraining({
  name: "t",
  population: table("p"),
  timestamp: "day",
  label: "label",
  features: [],
  split: { validationFrom: "2024-01-03", testFrom: "2024-01-04" },
  trainer: gradientBoosting(),
});

test("a training table from before its rows had places is numbered as one that has them: by time, then by what they say", async () => {
  const connection = await (await DuckDBInstance.create(":memory:")).connect();
  await connection.run(
    "CREATE TABLE t AS SELECT DATE '2024-01-01' + (n % 3)::int AS day, 'k' || n AS key, n % 2 AS label FROM range(30) r(n)",
  );
  const placed = (columns: readonly string[]) =>
    placedRelation(
      {
        table: () => Promise.resolve({ columns: columns.map((name) => ({ name })) }),
        relation: () => "t",
      } as unknown as Lakehouse,
      { definition, table: "t" },
    );
  const select = `SELECT ${ROW_PLACE}, day::varchar, key FROM ${await placed(["day", "key", "label"])} ORDER BY ${ROW_PLACE}`;
  const rows = (await connection.runAndReadAll(select)).getRows();
  expect(rows.map(([place]) => place)).toEqual(rows.map((_row, index) => index));
  const told = rows.map(([, day, key]) => `${String(day)} ${String(key)}`);
  expect(told).toEqual(told.toSorted());
  expect(await placed(["day", "key", "label", ROW_PLACE])).toBe("t");
  connection.closeSync();
});
