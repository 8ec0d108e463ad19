import { mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger, systemClock, systemIds } from "@millwright/kernel";
import { migrate, type Database } from "@millwright/platform";
import { openSqliteDatabase } from "@millwright/platform/adapters/sqlite-database";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createDuckdbEngine } from "../src/adapters/duckdb-sql-engine.ts";
import { openDatabaseBranches } from "../src/adapters/database-branches.ts";
import { openDatabaseIcebergEntries } from "../src/adapters/database-iceberg-entries.ts";
import { openDatabaseTableCatalog } from "../src/adapters/database-table-catalog.ts";
import { openLocalObjectStore } from "../src/adapters/local-object-store.ts";
import { createLakehouse, lakehouseMigrations, verifyFiles, type Lakehouse } from "../src/index.ts";
import { expireSnapshots } from "../src/care/expire.ts";
import { dropTag, rollBack, tagSnapshot } from "../src/care/references.ts";

let folder: string;
let lakehouse: Lakehouse;
let database: Database;

async function openLakehouse(): Promise<Lakehouse> {
  database = openSqliteDatabase({ path: join(folder, "metadata.db") });
  await migrate(database, [lakehouseMigrations], 0);
  const lake = join(folder, "lake");
  const engine = createDuckdbEngine({
    folders: [folder],
    tempFolder: join(folder, "tmp"),
    memoryMb: 512,
    threads: 2,
    logger: silentLogger,
  });
  return createLakehouse({
    store: openLocalObjectStore({ root: lake }),
    catalog: openDatabaseTableCatalog({ database, ids: systemIds }),
    engine,
    clock: systemClock,
    ids: systemIds,
    logger: silentLogger,
  });
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "mill-lake-"));
  lakehouse = await openLakehouse();
});

afterEach(async () => {
  await lakehouse.close();
  await rm(folder, { recursive: true, force: true });
});

const rows = async (sql: string) => (await lakehouse.query(sql)).rows;

