import { existsSync, mkdirSync, readdirSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock, systemIds } from "@millwright/kernel";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openDatabaseBranches } from "../src/adapters/database-branches.ts";
import { cherryPick, fastForward } from "../src/care/cherry-pick.ts";
import { commitPlan } from "../src/care/commit-plan.ts";
import { compactTable } from "../src/care/compact.ts";
import { expireSnapshots } from "../src/care/expire.ts";
import { purgeTable } from "../src/care/purge.ts";
import { rollBack, tagSnapshot } from "../src/care/references.ts";
import { removeOrphans } from "../src/care/remove-orphans.ts";
import { rewriteManifests } from "../src/care/rewrite-manifests.ts";
import { identifierNamed, tableNow } from "../src/care/table-named.ts";
import type { CatalogWorld } from "../src/iceberg-http.ts";
import { verifyFiles } from "../src/index.ts";
import { commitTables } from "../src/rest/commit-tables.ts";
import { createTable } from "../src/rest/tables.ts";
import { liveFilesOf, manifestsOf } from "../src/table-files.ts";
import { openLake } from "./support/lake-fixture.ts";

let lake: Awaited<ReturnType<typeof openLake>>;
beforeAll(async () => {
  lake = await openLake();
});
afterAll(() => lake.remove());

const append = (table: string, select: string, properties: Record<string, string> = {}) =>
  lake.lakehouse.write({ table, select, mode: "append", properties });
const numbers = async (table: string, from: number, to: number, properties: Record<string, string> = {}) => {
  for (let k = from; k <= to; k += 1) await append(table, `select ${k} as k, 'row ${k}' as v`, properties);
};
const metadataOf = async (table: string) => (await tableNow(lake.world, identifierNamed(table))).metadata;
const listed = async (table: string) => manifestsOf(lake.world.store, await metadataOf(table));
const live = async (table: string) => liveFilesOf(lake.world.store, await metadataOf(table));
const kept = async (table: string) => (await lake.rows(`select k from ${table} order by k`)).map(([k]) => k);
const upTo = (n: number) => Array.from({ length: n }, (_, index) => index + 1);

/** Deletes rows of a table's first data file by their place in it. */
async function deletePositions(table: string, path: string, positions: readonly number[]): Promise<void> {
  const target = lake.world.store.locate(
    `main/${table}/data/deletes-${positions.join("-")}-${lake.world.ids()}.parquet`,
  );
  const values = positions.map((at) => `('${path}', ${at}::bigint)`).join(", ");
  const written = await lake.engine.writeParquet({
    select: `select * from (values ${values}) as gone(file_path, pos)`,
    path: target,
    columns: [
      { name: "file_path", type: "string", id: 2_147_483_546 },
      { name: "pos", type: "long", id: 2_147_483_545 },
    ],
  });
  const file = {
    content: 1,
    file_path: target,
    file_format: "PARQUET",
    partition: {},
    record_count: written.rows,
    file_size_in_bytes: written.bytes,
    column_sizes: null,
    value_counts: null,
    null_value_counts: null,
    lower_bounds: null,
    upper_bounds: null,
    sort_order_id: null,
  };
  await commitPlan(lake.world, identifierNamed(table), () =>
    Promise.resolve({ change: { operation: "delete", added: [{ file, specId: 0 }], removed: new Set<string>() } }),
  );
}

/** A world in which another writer is faster, once. */
function overtaken(act: () => Promise<unknown>): CatalogWorld {
  let done = false;
  const { entries } = lake.world;
  return {
    ...lake.world,
    entries: {
      ...entries,
      commit: async (changes, files) => {
        if (!done) {
          done = true;
          await act();
        }
        return entries.commit(changes, files);
      },
    },
  };
}

