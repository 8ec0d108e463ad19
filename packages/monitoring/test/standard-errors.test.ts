import { silentLogger } from "@millwright/kernel";
import { createDuckdbEngine } from "@millwright/lakehouse/adapters/duckdb-sql-engine";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { MetricMeasure } from "../src/define-monitor.ts";
import { standardErrorSql } from "../src/standard-errors.ts";

// How far a metric of labelled answers is from what it would be of endlessly many.

let folder: string;
let engine: ReturnType<typeof createDuckdbEngine>;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "mill-errors-"));
  engine = createDuckdbEngine({
    folders: [folder],
    tempFolder: folder,
    memoryMb: 256,
    threads: 1,
    logger: silentLogger,
  });
});
afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Answers with ties among them, and the labels, which are mostly as answered. */
const ROWS = Array.from({ length: 120 }, (_, at) => {
  const p = ((at * 37) % 20) / 20;
  return { p, y: ((at * 53) % 100) / 100 < 0.2 + 0.6 * p ? 1 : 0 };
});
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const variance = (values: readonly number[]) =>
  (mean(values.map((value) => (value - mean(values)) ** 2)) * values.length) / (values.length - 1);
const ofMean = (values: readonly number[]) => Math.sqrt(variance(values) / values.length);

/** As DeLong and others define it, each answer held against each. */
function delong(): number {
  const [ones, zeros] = [1, 0].map((label) => ROWS.filter(({ y }) => y === label).map(({ p }) => p));
  if (ones === undefined || zeros === undefined) throw new Error("there are both");
  const over = (one: number, zero: number) => (one > zero ? 1 : one === zero ? 0.5 : 0);
  const ofOnes = ones.map((one) => mean(zeros.map((zero) => over(one, zero))));
  const ofZeros = zeros.map((zero) => mean(ones.map((one) => over(one, zero))));
  return Math.sqrt(variance(ofOnes) / ones.length + variance(ofZeros) / zeros.length);
}

function ofCalibration(): number {
  const binOf = (p: number) => Math.min(9, Math.floor(p * 10));
  const off = (bin: number) => ROWS.filter(({ p }) => binOf(p) === bin).reduce((sum, { p, y }) => sum + p - y, 0);
  return ofMean(ROWS.map(({ p, y }) => (p - y) * Math.sign(off(binOf(p)))));
}

const squares = ROWS.map(({ p, y }) => (y - p) ** 2);
const near = (p: number) => Math.max(Math.min(p, 1 - 1e-7), 1e-7);
const right = ROWS.filter(({ p, y }) => p >= 0.5 === (y === 1)).length;
const rate = (right + 1) / (ROWS.length + 2);

test.each<[MetricMeasure, number]>([
  ["auc", delong()],
  ["log_loss", ofMean(ROWS.map(({ p, y }) => -(y * Math.log(near(p)) + (1 - y) * Math.log(1 - near(p)))))],
  ["calibration_error", ofCalibration()],
  ["accuracy", Math.sqrt((rate * (1 - rate)) / (ROWS.length + 2))],
  ["rmse", ofMean(squares) / (2 * Math.sqrt(mean(squares)))],
  ["mae", ofMean(ROWS.map(({ p, y }) => Math.abs(y - p)))],
])("of %s it is as its formula tells, by source", async (metric, expected) => {
  const rows = ROWS.map(({ p, y }) => `('s', ${y}::double, ${p}::double, '${p >= 0.5 ? 1 : 0}', '${y}')`);
  // An answer without a label, and a source of one label, which tells nothing of it.
  const values = [...rows, "('s', NULL, 0.5, '1', NULL)", "('one', 1.0::double, 0.9::double, '1', '1')"].join(", ");
  const from = `SELECT * FROM (VALUES ${values}) AS t(source, y, p, told, truth)`;
  const { rows: found } = await engine.query(`${standardErrorSql(metric, from)} ORDER BY source DESC`);
  expect(found[0]).toEqual(["s", expect.closeTo(expected, 10)]);
  if (metric !== "accuracy") expect(found[1]).toEqual(["one", null]);
});
