import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { DuckDBInstance } from "@duckdb/node-api";
import { memoryFolder } from "../../../e2e/support/memory-folder.ts";
import { openBareLake } from "./support/bare-lake.ts";
import { eitherOf, told, type KillJob } from "./support/kill-lanes.ts";
import { LakeWatch } from "./support/lake-watch.ts";

// A process that commits is killed at its write points, again and again on the same lake: what it said to be done is there,
// what it had begun is there whole or not at all, and every file that is led to is as it was written.

const SEED = 20_261_127;
const POINTS = [
  "lakehouse/data/before-write",
  "lakehouse/data/before-sync",
  "lakehouse/data/after-sync",
  "lakehouse/manifest/after-write",
  "lakehouse/manifest-list/after-write",
  "lakehouse/metadata/after-write",
  "lakehouse/commit/before-pointer",
  "lakehouse/commit/after-pointer",
  "lakehouse/remove/after-forget",
  "lakehouse/remove/after-file",
];
const KILLS = inject("full") ? { bare: 1_000, statements: 400 } : { bare: 20, statements: 20 };

let folder: string;
const folderOf = (lane: string) => join(folder, lane);

beforeAll(async () => {
  folder = mkdtempSync(join(memoryFolder(), "mill-kills-"));
  for (const lane of Object.keys(KILLS)) mkdirSync(folderOf(lane));
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  const sample = join(folderOf("bare"), "sample.parquet");
  await connection.run(`COPY (SELECT 1::integer AS k) TO '${sample}' (FORMAT parquet, FIELD_IDS {k: 1})`);
  connection.closeSync();
  instance.closeSync();
  // One ends in order, and leaves its compiled code to the others.
  for (const lane of Object.keys(KILLS)) await done(started(lane), { seed: 1, killAt: "", nth: 0, commits: 1 });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A child that has read its code, and waits for its job. */
function started(lane: string): ChildProcess {
  return spawn(process.execPath, [join(import.meta.dirname, "support", "commits-child.ts"), lane, folderOf(lane)], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, NODE_COMPILE_CACHE: join(folder, "compiled") },
  });
}

/** The lines that it says until it has ended. */
async function done({ stdin, stdout }: ChildProcess, job: KillJob): Promise<readonly string[]> {
  if (stdin === null || stdout === null) throw new Error("the child has no pipes");
  stdin.end(`${JSON.stringify(job)}\n`);
  return (await text(stdout)).trim().split("\n");
}

describe("a process that commits", () => {
  test.concurrent.each(Object.entries(KILLS))(
    "by %s is killed %i times, and every commit is there or not at all",
    { timeout: 120_000 + KILLS.bare * 3_000 },
    async (lane, kills) => {
      const watch = await LakeWatch.open(folderOf(lane));
      let tables = await watch.look();
      let state = SEED;
      const killed = new Set<string>();
      const nthMax = lane === "bare" ? 12 : 3;
      let next = started(lane);
      for (let kill = 0; kill < kills; kill += 1) {
        const child = next;
        next = started(lane);
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        // Each place in turn: at its first passing and its second, then at any.
        const killAt = POINTS[kill % POINTS.length] ?? "";
        const round = Math.floor(kill / POINTS.length);
        const nth = 1 + (round < 2 ? round : Math.floor((state / 2 ** 32) * nthMax));
        const said = await done(child, { seed: state, killAt, nth, commits: 1_000 });
        for (const line of said) if (line.startsWith("killed ")) killed.add(line.slice("killed ".length));
        const expected = told(tables, said);
        const where = `kill ${kill} of seed ${SEED}, at ${killAt} (${nth}): ${said.slice(-2).join(", ")}`;
        tables = await watch.look();
        for (const name of new Set([...expected.tables.keys(), ...tables.keys()]))
          expect(eitherOf(expected, name), `${name}, ${where}`).toContainEqual(tables.get(name) ?? []);
      }
      await done(next, { seed: 1, killAt: "", nth: 0, commits: 0 });
      watch.close();
      expect([...killed].toSorted()).toEqual(POINTS.toSorted());
    },
  );

  test("beside another on one metadata database loses nothing", { timeout: 120_000 }, async () => {
    const before = await bareRows();
    const said = await Promise.all(
      [1, 2].map((seed) => done(started("bare"), { seed, killAt: "", nth: 0, commits: 15 })),
    );
    expect(said.flat().filter((line) => line === "done")).toHaveLength(30);
    expect(await bareRows()).toBe(before + 30);
  });
});

async function bareRows(): Promise<number> {
  const watch = await LakeWatch.open(folderOf("bare"));
  const tables = await watch.look();
  watch.close();
  return tables.get("t")?.length ?? 0;
}

test("of sixteen writers on one table none loses a row", { timeout: 120_000 }, async () => {
  const lakes = await Promise.all(Array.from({ length: 16 }, () => openBareLake(folderOf("bare"))));
  const before = await bareRows();
  await Promise.all(
    lakes.map(async (lake) => {
      for (let commits = 0; commits < 3; commits += 1) await lake.write("append");
    }),
  );
  await Promise.all(lakes.map((lake) => lake.close()));
  expect(await bareRows()).toBe(before + 48);
});
