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
import { defineMonitor, runMonitor } from "../src/index.ts";
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
  const rows =
    "select timestamp '2001-06-01' + to_hours(i % 96) as at_, (i * 7919 % 1000)::float as steady, (i * 104729 % 1000)::float as moved, i % 2 as part, chr(65 + (i % 5)::int) as kind from range(8000) r(i)";
  await lakehouse.write({ table: "base", select: rows, mode: "replace" });
  await lakehouse.write({
    table: "scored",
    select: "select at_, steady, (moved + 400)::float as moved, part, replace(kind, 'A', 'new') as kind from base",
    mode: "replace",
  });
});

afterAll(async () => {
  await lakehouse.close();
  await rm(folder, { recursive: true, force: true });
});

const watch = (except: readonly string[]) =>
  runMonitor(
    { lakehouse },
    {
      definition: defineMonitor({ name: "drift", training: "t", except }),
      features: ["steady", "moved"],
      timestamp: "at_",
      baseline: { table: "base", where: "part = 0" },
      current: { table: "scored" },
    },
  );

test("the alert names the feature that moved, and only that", async () => {
  const { alerts, rows } = await watch([]);
  expect(alerts.map(({ feature, days }) => [feature, days])).toEqual([["moved", 4]]);
  expect(rows).toBe(8);
});

test("a text's values are told from its others; rows without a time are of one day", async () => {
  const definition = defineMonitor({ name: "kinds", training: "t", alert: { psiAbove: 0.25, days: 1 } });
  const request = { definition, features: ["kind", "steady"], baseline: { table: "base", where: "part = 0" } };
  const { alerts } = await runMonitor({ lakehouse }, { ...request, current: { table: "scored" } });
  expect(alerts.map(({ feature }) => feature)).toEqual(["kind"]);
  expect((await runMonitor({ lakehouse }, { ...request, current: { table: "base" } })).alerts).toEqual([]);
  const large = { ...definition, alert: { ...definition.alert, minRows: 8_001 } };
  expect(
    (await runMonitor({ lakehouse }, { ...request, definition: large, current: { table: "scored" } })).alerts,
  ).toEqual([]);
});

test("a feature that is left out is not watched", async () => {
  expect(await watch(["moved"])).toMatchObject({ alerts: [], rows: 4 });
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