describe("manifests", () => {
  test("an append keeps those that are there, and many small ones are merged", async () => {
    const properties = { "commit.manifest.min-count-to-merge": "5" };
    await numbers("many", 1, 3, properties);
    const before = (await listed("many")).map((one) => one.manifest_path);
    await numbers("many", 4, 4);
    expect((await listed("many")).map((one) => one.manifest_path)).toEqual(expect.arrayContaining(before));
    expect(await listed("many")).toHaveLength(4);
    await numbers("many", 5, 17);
    const manifests = await listed("many");
    expect(manifests.length).toBeLessThan(5);
    expect(manifests.reduce((sum, one) => sum + one.added_files_count + one.existing_files_count, 0)).toBe(17);
    expect((await live("many")).map(({ sequenceNumber }) => sequenceNumber).toSorted((a, b) => a - b)).toEqual(
      upTo(17),
    );
    expect(await kept("many")).toEqual(upTo(17));
    const [newest] = (await lake.lakehouse.history("many")).slice(-1);
    expect(newest?.summary).toMatchObject({ "total-records": "17", "total-data-files": "17", "added-records": "1" });
  });

  test("are written anew as few, which a dry run tells beforehand", async () => {
    await numbers("scattered", 1, 4);
    expect(await rewriteManifests(lake.world, "scattered", { isDryRun: true })).toMatchObject({ before: 4, after: 1 });
    expect(await listed("scattered")).toHaveLength(4);
    const racing = overtaken(() => numbers("scattered", 5, 5));
    expect((await rewriteManifests(racing, "scattered", { isDryRun: false })).snapshotId).not.toBeNull();
    expect(await listed("scattered")).toHaveLength(1);
    expect(await kept("scattered")).toEqual(upTo(5));
    const again = await rewriteManifests(lake.world, "scattered", { isDryRun: false });
    expect(again).toMatchObject({ before: 1, after: 1, snapshotId: null });
  });
});

describe("compaction", () => {
  test("makes one file of small ones, sorted, and the states before stay", async () => {
    await numbers("small", 1, 6);
    const [first] = await lake.lakehouse.history("small");
    const options = { sort: ["k desc"], isDryRun: true };
    expect(await compactTable(lake, "small", options)).toMatchObject({
      filesBefore: 6,
      filesAfter: 1,
      snapshotId: null,
    });
    expect(await live("small")).toHaveLength(6);
    const racing = { ...lake, world: overtaken(() => numbers("small", 7, 7)) };
    await compactTable(racing, "small", { ...options, isDryRun: false });
    expect(await live("small")).toHaveLength(2);
    expect(await kept("small")).toEqual(upTo(7));
    const [compacted] = (await live("small")).filter(({ file }) => file.record_count === 6);
    expect(await lake.rows(`select k from '${compacted?.file.file_path}'`)).toEqual(upTo(6).map((k) => [7 - k]));
    expect(await lake.rows(`select k from small for version as of ${first?.snapshotId}`)).toEqual([[1]]);
    expect(await compactTable(lake, "small", { isDryRun: false })).toMatchObject({ filesBefore: 0, snapshotId: null });
  });

  test("takes only files with rows that are asked for, and refuses what is no column", async () => {
    await numbers("chosen", 1, 6);
    expect(await compactTable(lake, "chosen", { where: "k > 4", minInputFiles: 2, isDryRun: false })).toMatchObject({
      filesBefore: 2,
      filesAfter: 1,
    });
    expect(await kept("chosen")).toEqual(upTo(6));
    const wrong = { sort: ['k"; drop'], all: true, isDryRun: false };
    await expect(compactTable(lake, "chosen", wrong)).rejects.toMatchObject({ code: "lakehouse/sql-error" });
    await expect(compactTable(lake, "chosen", { where: "nothing > 1", isDryRun: true })).rejects.toMatchObject({
      code: "lakehouse/sql-error",
    });
    const further = "k > 9)) union all select 0 where exists (select 1 from (select 1) where (true";
    await expect(compactTable(lake, "chosen", { where: further, isDryRun: true })).rejects.toMatchObject({
      code: "lakehouse/sql-error",
    });
  });

  test("applies deletes, also those that come meanwhile, and takes their files away", async () => {
    await append("gaps", "select unnest(range(1, 11))::integer as k");
    const [data] = await live("gaps");
    const path = data?.file.file_path ?? "";
    await deletePositions("gaps", path, [0, 1, 2, 3]);
    expect(await kept("gaps")).toEqual([5, 6, 7, 8, 9, 10]);
    const racing = { ...lake, world: overtaken(() => deletePositions("gaps", path, [9])) };
    const done = await compactTable(racing, "gaps", { all: true, isDryRun: false });
    expect(done).toMatchObject({ filesBefore: 1, filesAfter: 1, deleteFiles: 2 });
    expect(await kept("gaps")).toEqual([5, 6, 7, 8, 9]);
    expect((await live("gaps")).map(({ file }) => [file.content, file.record_count])).toEqual([[0, 5]]);
    const [newest] = (await lake.lakehouse.history("gaps")).slice(-1);
    expect(newest?.summary).toMatchObject({ operation: "replace", "total-records": "5", "total-delete-files": "0" });
  });
});

