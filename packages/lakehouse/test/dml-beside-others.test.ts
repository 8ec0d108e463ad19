import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { commitChange } from "../src/dml/commit-change.ts";
import { rollBack } from "../src/care/references.ts";
import { commitWrite } from "../src/commit/commit-write.ts";
import { runDml } from "../src/dml/run-dml.ts";
import { createManifestCache } from "../src/manifest-cache.ts";
import { readDml } from "../src/domain/dml/read-dml.ts";
import { loadTarget } from "../src/dml/target-table.ts";
import { textOf } from "../src/domain/text.ts";
import { dataFileOf, FileContent } from "../src/domain/iceberg/data-file.ts";
import { openLake, type TestLake } from "./support/lake.ts";

let lake: TestLake;
beforeAll(async () => {
  lake = await openLake();
});
afterAll(() => lake.close());

const run = (sql: string) => lake.lakehouse.execute(sql);
const rows = async (sql: string) => (await lake.lakehouse.query(sql)).rows;

/** Commits a file of equality deletes as stream engines write them: rows go whose values in these columns are equal. */
async function deleteByValue(
  table: string,
  { select, ids, partition = {} }: { select: string; ids: Record<string, number>; partition?: object },
) {
  const { ports } = lake;
  const target = await loadTarget(ports, table.split("."));
  const folder = `deletes/${ports.ids()}`;
  const [written] = await ports.engine.writeFiles({
    select,
    folder: ports.store.locate(folder),
    name: "d",
    fileBytes: 2 ** 20,
    fieldIds: ids,
  });
  if (written === undefined) throw new Error("nothing was written");
  const file = {
    ...dataFileOf(written, target.schema),
    content: FileContent.equalityDeletes,
    equality_ids: Object.values(ids),
    partition,
  };
  const added = [{ file, specId: target.spec["spec-id"] }];
  const snapshot = await commitChange(ports, target, {
    change: { operation: "delete", added, removed: new Set() },
    stored: () => Promise.resolve([]),
  });
  expect(snapshot).toBeDefined();
  await lake.lakehouse.refresh([table]);
}

describe("equality deletes", () => {
  test("take away the rows from before them, by one column or several, null equal to null, after a rename too", async () => {
    await run("create table e (id int, kind string, n int)");
    await run("insert into e values (1, 'a', 1), (2, NULL, 2), (2, 'b', 3), (3, 'c', 4)");
    await deleteByValue("e", { select: "SELECT 2::INTEGER AS id, NULL::VARCHAR AS kind", ids: { id: 1, kind: 2 } });
    await deleteByValue("e", { select: "SELECT 3::INTEGER AS id", ids: { id: 1 } });
    await run("insert into e values (3, 'again', 5)");
    await run("alter table e rename column id to number");
    expect(await rows("select number, kind, n from e order by n")).toEqual([
      [1, "a", 1],
      [2, "b", 3],
      [3, "again", 5],
    ]);
    await run("alter table e drop column kind");
    await run("update e set n = n * 10 where number <= 2");
    await run("delete from e where n = 5");
    expect(await rows("select * from e order by n")).toEqual([
      [1, 10],
      [2, 30],
    ]);
    expect(await rows("select _change_type, n from e.changes where _change_ordinal = 1")).toEqual([["DELETE", 2]]);
  });

  test("of a partition are of that partition alone", async () => {
    await run("create table p (id int, kind string) partitioned by (kind)");
    await run("insert into p values (1, 'a'), (1, 'b'), (2, 'a')");
    await deleteByValue("p", { select: "SELECT 1::INTEGER AS id", ids: { id: 1 }, partition: { kind: "a" } });
    expect(await rows("select id, kind from p order by id, kind")).toEqual([
      [1, "b"],
      [2, "a"],
    ]);
  });
});

describe("statements beside one another", () => {
  test("of two processes lose nothing: what meets is run anew", async () => {
    await run(
      "create table c (id int, n int) tblproperties ('commit.retry.num-retries' = 50, 'commit.retry.min-wait-ms' = 5, 'commit.retry.max-wait-ms' = 50, 'write.update.mode' = 'merge-on-read')",
    );
    await run("insert into c values (0, 0), (1, 0)");
    const other = await lake.another();
    const count = async (one: typeof other, id: number) => {
      for (let step = 0; step < 4; step += 1) {
        await one.execute(`update c set n = n + 1 where id = ${id} or id = 0`);
        await one.execute(`insert into c values (${10 + 10 * id + step}, 1)`);
      }
    };
    await Promise.all([count(lake.lakehouse, 1), count(other, 2)]);
    await lake.lakehouse.refresh(["c"]);
    expect(await rows("select n from c where id = 0")).toEqual([[8]]);
    expect(await rows("select n from c where id = 1")).toEqual([[4]]);
    expect(await rows("select count(*) from c where id >= 10")).toEqual([[8]]);
  });
});

/** A lake in which another acts between what was written and the step of the catalog, once. */
function overtaken(act: () => Promise<unknown>): typeof lake.ports {
  let isDone = false;
  const { catalog } = lake.ports;
  const swap: typeof catalog.swap = async (...given) => {
    if (!isDone) {
      isDone = true;
      await act();
    }
    return catalog.swap(...given);
  };
  return { ...lake.ports, catalog: { ...catalog, swap } };
}

