import { existsSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { commitPlan } from "../src/care/commit-plan.ts";
import { expireSnapshots } from "../src/care/expire.ts";
import { identifierNamed, tableNow } from "../src/care/table-named.ts";
import { liveFilesOf } from "../src/table-files.ts";
import { openLake } from "./support/lake-fixture.ts";

let lake: Awaited<ReturnType<typeof openLake>>;
beforeAll(async () => {
  lake = await openLake();
});
afterAll(() => lake.remove());

const write = (table: string, k: number, mode: "append" | "replace" = "append") =>
  lake.lakehouse.write({ table, select: `select ${k} as k`, mode });
const live = async (table: string) =>
  liveFilesOf(lake.world.store, (await tableNow(lake.world, identifierNamed(table))).metadata);

test("an expiry reads the files of other tables once, and keeps what one of them has of this one", async () => {
  await write("mine", 1);
  const [own] = await live("mine");
  for (const k of [1, 2, 3]) await write("others", k);
  const read: string[] = [];
  const store = {
    ...lake.world.store,
    read: (location: string) => {
      if (location.includes("/others/")) read.push(location);
      return lake.world.store.read(location);
    },
  };
  const world = { ...lake.world, store };
  const expire = () => expireSnapshots(world, "mine", { maxAgeMs: -1, keep: 1, isDryRun: false });

  await write("mine", 2, "replace");
  if (own === undefined) throw new Error("the table has no file");
  await commitPlan(lake.world, identifierNamed("others"), () =>
    Promise.resolve({ change: { operation: "append", added: [{ file: own.file, specId: 0 }], removed: new Set() } }),
  );
  expect((await expire()).snapshotIds).toHaveLength(1);
  expect(read.length).toBeGreaterThan(0);
  expect(existsSync(own.file.file_path)).toBe(true);
  expect(await lake.rows("select k from others order by k")).toEqual([[1], [1], [2], [3]]);

  const before = await live("mine");
  await write("mine", 3, "replace");
  read.length = 0;
  expect((await expire()).files).toBeGreaterThan(0);
  // The one snapshot that leads to this table's folder is looked at again.
  expect(read.filter((location) => location.endsWith(".avro")).length).toBeLessThan(6);
  expect(existsSync(before[0]?.file.file_path ?? "")).toBe(false);

  await write("apart", 1);
  await write("apart", 2, "replace");
  read.length = 0;
  await expireSnapshots(world, "apart", { maxAgeMs: -1, keep: 1, isDryRun: false });
  expect(read).toEqual([]);
});