test("compaction beside a rollback does not apply the deletes that were taken back", async () => {
  await append("undone", "select 1 as k");
  await append("undone", "select unnest(range(2, 5))::integer as k");
  const data = (await live("undone")).find(({ file }) => file.record_count === 3);
  const before = (await lake.lakehouse.history("undone")).at(-1);
  await deletePositions("undone", data?.file.file_path ?? "", [0, 1]);
  expect(await kept("undone")).toEqual([1, 4]);
  const racing = { ...lake, world: overtaken(() => rollBack(lake.world, "undone", before?.snapshotId ?? "")) };
  await compactTable(racing, "undone", { where: "k = 4", all: true, isDryRun: false });
  expect(await kept("undone")).toEqual([1, 2, 3, 4]);
});

describe("states of a table", () => {
  test("what one snapshot added is put upon another state, once", async () => {
    await numbers("picked", 1, 3);
    const [first, second, third] = await lake.lakehouse.history("picked");
    await rollBack(lake.world, "picked", first?.snapshotId ?? "");
    await cherryPick(lake.world, "picked", third?.snapshotId ?? "");
    expect(await kept("picked")).toEqual([1, 3]);
    for (const again of [third, first])
      await expect(cherryPick(lake.world, "picked", again?.snapshotId ?? "")).rejects.toMatchObject({
        code: "lakehouse/not-cherry-picked",
      });
    await cherryPick(lake.world, "picked", second?.snapshotId ?? "");
    expect(await kept("picked")).toEqual([1, 2, 3]);
    const pick = (await lake.lakehouse.history("picked")).at(-2);
    await rollBack(lake.world, "picked", first?.snapshotId ?? "");
    await cherryPick(lake.world, "picked", third?.snapshotId ?? "");
    await cherryPick(lake.world, "picked", second?.snapshotId ?? "");
    await expect(cherryPick(lake.world, "picked", pick?.snapshotId ?? "")).rejects.toMatchObject({
      code: "lakehouse/not-cherry-picked",
    });
    await lake.lakehouse.write({ table: "picked", select: "select 9 as k, 'x' as v", mode: "replace" });
    const replaced = (await lake.lakehouse.history("picked")).at(-1);
    await rollBack(lake.world, "picked", first?.snapshotId ?? "");
    await expect(cherryPick(lake.world, "picked", replaced?.snapshotId ?? "")).rejects.toMatchObject({
      code: "lakehouse/not-cherry-picked",
    });
  });

  test("a branch moves forward on its own line only", async () => {
    await numbers("line", 1, 3);
    const [first, second, third] = (await lake.lakehouse.history("line")).map(({ snapshotId }) => snapshotId);
    await fastForward(lake.world, "line", { branch: "audited", to: first ?? "" });
    await fastForward(lake.world, "line", { branch: "audited", to: second ?? "" });
    expect(await lake.rows("select k from line for version as of 'audited' order by k")).toEqual([[1], [2]]);
    await rollBack(lake.world, "line", first ?? "");
    await fastForward(lake.world, "line", { branch: "main", to: "audited" });
    expect(await kept("line")).toEqual([1, 2]);
    await rollBack(lake.world, "line", first ?? "");
    await numbers("line", 7, 7);
    await expect(fastForward(lake.world, "line", { branch: "main", to: third ?? "" })).rejects.toMatchObject({
      code: "lakehouse/not-an-ancestor",
    });
    expect(await kept("line")).toEqual([1, 7]);
  });

  test("what a snapshot changed is not told once the one before it is forgotten", async () => {
    await numbers("forgetful", 1, 3);
    await expireSnapshots(lake.world, "forgetful", { maxAgeMs: -1, keep: 2, isDryRun: false });
    expect((await lake.lakehouse.changes("forgetful", { limit: 9 })).changes).toHaveLength(1);
    expect(await lake.rows("select k, _change_type from forgetful.changes")).toEqual([[3, "INSERT"]]);
    await expireSnapshots(lake.world, "forgetful", { maxAgeMs: -1, keep: 1, isDryRun: false });
    await expect(lake.lakehouse.changes("forgetful", { limit: 9 })).rejects.toMatchObject({
      code: "lakehouse/unknown-snapshot",
    });
    expect(await lake.rows("select * from forgetful.changes")).toEqual([]);
  });

  test("files that others may share are not taken away by expiry, nor as orphans", async () => {
    await numbers("shared", 1, 2, { "gc.enabled": "false" });
    const refused = { code: "lakehouse/shared-files" };
    const expiry = { maxAgeMs: -1, isDryRun: false };
    await expect(expireSnapshots(lake.world, "shared", expiry)).rejects.toMatchObject(refused);
    const orphans = { olderThanMs: -1, isDryRun: false };
    await expect(removeOrphans(lake.world, "shared", orphans)).rejects.toMatchObject(refused);
  });

  test("expiry goes by the table's properties, and by those of a branch", async () => {
    const properties = { "history.expire.max-snapshot-age-ms": "0", "history.expire.min-snapshots-to-keep": "2" };
    await numbers("aging", 1, 5, properties);
    const later = { ...lake.world, clock: { ...systemClock, nowMs: () => systemClock.nowMs() + 60_000 } };
    expect((await expireSnapshots(later, "aging", { isDryRun: false })).snapshotIds).toHaveLength(3);
    expect(await lake.lakehouse.history("aging")).toHaveLength(2);
    expect(await kept("aging")).toEqual(upTo(5));
  });
});