describe("a change beside one that", () => {
  test("rolls the table back does not take the deletes with it that were taken back", async () => {
    await run(
      "create table back (id int, n int) tblproperties ('write.delete.mode' = 'merge-on-read', 'write.update.isolation-level' = 'snapshot', 'commit.retry.min-wait-ms' = 1)",
    );
    await run("insert into back values (1, 1), (2, 2), (3, 3)");
    const [first] = await lake.lakehouse.history("back");
    await run("delete from back where id = 1");
    const ports = overtaken(() => rollBack(lake.world, "back", first?.snapshotId ?? ""));
    const update = readDml("update back set n = 20 where id = 2");
    if (update === undefined) throw new Error("it is no statement");
    await runDml(
      {
        ...ports,
        cache: createManifestCache(ports.store),
        expand: (sql) => Promise.resolve(sql),
        see: () => Promise.resolve(),
      },
      update,
    );
    await lake.lakehouse.refresh(["back"]);
    expect(await rows("select * from back order by id")).toEqual([
      [1, 1],
      [2, 20],
      [3, 3],
    ]);
  });

  test("alters the columns is refused, and does not take the new ones away", async () => {
    const append = { table: "wide", select: "select 1::int as id", mode: "append" as const };
    await lake.lakehouse.write({ ...append, properties: { "millwright.sql-writes": "true" } });
    const ports = overtaken(() => run("alter table wide add column more int"));
    await expect(commitWrite(ports, append)).rejects.toMatchObject({ code: "lakehouse/schema-changed" });
    expect(await rows("select * from wide")).toEqual([[1, null]]);
  });

  test("appends from another process keeps its rows in a merge", async () => {
    const other = await lake.another();
    const write = { table: "met", select: "select 1::int as id, 'a' as v", mode: "append" as const };
    await lake.lakehouse.write(write);
    await other.refresh(["met"]);
    await other.write({ ...write, select: "select 2::int as id, 'b' as v" });
    await lake.lakehouse.write({
      ...write,
      select: "select 1::int as id, 'c' as v",
      mode: "merge",
      uniqueKey: ["id"],
    });
    expect(await rows("select * from met order by id")).toEqual([
      [1, "c"],
      [2, "b"],
    ]);
  });
});

test("a statement that selects from its own target sees what another process wrote", async () => {
  await run("create table own (id int, n int)");
  await run("insert into own values (1, 1)");
  const other = await lake.another();
  await other.execute("insert into own values (2, 7)");
  await run("update own set n = (select max(n) from own) where id = 1");
  await other.execute("insert into own values (3, 9)");
  await run("delete from own where n = (select max(n) from own)");
  expect(await rows("select * from own order by id")).toEqual([
    [1, 7],
    [2, 7],
  ]);
});

test("DELETE USING refuses a name that both tables have", async () => {
  await run("create table mine (id int)");
  await run("insert into mine values (1), (2), (2)");
  await run("create table theirs (id int, of int)");
  await run("insert into theirs values (1, 2), (9, 2)");
  await expect(run("delete from mine using theirs where id = 1")).rejects.toMatchObject({
    code: "lakehouse/sql-error",
  });
  await run("delete from mine using theirs where mine.id = of");
  expect(await rows("select * from mine")).toEqual([[1]]);
});

describe("what a run writes", () => {
  test("lies by the partitioning and order that it asks for, or that the table has by now", async () => {
    const { lakehouse } = lake;
    const select =
      "select i::int as i, case when i % 2 = 0 then 'even' else 'odd' end as kind, i % 5 as rest from range(20) as r(i)";
    await lakehouse.write({
      table: "laid",
      select,
      mode: "replace",
      partitionBy: ["kind", "truncate(10, i)"],
      sortBy: ["rest desc, i"],
    });
    const parts = async () => (await rows("select partition from laid.files order by all")).flat();
    const laid = [
      '{"kind":"even","i_trunc":0}',
      '{"kind":"even","i_trunc":10}',
      '{"kind":"odd","i_trunc":0}',
      '{"kind":"odd","i_trunc":10}',
    ];
    expect(await parts()).toEqual(laid);
    const [path] = (await rows(`select file_path from laid.files where partition = '${laid[2]}'`)).flat();
    expect(await rows(`select i, rest from read_parquet('${textOf(path)}', hive_partitioning = false)`)).toEqual([
      [9, 4],
      [3, 3],
      [7, 2],
      [1, 1],
      [5, 0],
    ]);
    await lakehouse.write({
      table: "laid",
      select: "select 21::int as i, 'odd' as kind, 1::bigint as rest",
      mode: "append",
    });
    expect(await parts()).toEqual([...laid, '{"kind":"odd","i_trunc":20}']);
    await lakehouse.write({ table: "laid", select, mode: "replace", partitionBy: [] });
    expect(await parts()).toEqual(["{}"]);
    expect(await rows("select count(*), sum(i) from laid")).toEqual([[20, 190]]);
    await expect(
      lakehouse.write({ table: "laid", select, mode: "replace", partitionBy: ["hours(kind)"] }),
    ).rejects.toThrow("Invalid source type");
  });
});
