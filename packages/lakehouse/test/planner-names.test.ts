import { afterAll, beforeAll, expect, test } from "vitest";
import { openLake, type TestLake } from "./support/lake.ts";

let lake: TestLake;
beforeAll(async () => {
  lake = await openLake();
  const { lakehouse } = lake;
  await lakehouse.execute("create table t (id int, b int, s struct<id: int>)");
  await lakehouse.execute("insert into t values (5, 1, {'id': 5}), (6, 2, {'id': 6})");
  await lakehouse.execute("insert into t values (1, 5, {'id': 1}), (2, 9, {'id': 2})");
  await lakehouse.execute("create table u (id int, id_1 int)");
  await lakehouse.execute("insert into u values (5, 7)");
  await lakehouse.execute("insert into u values (7, 5)");
});
afterAll(() => lake.close());

test.each([
  "select * from (select *, t.b as id from t, range(1)) where id = 5",
  "with c(p, q, r) as (select *, t.b from t, range(1)) select * from c where p = 5",
  "select * from (select unnest(s), b as id from t) where id = 5",
  "select * from (select s.id, b as id from t) where id = 5",
  "select * from (select (s).id, b as id from t) where id = 5",
  "select * from (select columns(c -> c = 'id') + 0, b as id from t) where id = 5",
  "select * from (select t.id, u.* from t, u) where id_1 = 5",
  "select * from (select * from t join u on true) where id_1 = 5",
  "select * from (table t) where id = 5",
  "with c as (table t) select * from c where id = 5",
  "select * from a : t where id = 5",
  "select a.id from a: main.t where a.id = 5",
  "select * from main./* its */t where id = 5",
  "select * from main -- its\n . t where id = 5",
  "from t where id = 5",
  "select * from t as x(b, id) where id = 5",
  "select b as id from t where id = 5",
  "select t.id, u.id from t left join u using (id) where id = 5",
  "select * from t full join u using (id) where id = 5",
  "select * from t where id not in (5, null)",
  "select * from t where not (id not in (5, null))",
  "select t from t where id = 5",
  "select main.t.id from main.t where main.t.id = 5",
  "select * from 't' where id = 5",
  'select /* ä 🐟 */ * from "T" where id = 5',
  "select * from t where id = 5 -- its end",
  "pivot (select id, b from t where id = 5) on id using sum(b)",
  "select * from t semi join u on t.id = u.id and u.id_1 = 7",
  "select * from t anti join u on t.id = u.id and u.id_1 = 7",
  "select * from t t1 where exists (select 1 from t where t.b = t1.id and id = 1)",
  "select (select max(b) from t where id = t1.b) from t t1 where t1.id = 1",
  "select * from (select id, row_number() over (order by id) as n from t) where id = 5",
  "select * from (select * from t order by id limit 1) where id = 5",
  "select id, count(*) from t group by grouping sets ((id), ()) having id = 5",
  "select * from (select id, count(*) n from t group by rollup (id)) where id is null",
  "select * from t where id = 5 union all select * from t where id = 2",
  "select * from t, lateral (select t.b as id2 where t.id = 5) as l",
  "select * from (values (5)) as v(id) join t using (id)",
  "with recursive r(id) as (select id from t where id = 1 union all select r.id + 4 from r join t on t.id = r.id where r.id < 9) select * from r",
])("a name means what it means to the engine: %s", async (sql) => {
  const { lakehouse } = lake;
  const answer = async (work: Promise<{ rows: unknown }>) =>
    work.then(
      ({ rows }) => rows,
      (error: Error) => `refused: ${error.message}`,
    );
  expect(await answer(lakehouse.query(sql))).toEqual(await answer(lakehouse.engine.query(sql)));
});