describe("files", () => {
  const old = (path: string) => {
    const full = join(lake.root, path);
    mkdirSync(join(full, ".."), { recursive: true });
    writeFileSync(full, "left behind");
    utimesSync(full, 1_000_000_000, 1_000_000_000);
    return full;
  };

  test("that nothing leads to are deleted: not young ones, others', nor what links lead to", async () => {
    await numbers("littered", 1, 2);
    await tagSnapshot(lake.world, "littered", { tag: "kept" });
    await lake.lakehouse.write({ table: "littered", select: "select 3 as k, 'x' as v", mode: "replace" });
    const branches = openDatabaseBranches({ database: lake.database, clock: systemClock, ids: systemIds });
    await branches.create("beside");
    await lake.lakehouse.write({ table: "littered", select: "select 4 as k, 'x' as v", mode: "replace" });
    for await (const file of lake.world.store.list("main/littered"))
      utimesSync(join(lake.root, file.path), 1_000_000_000, 1_000_000_000);
    const orphans = ["main/littered/data/lost.parquet", "main/littered/metadata/lost-m0.avro"].map(old);
    const others = ["main/littered/_delta_log/0.json", "main/littered/data/.hoodie/x"].map(old);
    writeFileSync(join(lake.root, "main/littered/data/young.parquet"), "about to be committed");
    const outside = join(lake.folder, "outside");
    mkdirSync(outside);
    writeFileSync(join(outside, "precious"), "x");
    utimesSync(join(outside, "precious"), 1_000_000_000, 1_000_000_000);
    symlinkSync(outside, join(lake.root, "main/littered/data/link"));
    const options = { olderThanMs: 86_400_000, isDryRun: true };
    const told = await removeOrphans(lake.world, "littered", options);
    expect(told).toMatchObject({ files: 2, isDryRun: true });
    expect(orphans.every(existsSync)).toBe(true);
    expect(await removeOrphans(lake.world, "littered", { ...options, isDryRun: false })).toMatchObject({ files: 2 });
    expect(orphans.some(existsSync)).toBe(false);
    expect([...others, join(outside, "precious")].every(existsSync)).toBe(true);
    expect(existsSync(join(lake.root, "main/littered/data/young.parquet"))).toBe(true);
    await expect(lake.world.store.remove("main/littered/data/link/precious")).rejects.toThrow(/out of the store/);
    expect(await lake.rows("select k from littered for version as of 'kept' order by k")).toEqual([[1], [2]]);
    await branches.drop("beside");
  });

  test("of other tables are none of a table's own, whatever folder it lies in", async () => {
    const { lakehouse, root, world } = lake;
    const schema = { type: "struct", "schema-id": 0, fields: [{ id: 1, name: "k", type: "int", required: false }] };
    const make = (name: string, folder: string) =>
      createTable(world, {
        identifier: identifierNamed(name),
        schema,
        location: `file://${join(root, folder)}`,
        spec: undefined,
        order: undefined,
        properties: {},
      });
    await make("outer_one", "nest");
    await make("inner_one", "nest/inner");
    await make("everywhere", "");
    for (const table of ["outer_one", "inner_one", "everywhere"])
      await lakehouse.execute(`INSERT INTO ${table} VALUES (1)`);
    const [own, inners] = [old("nest/data/lost.parquet"), old("nest/inner/data/lost.parquet")];
    const options = { olderThanMs: 86_400_000, isDryRun: false };
    expect(await removeOrphans(world, "outer_one", options)).toMatchObject({ paths: ["nest/data/lost.parquet"] });
    expect([own, inners].map(existsSync)).toEqual([false, true]);
    await expect(removeOrphans(world, "everywhere", options)).rejects.toMatchObject({
      code: "lakehouse/shared-location",
    });
    expect(await removeOrphans(world, "inner_one", options)).toMatchObject({ files: 1 });
  });

  test("of a dropped table are deleted when that is asked for, but for what a branch has", async () => {
    await numbers("purged", 1, 2);
    const paths = (await live("purged")).map(({ file }) => file.file_path);
    const branches = openDatabaseBranches({ database: lake.database, clock: systemClock, ids: systemIds });
    await branches.create("holder");
    await numbers("purged", 3, 3);
    const all = (await live("purged")).map(({ file }) => file.file_path);
    await purgeTable(lake.world, identifierNamed("purged"));
    expect(all.filter(existsSync).toSorted()).toEqual(paths.toSorted());
    await branches.drop("holder");
  });

  test("have their checksums after all this", async () => {
    const store = { ...lake.world.store };
    const { findings } = await verifyFiles({ store, catalog: lake.catalog }, () => undefined);
    expect(findings.filter(({ path }) => !path.startsWith("main/purged/"))).toEqual([]);
  });

  test("old metadata files go once a commit has put them out of the log, but for those that a branch still leads to", async () => {
    const write = (k: number, properties: Record<string, string> = {}) => numbers("logged", k, k, properties);
    const metadataFiles = () =>
      readdirSync(join(lake.root, "main/logged/metadata")).filter((name) => name.endsWith(".metadata.json")).length;
    const inLake = (at: string) => lake.world.store.locate(lake.world.store.pathOf(at));
    for (const k of upTo(3)) await write(k, { "write.metadata.previous-versions-max": "2" });
    expect([(await metadataOf("logged"))["metadata-log"].length, metadataFiles()]).toEqual([2, 3]);
    const branches = openDatabaseBranches({ database: lake.database, ids: systemIds, clock: systemClock });
    await branches.create("aside");
    await write(4, { "write.metadata.delete-after-commit.enabled": "true" });
    // The branch's pointer is at the third, whose log has the first two.
    expect(metadataFiles()).toBe(4);
    await write(5);
    await write(6);
    expect(metadataFiles()).toBe(6);
    await write(7);
    expect(metadataFiles()).toBe(6);
    await branches.drop("aside");
    await commitTables(lake.world, [
      {
        identifier: identifierNamed("logged"),
        requirements: [],
        updates: [{ action: "set-properties", updates: { note: "by a client" } }],
      },
    ]);
    expect(metadataFiles()).toBe(6);
    expect((await rewriteManifests(lake.world, "logged", { isDryRun: false })).snapshotId).not.toBeNull();
    expect(metadataFiles()).toBe(6);
    const { "metadata-log": log } = await metadataOf("logged");
    expect(log.every((one) => existsSync(inLake(one["metadata-file"])))).toBe(true);
    expect(await kept("logged")).toEqual(upTo(7));
    const run = (statement: string) => lake.lakehouse.execute(statement);
    await run("create table lab.logged (k int)");
    await run(
      "alter table lab.logged set tblproperties ('write.metadata.previous-versions-max' = '1', 'write.metadata.delete-after-commit.enabled' = 'true')",
    );
    for (const k of upTo(3)) await run(`insert into lab.logged values (${k})`);
    const { location } = await metadataOf("lab.logged");
    const left = readdirSync(join(inLake(location), "metadata")).filter((name) => name.endsWith(".metadata.json"));
    expect([left.length, await kept("lab.logged")]).toEqual([2, upTo(3)]);
  });
});
