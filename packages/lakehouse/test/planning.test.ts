import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger, systemClock, systemIds } from "@millwright/kernel";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { createDuckdbEngine } from "../src/adapters/duckdb-sql-engine.ts";
import { openLocalObjectStore } from "../src/adapters/local-object-store.ts";
import { bucketOf } from "../src/domain/planning/bucket.ts";
import { createLakehouse, type CatalogEntry, type Lakehouse } from "../src/index.ts";
import { filterOf, statementOf } from "./support/random-filters.ts";
import { tableShape, writeRandomTable, type TableShape } from "./support/random-tables.ts";

let folder: string;
const entries = new Map<string, CatalogEntry>();
let lakehouse: Lakehouse;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "mill-plan-"));
  lakehouse = await createLakehouse({
    store: openLocalObjectStore({ root: folder }),
    engine: createDuckdbEngine({
      folders: [folder],
      tempFolder: join(folder, "tmp"),
      memoryMb: 512,
      threads: 2,
      logger: silentLogger,
    }),
    catalog: {
      get: (name) => Promise.resolve(entries.get(name)),
      list: () => Promise.resolve([...entries.values()]),
      named: (names) => Promise.resolve([...entries.values()].filter(({ name }) => names.has(name.toLowerCase()))),
      swap: () => Promise.resolve(false),
      remove: () => Promise.resolve(),
      file: () => Promise.resolve(undefined),
      files: () => Promise.resolve([]),
      close: () => Promise.resolve(),
    },
    clock: systemClock,
    ids: systemIds,
    logger: silentLogger,
  });
});

afterAll(async () => {
  await lakehouse.close();
  await rm(folder, { recursive: true, force: true });
});

/** The table `t` of such a shape, and the view `v` of it. */
async function open(shape: TableShape): Promise<void> {
  const entry = await writeRandomTable({ engine: lakehouse.engine, folder, ids: systemIds }, shape);
  entries.set("t", entry);
  entries.set("v", {
    ...entry,
    name: "v",
    kind: "view",
    metadataLocation: null,
    sql: "select *, 1 as one from main.t",
  });
  await lakehouse.refresh(["t", "v"]);
}

describe("a statement whose tables are pruned", () => {
  const runs = inject("full") ? 200 : 12;

  test("answers as it does when all files are read, on random tables and statements", async () => {
    let [planned, total] = [0, 0];
    await fc.assert(
      fc.asyncProperty(
        tableShape,
        fc.array(statementOf(filterOf), { minLength: 25, maxLength: 25 }),
        async (shape, statements) => {
          await open(shape);
          for (const sql of statements) {
            const whole = await lakehouse.engine.query(sql);
            const pruned = await lakehouse.query(sql);
            expect({ sql, rows: pruned.rows }).toEqual({ sql, rows: whole.rows });
            for (const scan of pruned.scans ?? []) {
              planned += scan.files;
              total += scan.filesTotal;
            }
          }
        },
      ),
      { numRuns: runs, endOnFailure: true },
    );
    // Or nothing would have been tested.
    expect(planned).toBeLessThan(total * 0.95);
  }, 600_000);
});

describe("numbers beside numbers of another type", () => {
  const row = { i: 16_777_217, l: 9_007_199_254_740_993n, d: 1, s: "a", t: 0, ts: 0, b: true, c: 100 };
  const shape: TableShape = {
    parts: [
      { spec: [], rows: [row], hasNanCounts: true, hasBounds: true },
      { spec: [], rows: [{ ...row, i: 1, l: 1n }], hasNanCounts: true, hasBounds: true },
    ],
    isEvolved: false,
  };

  // The engine compares all of a BETWEEN or an IN in one type, in which these numbers are equal.
  test.each([
    ["l between 9.007199254740992e15 and 9007199254740992", 1],
    ["l between 2 and 9007199254740992 and l between 2e0 and 9007199254740992", 0],
    ["l in (3e0, 9007199254740992)", 1],
    ["l in (NULL::double, 9007199254740992)", 1],
    ["l in (3.5, 9007199254740992)", 0],
    ["l not in (3e0, 9007199254740992)", 1],
    ["l between d + 2 and 9007199254740992", 1],
    ["i = 16777216::float", 1],
    ["i between 2::float and 16777216", 1],
    ["i in (3::float, 16777216)", 1],
  ])("%s", async (condition, rows) => {
    await open(shape);
    const { rows: found } = await lakehouse.query(`select id from t where ${condition}`);
    expect(found).toEqual((await lakehouse.engine.query(`select id from t where ${condition}`)).rows);
    expect(found).toHaveLength(rows);
  });
});

describe("buckets", () => {
  // Iceberg specification, Appendix B, "32-bit Hash Requirements".
  test.each([
    ["int", 34, 2_017_239_379],
    ["long", 34n, 2_017_239_379],
    ["decimal(9, 2)", 1420n, -500_754_589],
    ["date", 17_486, -653_330_422],
    ["time", 81_068_000_000n, -662_762_989],
    ["timestamp", 1_510_871_468_000_000n, -2_047_944_441],
    ["string", Buffer.from("iceberg"), 1_210_000_089],
    ["uuid", Buffer.from("f79c3e09677c4bbda4793f349cb785e7", "hex"), 1_488_055_340],
    ["binary", Buffer.from([0, 1, 2, 3]), -188_683_207],
  ])("of %s are the specification's", (type, value, hash) => {
    for (const buckets of [1, 7, 16, 1_000_003])
      expect(bucketOf(type, value, buckets)).toBe((hash & 0x7fffffff) % buckets);
  });
});
