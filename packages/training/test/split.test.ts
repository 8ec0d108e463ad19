import { DuckDBInstance, type DuckDBConnection } from "@duckdb/node-api";
import { table } from "@millwright/kernel";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { defineTraining, gradientBoosting, splitConditions, type TrainingSplit } from "../src/index.ts";
import { withPlaces } from "../src/split.ts";

let connection: DuckDBConnection;

beforeAll(async () => {
  connection = await (await DuckDBInstance.create(":memory:")).connect();
});

afterAll(() => connection.closeSync());

const training = (split: TrainingSplit) =>
  defineTraining({
    name: "t",
    population: table("p"),
    label: "label",
    features: [],
    split,
    trainer: gradientBoosting(),
  });

/** A thousand rows, each twice, in any order; twelve of the label `rare`. */
const ROWS = `SELECT i % 1000 AS n, CASE WHEN i % 1000 < 12 THEN 'rare' WHEN i % 1000 < 500 THEN NULL ELSE 'often' END AS label FROM range(2000) r(i)`;

async function partsOf(split: TrainingSplit, rows = ROWS): Promise<Readonly<Record<string, readonly string[]>>> {
  const definition = training(split);
  const placed = withPlaces(rows, { definition, columns: ["n", "label"] });
  const parts = Object.entries(splitConditions(definition)).map(async ([part, where]) => {
    const reader = await connection.runAndReadAll(
      `SELECT n || ' ' || coalesce(label, '') FROM (${placed}) WHERE ${where} ORDER BY n`,
    );
    return [part, reader.getRows().map(([row]) => String(row))] as const;
  });
  return Object.fromEntries(await Promise.all(parts));
}

describe("a split by shares", () => {
  test("is the same for the same rows in any order, and keeps equal rows together", async () => {
    const split = { validation: 0.15, test: 0.2, by: "hash" } as const;
    const parts = await partsOf(split);
    expect(await partsOf(split, `${ROWS} ORDER BY i * 7919 % 2003`)).toEqual(parts);
    const { train = [], validation = [], test: held = [] } = parts;
    expect(train.length + validation.length + held.length).toBe(2000);
    expect(new Set([...new Set(train), ...new Set(validation), ...new Set(held)]).size).toBe(
      new Set(train).size + new Set(validation).size + new Set(held).size,
    );
    expect(validation.length / 2000).toBeCloseTo(0.15, 1);
    expect(held.length / 2000).toBeCloseTo(0.2, 1);
  });

  test("by columns keeps together what agrees in them", async () => {
    const parts = await partsOf({ validation: 0.3, test: 0.3, by: ["label"] });
    for (const label of ["rare", "often"])
      expect(Object.values(parts).filter((rows) => rows.some((row) => row.endsWith(` ${label}`)))).toHaveLength(1);
  });

  test("stratified, gives each part its share of a rare label", async () => {
    const parts = await partsOf({ validation: 0.15, test: 0.15, by: "hash", stratify: true });
    const rare = Object.values(parts).map((rows) => rows.filter((row) => row.endsWith("rare")).length);
    expect(rare).toEqual([16, 4, 4]);
  });
});

test("a split that cannot be is refused where it is defined", () => {
  const refused = expect.objectContaining({ code: "training/invalid-split" }) as Error;
  expect(() => training({ validation: 0.5, test: 0.5, by: "hash" })).toThrow(refused);
  expect(() => training({ validationFrom: "2001-01-01", testFrom: "2001-02-01" })).toThrow(refused);
});
