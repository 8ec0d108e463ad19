import { afterAll, beforeAll, expect, test } from "vitest";
import { createLakehouse, type Lakehouse } from "../src/index.ts";
import type { SqlEngine } from "../src/ports.ts";
import { openLake, type TestLake } from "./support/lake.ts";

let lake: TestLake;
let lakehouse: Lakehouse;
const told: string[] = [];
beforeAll(async () => {
  lake = await openLake();
  const watched = (engine: SqlEngine): SqlEngine => ({
    ...engine,
    within: (scope) => watched(engine.within(scope)),
    setRelation: (name, select) => {
      told.push(name);
      return engine.setRelation(name, select);
    },
  });
  lakehouse = await createLakehouse({ ...lake.ports, engine: watched(lake.ports.engine) });
  await lakehouse.execute("create table t (id int)");
  await lakehouse.execute("create table u as select 1 as own");
});
afterAll(() => lake.close());

test("a statement has the engine know the tables that it reads by name, once, and its target only where it reads that so", async () => {
  const statements = [
    ["insert into t values (1), (2)", []],
    ["insert into t select own + 10 from u", ["u"]],
    ["delete from t where id = 1", []],
    ["update t set id = 3 where id = 2", []],
    ["merge into t using u on id = own + 2 when not matched then insert (id) values (own)", []],
    ["insert into t select id + 1 from t", ["t"]],
    ["update t set id = 0 where id = (select max(id) from t)", ["t"]],
    ["delete from t as x where exists (select 1 from t where t.id > x.id + 100)", ["t"]],
    ["select count(*) from t", []],
  ] as const;
  for (const [sql, names] of statements) {
    told.length = 0;
    await lakehouse.execute(sql);
    expect([sql, told]).toEqual([sql, names]);
  }
  expect((await lakehouse.query("select id from t order by id")).rows).toEqual([[0], [3], [4], [11]]);
});
