import { existsSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "@millwright/kernel";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openDatabaseCareLog } from "../src/adapters/database-care-log.ts";
import { careForTable } from "../src/care/care-for-table.ts";
import { CARE_DEFAULTS, carePolicyOf } from "../src/care/care-policy.ts";
import { careForTables } from "../src/care/caretaking.ts";
import { identifierNamed, tableNow } from "../src/care/table-named.ts";
import { liveFilesOf } from "../src/table-files.ts";
import { openLake } from "./support/lake-fixture.ts";

let lake: Awaited<ReturnType<typeof openLake>>;
beforeAll(async () => {
  lake = await openLake();
});
afterAll(() => lake.remove());

const DAY_MS = 86_400_000;
const options = { defaults: CARE_DEFAULTS, isDryRun: false };
const metadataOf = async (table: string) => (await tableNow(lake.world, identifierNamed(table))).metadata;
const outcomes = (care: Awaited<ReturnType<typeof careForTable>>) =>
  Object.fromEntries(care.actions.map(({ action, outcome }) => [action, outcome]));
const live = async (table: string) => (await liveFilesOf(lake.world.store, await metadataOf(table))).length;

/** A table of six files. */
async function smallFiles(table: string, properties: Record<string, string> = {}): Promise<void> {
  for (let k = 1; k <= 6; k += 1)
    await lake.lakehouse.write({ table, select: `SELECT ${k} AS k`, mode: "append", properties });
}

/** A file that nothing leads to, as old as the ages. */
function orphan(table: string): string {
  const path = join(lake.root, "main", table, "data", "lost.parquet");
  writeFileSync(path, "left behind");
  utimesSync(path, 1_000_000_000, 1_000_000_000);
  return path;
}

describe("the policy of a table", () => {
  test("is its own properties, then the project's, and no state is forgotten unasked", async () => {
    await lake.lakehouse.write({ table: "asked", select: "SELECT 1 AS k", mode: "append" });
    const metadata = await metadataOf("asked");
    const of = (properties: Record<string, string>, defaults = {}) =>
      carePolicyOf({ ...metadata, properties }, { ...CARE_DEFAULTS, ...defaults });
    expect(of({})).toEqual({
      compact: true,
      rewriteManifests: true,
      expire: "no history.expire.max-snapshot-age-ms is told",
      removeOrphans: true,
    });
    expect(of({ "history.expire.max-snapshot-age-ms": "5" }).expire).toEqual({ maxAgeMs: undefined });
    expect(of({}, { expireAfterMs: DAY_MS }).expire).toEqual({ maxAgeMs: DAY_MS });
    expect(of({ "millwright.care.expire": "false" }, { expireAfterMs: DAY_MS }).expire).toContain("= false");
    expect(of({ "millwright.care.compact": "true" }, { compact: false }).compact).toBe(true);
    expect(of({}, { compact: false }).compact).toBe("the project leaves it");
    expect(Object.values(of({ "millwright.care.enabled": "false" })).every((one) => typeof one === "string")).toBe(
      true,
    );
    const shared = of({ "gc.enabled": "false" }, { expireAfterMs: DAY_MS });
    expect([shared.compact, shared.expire, shared.removeOrphans]).toEqual([
      true,
      ...Array(2).fill("gc.enabled = false"),
    ]);
    const other = carePolicyOf({ ...metadata, "format-version": 3 }, CARE_DEFAULTS);
    expect(other.compact).toContain("version 3");
  });
});

