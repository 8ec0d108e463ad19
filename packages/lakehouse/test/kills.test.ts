import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { DuckDBInstance } from "@duckdb/node-api";
import { currentSnapshot } from "../src/domain/iceberg/metadata.ts";
import { verifyFiles } from "../src/index.ts";
import { liveFilesOf, readMetadata } from "../src/table-files.ts";
import { openBareLake } from "./support/bare-lake.ts";

// A process that commits is killed at its write points, again and again on the same lake: what it said to be done is there,
// what it had begun is there whole or not at all, and every file that is led to is as it was written.

const KILLS = inject("full") ? 1_000 : 16;
const SEED = 20_261_127;
/** Of a commit; expiry and rewriting pass the same. */
const POINTS = [
  "lakehouse/data/before-write",
  "lakehouse/data/before-sync",
  "lakehouse/data/after-sync",
  "lakehouse/manifest/after-write",
  "lakehouse/manifest-list/after-write",
  "lakehouse/metadata/after-write",
  "lakehouse/commit/before-pointer",
  "lakehouse/commit/after-pointer",
];

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "mill-kills-"));
  const sample = join(folder, "sample.parquet");
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  await connection.run(`COPY (SELECT 1::integer AS k) TO '${sample}' (FORMAT parquet, FIELD_IDS {k: 1})`);
  connection.closeSync();
  instance.closeSync();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function commit(...args: readonly (string | number)[]): Promise<readonly string[]> {
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, "support", "commits-child.ts"), folder, ...args.map(String)],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  return (await text(child.stdout)).trim().split("\n");
}

/** How many rows the table has, by its summary and by its files; all of which must be as they were written. */
async function rowsNow(): Promise<number> {
  const lake = await openBareLake(folder);
  try {
    const location = (await lake.catalog.get("t"))?.metadataLocation ?? undefined;
    if (location === undefined) return 0;
    const metadata = await readMetadata(lake.store, location);
    const live = await liveFilesOf(lake.store, metadata);
    expect(currentSnapshot(metadata)?.summary?.["total-records"]).toBe(String(live.length));
    for (const snapshot of metadata.snapshots) await liveFilesOf(lake.store, metadata, snapshot);
    const { findings } = await verifyFiles({ store: lake.store, catalog: lake.catalog }, () => undefined);
    // An expiry that died has forgotten files first and may not have deleted them: never the other way round.
    expect(findings).toEqual([]);
    return live.length;
  } finally {
    await lake.close();
  }
}

function after(rows: number, what: string): number {
  return what === "append" ? rows + 1 : what === "replace" ? 1 : rows;
}

describe("a process that commits", () => {
  test(
    `is killed ${KILLS} times, and every commit is there or not at all`,
    { timeout: 60_000 + KILLS * 3_000 },
    async () => {
      let rows = 0;
      let state = SEED;
      const killed = new Set<string>();
      for (let kill = 0; kill < KILLS; kill += 1) {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        // Each place in turn: in the first two commits, then anywhere in the first dozen.
        const killAt = POINTS[kill % POINTS.length] ?? "";
        const times = kill < POINTS.length * 2 ? 1 + Math.floor(kill / POINTS.length) : 1 + Math.floor((state / 2 ** 32) * 12);
        const said = await commit(state, killAt, times);
        let pending: string | undefined;
        for (const line of said) {
          const [word = "", what = ""] = line.split(" ");
          if (word === "begin") pending = what;
          else if (word === "killed") killed.add(what);
          else if (word === "done" && pending !== undefined) {
            rows = after(rows, pending);
            pending = undefined;
          }
        }
        const found = await rowsNow();
        const where = `kill ${kill} of seed ${SEED}, at ${killAt} (${times}): ${said.slice(-2).join(", ")}`;
        expect([rows, after(rows, pending ?? "")], where).toContain(found);
        rows = found;
      }
      expect([...killed].toSorted()).toEqual(expect.arrayContaining(POINTS.toSorted()));
    },
  );

  test("beside another on one metadata database loses nothing", { timeout: 120_000 }, async () => {
    const before = await rowsNow();
    const said = await Promise.all([1, 2].map((seed) => commit(seed, "", 0, 15)));
    expect(said.flat().filter((line) => line === "done")).toHaveLength(30);
    expect(await rowsNow()).toBe(before + 30);
  });
});

test("of sixteen writers on one table none loses a row", { timeout: 120_000 }, async () => {
  const lakes = await Promise.all(Array.from({ length: 16 }, () => openBareLake(folder)));
  const before = await rowsNow();
  await Promise.all(
    lakes.map(async (lake) => {
      for (let commits = 0; commits < 3; commits += 1) await lake.write("append");
    }),
  );
  await Promise.all(lakes.map((lake) => lake.close()));
  expect(await rowsNow()).toBe(before + 48);
});