describe("a table", () => {
  test("is what was written, and stays after the engine starts anew", async () => {
    const snapshot = await lakehouse.write({
      table: "t",
      select: "select 1 as a, 'x' as b, timestamp '2001-01-01 00:01:00' as c",
      mode: "replace",
    });
    expect(snapshot.rowCount).toBe(1);
    expect(await rows("select * from t")).toEqual([[1, "x", "2001-01-01 00:01:00"]]);
    await lakehouse.close();
    lakehouse = await openLakehouse();
    expect(await rows("select * from t")).toEqual([[1, "x", "2001-01-01 00:01:00"]]);
  });

  test("stands below a view of an earlier name after the engine starts anew", async () => {
    await lakehouse.write({ table: "z", select: "select 1 as a", mode: "replace" });
    await lakehouse.createView({ name: "b", select: 'select a + 1 as a from "main"."z"' });
    await lakehouse.createView({ name: "a", select: 'select a + 1 as a from "main"."b"' });
    await lakehouse.close();
    lakehouse = await openLakehouse();
    expect(await rows("select * from a")).toEqual([[3]]);
  });

  test("appends, merges by key and is replaced", async () => {
    await lakehouse.write({ table: "t", select: "select 1 as k, 'a' as v", mode: "append" });
    await lakehouse.write({ table: "t", select: "select 2 as k, 'b' as v", mode: "append" });
    await lakehouse.write({
      table: "t",
      select: "select 2 as k, 'c' as v union all select 3, 'd'",
      mode: "merge",
      uniqueKey: ["k"],
    });
    expect(await rows("select * from t order by k")).toEqual([
      [1, "a"],
      [2, "c"],
      [3, "d"],
    ]);
    await lakehouse.write({ table: "t", select: "select 9 as k, 'z' as v", mode: "replace" });
    expect(await rows("select * from t")).toEqual([[9, "z"]]);
    const history = await lakehouse.history("t");
    expect(history.map(({ rowCount }) => rowCount)).toEqual([1, 2, 3, 1]);
  });

  test("reads a table as it was at each of its snapshots, with the columns that it had then", async () => {
    await lakehouse.write({ table: "t", select: "select 1 as k", mode: "append" });
    await lakehouse.write({ table: "t", select: "select 2 as k", mode: "append" });
    await lakehouse.write({ table: "t", select: "select 'x' as v", mode: "replace" });
    const then = await Promise.all(
      (await lakehouse.history("t")).map(({ snapshotId }) => lakehouse.relationAt("t", snapshotId)),
    );
    expect(await Promise.all(then.map((relation) => rows(`select * from ${relation} order by 1`)))).toEqual([
      [[1]],
      [[1], [2]],
      [["x"]],
    ]);
    const [, second] = await lakehouse.history("t");
    const id = second?.snapshotId ?? "";
    expect(await rows(`select a.k from main.t FOR VERSION AS OF ${id} a join t b on true order by 1`)).toEqual([
      [1],
      [2],
    ]);
    const moment = new Date(second?.committedAtMs ?? 0).toISOString();
    expect(await rows(`select count(*) from t for timestamp as of timestamp '${moment}'`)).toEqual([[2]]);
    expect(await rows("select count(*) from t for version as of 'main' where v = 'for version as of 7'")).toEqual([
      [0],
    ]);
    expect(await rows("select operation from t.snapshots order by committed_at, snapshot_id = 0")).toHaveLength(3);
    expect(await rows("select record_count, content from t.files")).toEqual([[1, 0]]);
    expect(await rows("select name, type from t.refs")).toEqual([["main", "BRANCH"]]);
    expect(await rows("select is_current_ancestor from t.history")).toEqual([[true], [true], [true]]);
    expect(await rows("select record_count, file_count from t.partitions")).toEqual([[1, 1]]);
    expect(await rows("select sum(added_files_count) from t.manifests")).toEqual([[1]]);
    await expect(rows("select * from t for version as of 7")).rejects.toMatchObject({
      code: "lakehouse/unknown-snapshot",
    });
    await expect(lakehouse.relationAt("t", "7")).rejects.toMatchObject({ code: "lakehouse/unknown-snapshot" });
    await expect(lakehouse.relationAt("nothing", "7")).rejects.toMatchObject({ code: "lakehouse/unknown-snapshot" });
  });

  test("forgets old snapshots, and only files that no branch and no tag leads to", async () => {
    const branches = openDatabaseBranches({ database, clock: systemClock, ids: systemIds });
    const world = {
      entries: openDatabaseIcebergEntries({ database, clock: systemClock, ids: systemIds, branch: "main" }),
      store: openLocalObjectStore({ root: join(folder, "lake") }),
      clock: systemClock,
      ids: systemIds,
      logger: silentLogger,
      changed: (keys: readonly string[]) => lakehouse.refresh(keys),
    };
    const all = { maxAgeMs: -1, keep: 1, isDryRun: false };
    const dry = { ...all, isDryRun: true };
    for (const k of [1, 2, 3]) await lakehouse.write({ table: "t", select: `select ${k} as k`, mode: "replace" });
    const [first, second] = await lakehouse.history("t");
    await tagSnapshot(world, "t", { tag: "kept", version: first?.snapshotId });
    await branches.create("audit");
    expect(await expireSnapshots(world, "t", dry)).toMatchObject({ snapshotIds: [second?.snapshotId], files: 0 });
    await branches.drop("audit");
    const wouldBe = await expireSnapshots(world, "t", dry);
    expect(wouldBe.files).toBeGreaterThan(2);
    expect(await expireSnapshots(world, "t", all)).toEqual({ ...wouldBe, isDryRun: false });
    expect(await expireSnapshots(world, "t", all)).toMatchObject({ snapshotIds: [], files: 0 });
    expect(await rows("select k from t for version as of 'kept'")).toEqual([[1]]);
    await rollBack(world, "t", "kept");
    expect(await rows("select k from t")).toEqual([[1]]);
    await dropTag(world, "t", "kept");
    await expect(dropTag(world, "t", "kept")).rejects.toMatchObject({ code: "lakehouse/unknown-snapshot" });
    const { findings } = await verifyFiles(
      { store: world.store, catalog: openDatabaseTableCatalog({ database, ids: systemIds }) },
      () => undefined,
    );
    expect(findings).toEqual([]);
  });

  test("loses no append of sixteen writers at once", async () => {
    await lakehouse.write({ table: "t", select: "select -1 as k", mode: "append" });
    const writes = Array.from({ length: 16 }, (_, k) =>
      lakehouse.write({ table: "t", select: `select ${k} as k`, mode: "append" }),
    );
    await Promise.all(writes);
    expect(await rows("select count(*) from t")).toEqual([[17]]);
  });

  test("refuses rows of other columns", async () => {
    await lakehouse.write({ table: "t", select: "select 1 as k", mode: "append" });
    await expect(lakehouse.write({ table: "t", select: "select 'x' as k", mode: "append" })).rejects.toMatchObject({
      code: "lakehouse/schema-changed",
    });
    expect(await rows("select * from t")).toEqual([[1]]);
  });

  test("is read in columns, nulls marked", async () => {
    const batches = await Array.fromAsync(
      lakehouse.readColumns(
        "select i::float as f, case when i % 2 = 0 then i end::int as n, 'k' || i as s from range(3) r(i)",
      ),
    );
    const [f, n, s] = batches[0]?.columns ?? [];
    expect([...(f?.values ?? [])]).toEqual([0, 1, 2]);
    expect([...(n?.valid ?? [])]).toEqual([1, 0, 1]);
    expect(s?.values).toEqual(["k0", "k1", "k2"]);
  });
});

