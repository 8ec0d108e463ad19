import { existsSync, readdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock, systemIds } from "@millwright/kernel";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openDatabaseBranches } from "../src/adapters/database-branches.ts";
import { commitPlan } from "../src/care/commit-plan.ts";
import { removeDropped } from "../src/care/remove-dropped.ts";
import { identifierNamed, tableNow } from "../src/care/table-named.ts";
import { liveFilesOf } from "../src/table-files.ts";
import { openLake } from "./support/lake-fixture.ts";

let lake: Awaited<ReturnType<typeof openLake>>;
beforeAll(async () => {
  lake = await openLake();
});
afterAll(() => lake.remove());

const DAY_MS = 86_400_000;
const write = (table: string, properties: Record<string, string> = {}) =>
  lake.lakehouse.write({ table, select: "select 1 as k", mode: "append", properties });
const filesOf = (folder: string) =>
  readdirSync(join(lake.root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
/** As old as the ages: whoever wrote it has committed it, or never will. */
const age = (folder: string) => {
  for (const path of filesOf(folder)) utimesSync(path, 1_000_000_000, 1_000_000_000);
};
const options = { olderThanMs: DAY_MS, isDryRun: false };

test("what dropped tables have left goes, but for what is young, another's, or led to", async () => {
  for (const table of ["alive", "gone", "lent", "young", "branched"]) await write(table);
  await write("shared", { "gc.enabled": "false" });
  await lake.lakehouse.execute("create table lab.made as select 1 as k");
  const { metadata } = await tableNow(lake.world, identifierNamed("lent"));
  const [lent] = await liveFilesOf(lake.world.store, metadata);
  if (lent === undefined) throw new Error("the table has no file");
  // Another table took one of its files over.
  await commitPlan(lake.world, identifierNamed("alive"), () =>
    Promise.resolve({ change: { operation: "append", added: [{ file: lent.file, specId: 0 }], removed: new Set() } }),
  );
  await openDatabaseBranches({ database: lake.database, clock: systemClock, ids: systemIds }).create("audit");
  await lake.lakehouse.drop("branched");
  for (const table of ["gone", "lent", "young", "shared"]) {
    await lake.lakehouse.drop(table);
    await lake.database
      .as<{ lake_entry: { branch: string; name: string } }>()
      .deleteFrom("lake_entry")
      .where("branch", "=", "audit")
      .where("name", "=", table)
      .execute();
  }
  const orphan = join(lake.root, "main", "alive", "data", "lost.parquet");
  writeFileSync(orphan, "of a table that is there: its own care finds it");
  writeFileSync(join(lake.root, "main", "gone", "_theirs"), "another's");
  for (const folder of ["main/alive", "main/gone", "main/lent", "main/shared", "main/branched", "tables"]) age(folder);

  const told = await removeDropped(lake.world, { ...options, isDryRun: true });
  expect(Object.fromEntries(told.folders.map(({ folder, files }) => [folder, files]))).toEqual({
    "main/gone": 4,
    "main/lent": 3,
  });
  expect([told.files, filesOf("main/gone").length]).toEqual([7, 5]);
  expect(await removeDropped(lake.world, options)).toEqual({ ...told, isDryRun: false });
  expect(filesOf("main/gone").map((path) => path.slice(-7))).toEqual(["_theirs"]);
  expect(filesOf("main/lent")).toEqual([lent.file.file_path]);
  expect([existsSync(orphan), filesOf("main/young").length, filesOf("main/shared").length]).toEqual([true, 4, 4]);
  expect(filesOf("main/branched").length).toBe(4);
  expect(await lake.rows("select count(*) from alive")).toEqual([[2]]);
  expect(await lake.rows("select count(*) from lab.made")).toEqual([[1]]);
  expect(await removeDropped(lake.world, options)).toMatchObject({ files: 0, folders: [] });
});

test("a folder whose metadata cannot be read is left, and another catalog's warehouse is not looked at", async () => {
  await write("damaged");
  const { location } = await tableNow(lake.world, identifierNamed("damaged"));
  await lake.lakehouse.drop("damaged");
  writeFileSync(location, "no metadata");
  age("main/damaged");
  expect(await removeDropped(lake.world, options)).toMatchObject({ files: 0 });
  const elsewhere = { ...lake.world, entries: { ...lake.world.entries, placeFor: () => Promise.resolve("") } };
  await expect(removeDropped(elsewhere, options)).rejects.toMatchObject({ code: "lakehouse/catalog-lacks" });
});
