import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger, systemClock, systemIds } from "@millwright/kernel";
import { createLakehouse, lakehouseMigrations, type Lakehouse } from "@millwright/lakehouse";
import { openDatabaseTableCatalog } from "@millwright/lakehouse/adapters/database-table-catalog";
import { createDuckdbEngine } from "@millwright/lakehouse/adapters/duckdb-sql-engine";
import { openLocalObjectStore } from "@millwright/lakehouse/adapters/local-object-store";
import { migrate } from "@millwright/platform";
import { openSqliteDatabase } from "@millwright/platform/adapters/sqlite-database";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  defineMonitor,
  labelledVariants,
  runMonitor,
  type MonitorOptions,
  type MonitorRequest,
  type MonitorResult,
} from "../src/index.ts";
import { tenthsOf } from "../src/tenths.ts";

let folder: string;
let lakehouse: Lakehouse;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "mill-monitor-"));
  const database = openSqliteDatabase({ path: join(folder, "m.db") });
  await migrate(database, [lakehouseMigrations], 0);
  const engine = createDuckdbEngine({
    folders: [folder],
    tempFolder: join(folder, "tmp"),
    memoryMb: 512,
    threads: 2,
    logger: silentLogger,
  });
  const store = openLocalObjectStore({ root: join(folder, "lake") });
  lakehouse = await createLakehouse({
    store,
    catalog: openDatabaseTableCatalog({ database, ids: systemIds }),
    engine,
    clock: systemClock,
    ids: systemIds,
    logger: silentLogger,
  });
  const rows = `select timestamp '2001-06-01' + to_hours(i % 96) as at_, (i * 7919 % 1000)::float as steady,
    (i * 104729 % 1000)::float as moved, 'c' || (i % 7) as kind, (i % 10 > 3)::int as label,
    (0.1 + 0.8 * (i % 10 > 3)::int + (i % 3) * 0.03)::float as probability, i % 2 as part from range(8000) r(i)`;
  await lakehouse.write({ table: "base", select: rows, mode: "replace" });
  await lakehouse.write({
    table: "scored",
    select: `select at_, steady, (moved + 400)::float as moved, if(steady < 30, 'new', kind) as kind, label, probability from base`,
    mode: "replace",
  });
  await lakehouse.write({
    table: "predictions",
    select: `select 'p' || i as id, timestamp '2001-07-01 12:00:00' as predicted_at, 't' as model, 1 as model_version,
      '{"key": ' || i || '}' as request, '[' || if(i % 4 = 0, 'null', (i % 1000)::varchar) || ', ' || i % 1000 || ', "c' || i % 7 || '"]' as features,
      i / 2000 as probability from range(2000) r(i)`,
    mode: "replace",
  });
  await lakehouse.write({
    table: "outcomes",
    select: "select i::int as key, (i >= 1000)::int as label from range(1500) r(i)",
    mode: "replace",
  });
});

afterAll(async () => {
  await lakehouse.close();
  await rm(folder, { recursive: true, force: true });
});

const features = ["steady", "moved", "kind"];
const served = { table: "predictions", model: "t", versions: [1], features };
const watch = (options: Partial<MonitorOptions>, more: Partial<MonitorRequest> = {}) =>
  runMonitor(
    { lakehouse },
    {
      definition: defineMonitor({ name: "drift", training: "t", ...options }),
      features,
      label: "label",
      task: "binary",
      timestamp: "at_",
      baseline: { table: "base", where: "part = 0" },
      scored: "scored",
      ...more,
    },
  );
const named = ({ alerts }: MonitorResult) => alerts.map(({ on, rows, feature, days }) => [on, rows, feature, days]);

test("the alert names the feature that moved, and only that", async () => {
  const found = await watch({});
  expect(named(found)).toEqual([["stability", "scored", "moved", 4]]);
  // Three features on four days, and the baseline's own.
  expect(found.rows).toBe(15);
});

test("rows without a time are of one day; a text's values are told from its others", async () => {
  const definition = defineMonitor({ name: "kinds", training: "t", alert: { psiAbove: 0.01, days: 1 } });
  const request = {
    definition,
    features: ["kind", "steady"],
    label: "label",
    task: "binary",
    baseline: { table: "base", where: "part = 0" },
  } as const;
  expect(named(await runMonitor({ lakehouse }, { ...request, scored: "scored" }))).toEqual([
    ["stability", "scored", "kind", 1],
  ]);
  expect(named(await runMonitor({ lakehouse }, { ...request, scored: "base" }))).toEqual([]);
});

test("a feature that is left out is not watched", async () => {
  expect(await watch({ except: ["moved"] })).toMatchObject({ alerts: [], rows: 10 });
});