describe("the store", () => {
  test("follows no link that leads out of it", async () => {
    const outside = await mkdtemp(join(tmpdir(), "mill-outside-"));
    try {
      await writeFile(join(outside, "secret"), "canary");
      const store = openLocalObjectStore({ root: join(folder, "lake") });
      await store.write("within/one", Buffer.from("1"));
      await symlink(outside, join(folder, "lake", "way"));
      await symlink(join(folder, "lake", "within"), join(folder, "lake", "inner"));
      await expect(store.read("way/secret")).rejects.toThrow(/symbolic link/);
      await expect(store.write("way/new/other", Buffer.from("x"))).rejects.toThrow(/symbolic link/);
      await expect(store.remove("way/secret")).rejects.toThrow(/symbolic link/);
      await expect(store.prepareFolder("way/folder")).rejects.toThrow(/symbolic link/);
      expect(await readdir(outside)).toEqual(["secret"]);
      expect(Buffer.from(await store.read("inner/one")).toString()).toBe("1");
    } finally {
      await rm(outside, { recursive: true, force: true });
    }
  });
});

describe("the engine", () => {
  test("reads no file outside its folders", async () => {
    await expect(lakehouse.query("select * from read_text('/etc/passwd')")).rejects.toMatchObject({
      code: "lakehouse/sql-error",
    });
    await expect(lakehouse.query("set enable_external_access = true")).rejects.toMatchObject({
      code: "lakehouse/sql-error",
    });
  });

  test("tells a corrupt file in one error", async () => {
    await writeFile(join(folder, "bad.parquet"), "not a parquet file at all");
    await expect(lakehouse.query(`select * from '${join(folder, "bad.parquet")}'`)).rejects.toMatchObject({
      code: "lakehouse/unreadable-file",
    });
  });
});

describe("what the files say of themselves", () => {
  test("rows, bytes, the least and most of each column over all files, and what the columns were", async () => {
    await lakehouse.write({
      table: "t",
      select: "select 2 as a, 'x' as b, timestamp '2001-01-01 00:01:00' as c, null::double as d",
      mode: "replace",
    });
    const first = await lakehouse.anatomy("t");
    await lakehouse.write({
      table: "t",
      select: "select 10 as a, null::varchar as b, timestamp '1969-12-31 23:59:59.5' as c, 1.5::double as d",
      mode: "append",
    });
    const both = await lakehouse.anatomy("t");
    expect(both.fileCount).toBe(2);
    expect(both.files.map(({ rows }) => rows)).toEqual([1, 1]);
    expect(both.columns.map(({ name, nulls, least, most }) => [name, nulls, least, most])).toEqual([
      ["a", 0, "2", "10"],
      ["b", 1, "x", "x"],
      ["c", 0, "1969-12-31 23:59:59.500000", "2001-01-01 00:01:00"],
      ["d", 1, "1.5", "1.5"],
    ]);
    const then = await lakehouse.anatomy("t", { snapshotId: first.snapshotId ?? "" });
    expect({ ...then, refs: first.refs }).toEqual(first);
    expect(then.refs).toEqual(both.refs);
    await lakehouse.write({ table: "t", select: "select 1 as a", mode: "replace" });
    const { schemas } = await lakehouse.anatomy("t");
    expect(schemas.map(({ columns }) => columns.map(({ name }) => name))).toEqual([["a", "b", "c", "d"], ["a"]]);
    await expect(lakehouse.anatomy("t", { snapshotId: "1" })).rejects.toThrow(/unknown-snapshot|no snapshot/);
  });
});

describe("what changed between two snapshots", () => {
  test("are the rows that one has and the other has not, as a bag, pairs of a key, and nothing of unchanged files", async () => {
    await lakehouse.write({ table: "t", select: "values (1, 'a', 1), (1, 'a', 1), (2, 'b', NULL)", mode: "replace" });
    const first = await lakehouse.write({ table: "t", select: "values (3, 'c', 3)", mode: "append" });
    await lakehouse.write({ table: "t", select: "values (1, 'a', 1), (2, 'B', NULL), (4, 'd', 4)", mode: "replace" });
    const between = await lakehouse.changes("t", { from: first.snapshotId, keys: ["col0"], limit: 10 });
    expect(between).toMatchObject({ inserted: 1, deleted: 2, updated: 1, truncated: false, keys: ["col0"] });
    expect(between.changes).toEqual([
      { kind: "deleted", before: [1, "a", 1], after: null },
      { kind: "updated", before: [2, "b", null], after: [2, "B", null] },
      { kind: "deleted", before: [3, "c", 3], after: null },
      { kind: "inserted", before: null, after: [4, "d", 4] },
    ]);
    const appended = await lakehouse.changes("t", { to: first.snapshotId, limit: 10 });
    expect(appended.changes).toEqual([{ kind: "inserted", before: null, after: [3, "c", 3] }]);
    expect(await rows(`select _change_type, col0 from table_changes('t', ${first.snapshotId}) order by all`)).toEqual([
      ["DELETE", 1],
      ["DELETE", 2],
      ["DELETE", 3],
      ["INSERT", 2],
      ["INSERT", 4],
    ]);
    expect(await rows("select _change_ordinal, count(*) from t.changes where col0 < 10 group by 1 order by 1")).toEqual(
      [
        [0, 3],
        [1, 1],
        [2, 5],
      ],
    );
    await expect(lakehouse.changes("t", { from: "7", limit: 1 })).rejects.toThrow("no snapshot, tag or branch 7");
    await expect(lakehouse.query("select * from table_changes('none')")).rejects.toThrow("no table is called none");
  });
});
