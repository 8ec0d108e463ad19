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
  "select * from t as s where s.id = 5",
  "select * from (select s from t) where s.id = 5",
  "select * from (select * replace (b as id) from t) where id = 5",
  "select * from (select * exclude (id), b as id from t) where id = 5",
  "select * from (select * rename (b as id, id as b) from t) where id = 5",
  "select * from (select distinct on (b > 0) id, b from t order by b > 0, b) where id = 5",
  "select * from (select id, b from t qualify row_number() over (order by id) = 1) where id = 5",
  "select * from (select id, b from t union all by name select b, id from t) where id = 5",
  "select * from t where id = 5 and b = (select min(b) from t)",
  "select * from t left join u on t.id = u.id and u.id_1 = 7 where t.b > 0 order by all",
  "select * from t left join u on t.id = u.id where u.id_1 is null or u.id_1 = 5 order by all",
  "select * from t left join u on t.id = u.id where u.id_1 is distinct from 7 order by all",
  "select * from t right join u on t.id = u.id and t.b = 1 and u.id_1 = 5 order by all",
  "select * from t full join u on t.id = u.id and t.b = 1 order by all",
  "select * from t where id in (select id from u where id_1 = 7)",
  "select * from t where id not in (select id from u where id_1 = 7) order by all",
  "select max(b) filter (where id = 5) from t",
  "select id, sum(b) over (order by id) from t where id >= 5 order by id",
  "select * from (select id, sum(b) over (order by id) as n from t) where id = 6",
  "with c as (select * from t limit 1) select * from c where id = 6",
  "with c as materialized (select * from t) select * from c where id = 5 union all select * from c where id = 2",
  "with t as (select 5 as id, 0 as b) select * from t where id = 5",
  "with c(b, id) as (select id, b from t) select * from c where id = 5",
  "select * from t asof join u on t.id >= u.id where u.id = 5 order by all",
  "select * from t positional join u where u.id_1 = 5",
  "select * from t natural join u where id = 5",
  "select * from t where id = 5 limit 1 offset 0",
  "select * from (select unnest([id, b]) as id from t) where id = 5 order by all",
  "select id from t group by all having sum(b) > 1 and id = 5",
  "select * from t where case when id = 5 then true end",
  "select * from t where coalesce(id = 5, true)",
  "select * from t where id::varchar = '5'",
  "select * from t where (id, b) = (5, 1)",
  'select e\'it\'\'s \\\' from\', $a$ t where $a$, "id" from "t" where "id" = 5',
  "select [x for x in [id, b] if x = 5] from t where id = 5",
])("a name means what it means to the engine: %s", async (sql) => {
  const { lakehouse } = lake;
  const answer = async (work: Promise<{ rows: readonly (readonly unknown[])[] }>) =>
    work.then(
      // Rows without an order come in any, and a join's threads do let them.
      ({ rows }) => (/order by all/.test(sql) ? rows : rows.toSorted(byText)),
      (error: Error) => `refused: ${error.message}`,
    );
  expect(await answer(lakehouse.query(sql))).toEqual(await answer(lakehouse.engine.query(sql)));
});

function byText(one: readonly unknown[], other: readonly unknown[]): number {
  return JSON.stringify(one) < JSON.stringify(other) ? -1 : 1;
}