describe("the care of a table", () => {
  test("does what is due, says what it would do, and keeps the rows", async () => {
    await smallFiles("due", { "history.expire.max-snapshot-age-ms": "0" });
    const lost = orphan("due");
    const later = { ...lake.world, clock: { ...systemClock, nowMs: () => systemClock.nowMs() + 60_000 } };
    const places = { world: later, engine: lake.engine };
    const would = await careForTable(places, "due", { ...options, isDryRun: true });
    expect(outcomes(would)).toEqual({
      compact: "would",
      "rewrite-manifests": "nothing",
      expire: "would",
      "remove-orphans": "would",
    });
    expect([await live("due"), existsSync(lost)]).toEqual([6, true]);
    const done = await careForTable(places, "due", options);
    expect(outcomes(done)).toEqual({ ...outcomes(would), compact: "done", expire: "done", "remove-orphans": "done" });
    expect([await live("due"), existsSync(lost)]).toEqual([1, false]);
    expect(await lake.rows("SELECT sum(k), count(*) FROM due")).toEqual([[21, 6]]);
    expect(outcomes(await careForTable(places, "due", options))["compact"]).toBe("nothing");
  });

  test("leaves to a table the name of its rows: what hangs on them is not done anew", async () => {
    await smallFiles("named");
    const [before] = await lake.lakehouse.sameRows("named");
    await careForTable({ world: lake.world, engine: lake.engine }, "named", options);
    const after = await lake.lakehouse.sameRows("named");
    expect(after[0]).not.toBe(before);
    expect(after).toContain(before);
    await lake.lakehouse.write({ table: "named", select: "SELECT 7 AS k", mode: "append" });
    expect(await lake.lakehouse.sameRows("named")).toHaveLength(1);
  });

  test("deletes nothing after a commit whose outcome is not known", async () => {
    await smallFiles("unknown", { "history.expire.max-snapshot-age-ms": "0" });
    const lost = orphan("unknown");
    const { entries } = lake.world;
    const silent = {
      ...lake.world,
      clock: { ...systemClock, nowMs: () => systemClock.nowMs() + 60_000 },
      // The commit is made, and its answer is lost.
      entries: {
        ...entries,
        commit: async (...given: Parameters<typeof entries.commit>) => {
          await entries.commit(...given);
          throw new Error("the connection was lost");
        },
      },
    };
    const care = await careForTable({ world: silent, engine: lake.engine }, "unknown", options);
    expect(outcomes(care)).toEqual({
      compact: "failed",
      "rewrite-manifests": "left",
      expire: "left",
      "remove-orphans": "left",
    });
    expect(existsSync(lost)).toBe(true);
    await lake.lakehouse.refresh(["unknown"]);
    expect(await lake.rows("SELECT sum(k), count(*) FROM unknown")).toEqual([[21, 6]]);
    expect(await lake.lakehouse.history("unknown")).toHaveLength(7);
  });

  test("goes on beside writers, from table to table, and is remembered", async () => {
    await smallFiles("busy");
    const log = openDatabaseCareLog({ database: lake.database });
    const told = { world: lake.world, engine: lake.engine, log, defaults: CARE_DEFAULTS };
    const writing = (async () => {
      for (let k = 7; k <= 12; k += 1)
        await lake.lakehouse.write({ table: "busy", select: `SELECT ${k} AS k`, mode: "append" });
    })();
    const { signal } = new AbortController();
    const cared = await careForTables({ ...told, signal }, ["busy", "is-not-there", "named"]);
    await writing;
    expect(cared.map(({ table }) => table)).toEqual(["busy", "named"]);
    expect(await lake.rows("SELECT sum(k), count(*) FROM busy")).toEqual([[78, 12]]);
    const last = await log.last("busy");
    expect(last?.care).toEqual(cared[0]);
    expect(last?.orphansAtMs).toBe(cared[0]?.atMs);
    const [again] = await careForTables({ ...told, signal }, ["busy"]);
    expect(again?.actions.at(-1)?.told).toBe("was looked for not long ago");
    expect(await log.last("is-not-there")).toBe(undefined);
  });

  test("of one whose files the disk does not let go keeps no other from its own", async () => {
    for (const table of ["stuck", "free"])
      await lake.lakehouse.write({ table, select: "SELECT 1 AS k", mode: "append" });
    const lost = ["stuck", "free"].map(orphan);
    const { store } = lake.world;
    const remove = (path: string) =>
      path.includes("/stuck/") ? Promise.reject(new Error("EACCES: permission denied")) : store.remove(path);
    const world = { ...lake.world, store: { ...store, remove } };
    const log = openDatabaseCareLog({ database: lake.database });
    const told = { world, engine: lake.engine, log, defaults: CARE_DEFAULTS, signal: new AbortController().signal };
    expect((await careForTables(told, ["stuck", "free"])).map(({ table }) => table)).toEqual(["free"]);
    expect(lost.map((path) => existsSync(path))).toEqual([true, false]);
  });
});
