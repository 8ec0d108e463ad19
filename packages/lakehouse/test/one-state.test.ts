import { afterAll, beforeAll, expect, test } from "vitest";
import { createLakehouse, type Lakehouse } from "../src/index.ts";
import { openLake, type TestLake } from "./support/lake.ts";

let lake: TestLake;
let lakehouse: Lakehouse;
/** How often the catalog is asked yet before another writer commits. */
let left = 0;

beforeAll(async () => {
  lake = await openLake();
  const { catalog } = lake.ports;
  const meanwhile = async () => {
    left -= 1;
    if (left === 0) await lake.lakehouse.execute("insert into t values (5)");
  };
  const watched = {
    ...catalog,
    get: async (name: string) => {
      const entry = await catalog.get(name);
      await meanwhile();
      return entry;
    },
    named: async (names: ReadonlySet<string>) => {
      const entries = await catalog.named(names);
      await meanwhile();
      return entries;
    },
  };
  lakehouse = await createLakehouse({ ...lake.ports, catalog: watched });
  await lake.lakehouse.execute("create table t (id int)");
  await lake.lakehouse.execute("insert into t values (1)");
  await lake.lakehouse.execute("insert into t values (5)");
  await lakehouse.createView({ name: "v", select: "select * from t" });
});
afterAll(() => lake.close());

test.each([
  "select (select count(*) from t) - (select count(*) from t where id = 5)",
  "select count(*) from t a where a.id not in (select b.id from t b where b.id = 5)",
  "select (select count(*) from v) - (select count(*) from t where id = 5)",
  "select (select count(*) from t) - (select count(*) from v where id = 5)",
  "select (select count(*) from main.t where main.t.id > 0) - (select count(*) from t where id = 5)",
  "select (select count(*) from t where id > 4) - (select count(*) from t where id = 5) + 1",
])("however another commits meanwhile, one state is seen: %s", async (sql) => {
  let isDone = false;
  for (let times = 1; !isDone; times += 1) {
    left = times;
    const { rows } = await lakehouse.query(sql);
    expect([times, rows[0]?.[0]]).toEqual([times, 1]);
    isDone = left > 0;
  }
});

test("a table that is read twice is pruned where it can be", async () => {
  const { scans } = await lakehouse.query("select * from t a join t b on a.id = b.id where a.id = 1 and b.id < 3");
  expect(scans?.map(({ table, files, filesTotal }) => [table, files, files < filesTotal])).toEqual([
    ["t", 1, true],
    ["t", 1, true],
  ]);
});
