import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger, systemClock, systemIds } from "@millwright/kernel";
import { createLakehouse, lakehouseMigrations, type Lakehouse } from "@millwright/lakehouse";
import { createDuckdbEngine } from "@millwright/lakehouse/adapters/duckdb-sql-engine";
import { openDatabaseTableCatalog } from "@millwright/lakehouse/adapters/database-table-catalog";
import { openLocalObjectStore } from "@millwright/lakehouse/adapters/local-object-store";
import { migrate } from "@millwright/platform";
import { openSqliteDatabase } from "@millwright/platform/adapters/sqlite-database";
import { PREDICTIONS_TABLE } from "@millwright/serving";
import { trainingTable } from "@millwright/training";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Project } from "../src/load-project.ts";
import { createRolloutLabels } from "../src/road/rollout-labels.ts";

// What labels tell of a rollout is read from the tables that the project's monitor names, and again when they have changed.

let folder: string;
let lakehouse: Lakehouse;
let queries = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "mill-rollout-labels-"));
  const database = openSqliteDatabase({ path: join(folder, "m.db") });
  await migrate(database, [lakehouseMigrations], 0);
  const logger = silentLogger;
  const engine = createDuckdbEngine({
    folders: [folder],
    tempFolder: join(folder, "tmp"),
    memoryMb: 256,
    threads: 1,
    logger,
  });
  const store = openLocalObjectStore({ root: join(folder, "lake") });
  const catalog = openDatabaseTableCatalog({ database, ids: systemIds });
  const opened = await createLakehouse({ store, catalog, engine, clock: systemClock, ids: systemIds, logger });
  lakehouse = {
    ...opened,
    query: (...asked) => {
      queries += 1;
      return opened.query(...asked);
    },
  };
  await lakehouse.write({ table: trainingTable("late"), select: "select 1 as late, 0 as split_", mode: "replace" });
  await predictions(200);
  await outcomes(100);
});
afterAll(async () => {
  await lakehouse.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Of two versions, the second of which answers as it likes. */
const predictions = (count: number) =>
  lakehouse.write({
    table: PREDICTIONS_TABLE,
    select: `select 'p' || i as id, make_timestamp(i * 1000000) as predicted_at, 'board' as service, if(i % 2 = 0, 'champion', 'challenger') as variant,
      1 + i % 2 as model_version, '{"key": ' || i || '}' as request, if(i % 2 = 0, 0.1 + 0.8 * (i // 2 % 2), i * 37 % 100 / 100) as probability from range(${count}) r(i)`,
    mode: "replace",
  });
const outcomes = (count: number) =>
  lakehouse.write({
    table: "happened",
    select: `select i::int as key, (i // 2 % 2)::int as was_late from range(${count}) r(i)`,
    mode: "replace",
  });

const definition = {
  training: "late",
  outcomes: { table: { kind: "table", name: "happened" }, label: "was_late", on: { key: "key" } },
};
const project = (monitors: readonly object[] = [{ name: "drift", definition }]) =>
  ({
    monitors,
    trainings: [
      {
        name: "late",
        definition: {
          name: "late",
          label: "late",
          trainer: { objective: "binary" },
          split: { validation: 0.2, test: 0.2, by: "hash" },
        },
      },
    ],
  }) as unknown as Pick<Project, "monitors" | "trainings">;
const asked = {
  service: "board",
  monitor: "drift",
  metric: "auc",
  sinceMs: 0,
  primary: { name: "champion", version: 1 },
  variant: { name: "challenger", version: 2 },
} as const;

test("both versions' labels are told with how sure they are, once for what has been written, and again after that", async () => {
  let monitors: readonly object[] | undefined;
  const reader = createRolloutLabels({ lakehouse }, () => project(monitors));
  const first = await reader.read(asked);
  expect(first).toMatchObject({
    metric: "auc",
    primary: { labels: 50, value: 1, standardError: 0 },
    variant: { labels: 50 },
  });
  expect(first?.variant.value).toBeGreaterThan(0.2);
  expect(first?.variant.value).toBeLessThan(0.8);
  expect(first?.variant.standardError).toBeGreaterThan(0.02);
  const before = queries;
  expect(await reader.read(asked)).toEqual(first);
  expect(queries).toBe(before);
  await outcomes(160);
  expect(await reader.read(asked)).toMatchObject({ primary: { labels: 80 }, variant: { labels: 80 } });
  // What was answered before the rollout began is none of it.
  expect(await reader.read({ ...asked, sinceMs: 100_000 })).toMatchObject({ primary: { labels: 30 } });
  monitors = [{ name: "drift", definition: { training: "late" } }];
  expect(await reader.read(asked)).toBe(undefined);
  monitors = [];
  expect(await reader.read(asked)).toBe(undefined);
});