test("numbers out of range, new texts and missing values are told by the rows that have them", async () => {
  const alerts = [
    { on: "range", above: 0.2, days: 4 },
    { on: "categories", above: 0, days: 4 },
    { on: "missing", above: 0.2 },
  ] as const;
  expect(named(await watch({ alerts }, { served }))).toEqual([
    ["range", "scored", "moved", 4],
    ["categories", "scored", "kind", 4],
    ["missing", "served", "steady", 1],
  ]);
  const { rows } = await lakehouse.query(
    "select new_category_rate, out_of_range_rate from drift_results where feature = 'kind' and source = 'served'",
  );
  expect(rows).toEqual([[0, null]]);
  expect(named(await watch({ alerts: alerts.map((rule) => ({ ...rule, minRows: 3_000 })) }, { served }))).toEqual([]);
});

test("how right the answers are, of scored rows at once, of served ones as outcomes arrive", async () => {
  const outcomes = { table: { kind: "table", name: "outcomes" }, label: "label", on: ["key"] } as const;
  const alerts = [{ on: "auc", below: 0.99 }] as const;
  expect(named(await watch({ outcomes, alerts }, { served }))).toEqual([]);
  const { rows } = await lakehouse.query(
    "select source, rows, waiting, auc, mean_label, round(mean_answer, 3), round(calibration_error, 3) from drift_performance where day in ('2001-06-01', '2001-07-01') order by source",
  );
  expect(rows).toEqual([
    ["scored", 2016, 0, 1, expect.closeTo(0.6, 2), expect.closeTo(0.61, 2), expect.closeTo(0.1, 1)],
    ["served", 1500, 500, 1, expect.closeTo(1 / 3, 6), 0.5, 0.292],
  ]);
});

test("skew is the share of answers that had another value than the tables have", async () => {
  const recomputed = `select id, if(i % 5 = 0, -1, i % 1000)::float as moved, if(i % 4 = 0, null, i % 1000)::float as steady, 'c' || i % 7 as kind
    from (select id, substr(id, 2)::int as i from predictions)`;
  const found = await watch({ alerts: [{ on: "skew", above: 0.1 }] }, { served: { ...served, recomputed } });
  expect(named(found)).toEqual([["skew", "served", "moved", 1]]);
  expect(found.alerts[0]?.worst).toBeCloseTo(0.2, 6);
});

test("of a large table a sample says where the tenths are; of one whose rows repeat each other, all of it", async () => {
  await lakehouse.write({
    table: "large",
    select: "select (i * 7919 % 600000)::float as varied, (i % 3 + 1)::float as same from range(600000) r(i)",
    mode: "replace",
  });
  const varied = await tenthsOf(lakehouse, { table: "large", where: "true", features: ["varied"] });
  const cuts = (varied.get("varied") ?? []).map(Number);
  expect(cuts.map((cut, index) => Math.abs(cut / 600_000 - (index + 1) / 10) < 0.005)).toEqual(Array(9).fill(true));
  expect(cuts).not.toContain(60_000);

  await lakehouse.write({ table: "few", select: "select same from large", mode: "replace" });
  const few = await tenthsOf(lakehouse, { table: "few", where: "true", features: ["same"] });
  expect(few.get("same")).toEqual(["1", "1", "1", "2", "2", "2", "3", "3", "3"]);
});

test("how right the variants of a service were is told by the labels that have arrived for each", async () => {
  await lakehouse.write({
    table: "split",
    select: `select 'p' || i as id, make_timestamp(i * 1000) as predicted_at, 's' as service, if(i % 2 = 0, 'old', 'new') as variant,
      1 + i % 2 as model_version, '{"key": ' || i || '}' as request, if(i % 2 = 0, i / 2000, 1 - i / 2000) as probability from range(2000) r(i)`,
    mode: "replace",
  });
  const outcomes = { table: { kind: "table", name: "outcomes" }, label: "label", on: { key: "key" } } as const;
  const asked = {
    table: "split",
    service: "s",
    outcomes,
    metric: "auc",
    sinceMs: 500,
    variants: { primary: { variant: "old", version: 1 }, variant: { variant: "new", version: 2 } },
    label: "label",
    task: "binary",
    baseline: { table: "base", where: "part = 0" },
  } as const;
  // Of the keys from 500 to 1,499 half are of each variant; the new one ranks them backwards.
  expect(await labelledVariants(lakehouse, asked)).toEqual({
    primary: { labels: 500, value: 1, standardError: 0 },
    variant: { labels: 500, value: 0, standardError: 0 },
  });
  const none = { labels: 0, value: null, standardError: null };
  const elsewhere = { primary: { variant: "old", version: 2 }, variant: { variant: "newer", version: 2 } };
  for (const other of [{ service: "t" }, { sinceMs: 1_500 }, { variants: elsewhere }, { table: "unlogged" }])
    expect(await labelledVariants(lakehouse, { ...asked, ...other })).toEqual({ primary: none, variant: none });
});
