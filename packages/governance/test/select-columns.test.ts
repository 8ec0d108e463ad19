import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "@millwright/kernel";
import type { SqlEngine } from "@millwright/lakehouse";
import { createDuckdbEngine } from "@millwright/lakehouse/adapters/duckdb-sql-engine";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readColumns } from "../src/sql/read-columns.ts";
import type { Dependence } from "../src/sql/dependence.ts";

const TABLES: Readonly<Record<string, readonly string[]>> = {
  t: ["k", "a", "ab", "b", "ts", "s", "l"],
  u: ["k", "c", "ts"],
  w: ["k", "d"],
};

let folder: string;
let engine: SqlEngine;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "mill-columns-"));
  const options = { folders: [folder], tempFolder: join(folder, "tmp"), memoryMb: 256, threads: 1 };
  engine = createDuckdbEngine({ ...options, logger: silentLogger });
  await engine.setRelation(
    "t",
    "SELECT 1 AS k, 1 AS a, 1 AS ab, 1 AS b, now()::timestamp AS ts, {x: 1, y: 2} AS s, [1] AS l",
  );
  await engine.setRelation("u", "SELECT 1 AS k, 1 AS c, now()::timestamp AS ts");
  await engine.setRelation("w", "SELECT 1 AS k, 1 AS d");
});

afterAll(async () => {
  await engine.close();
  await rm(folder, { recursive: true, force: true });
});

/** `t.a` is taken as it is, `=t.a` computed from, `+t.a` aggregated; a word before it says in which other way it counts. */
function shown({ dataset, column, type, kind }: Dependence): string {
  const name = `${dataset.replace("table:", "")}.${column}`;
  const sign = { IDENTITY: "", TRANSFORMATION: "=", AGGREGATION: "+" }[kind as "IDENTITY"];
  return type === "DIRECT" ? `${sign}${name}` : `${kind.toLowerCase()} ${name}`;
}

function list(from: readonly Dependence[]): string {
  return from.map(shown).toSorted().join(", ");
}

/** A query; what each of its columns depends on; what its rows do. */
const CASES: readonly (readonly [string, readonly string[], string])[] = [
  ["select a, a + b as c, 1 as one from t", ["t.a", "=t.a, =t.b", ""], "filter t.*"],
  ["from t select a", ["t.a"], ""],
  ["select * exclude (s, l, ts, K) from t", ["t.a", "t.ab", "t.b"], ""],
  ["select t.* exclude (s, l, ts, k, ab) replace (a + b as b) from t", ["t.a", "=t.a, =t.b"], ""],
  ["select * rename (d as e) from w", ["w.k", "w.d"], ""],
  ["select columns('^a') from t", ["t.a", "t.ab"], ""],
  ["select columns(['k', 'b']) from t", ["t.k", "t.b"], ""],
  ["select max(columns(* exclude (s, l, ts, k))) from t", ["+t.a", "+t.ab", "+t.b"], ""],
  ["select struct_pack(*columns(* exclude (c))) as x from u", ["=u.k, =u.ts"], ""],
  ["select a from t where columns(['k', 'b']) > 0", ["t.a"], "filter t.b, filter t.k"],
  // Names: aliases, fields of structs, whole rows.
  ["select a as x, x + 1 as y from t as q where y > 1", ["t.a", "=t.a"], "filter t.a"],
  ["select main.t.a, s.x, t.s.y, (s).x as z from t", ["t.a", "=t.s", "=t.s", "=t.s"], ""],
  ["select w from w", ["=w.d, =w.k"], ""],
  ["select p + q as r from w as z(p, q)", ["=w.d, =w.k"], ""],
  ["select b as a, a as x from t", ["t.b", "t.a"], ""],
  ["select current_date as today, a from t", ["", "t.a"], "filter t.*"],
  // Common table expressions and subqueries.
  ["with x as (select a + 1 as y from t where b > 0) select sum(y) as z from x", ["+t.a"], "filter t.b"],
  ["with x(y) as (select a from t), z as (select y from x) select z.y from z", ["t.a"], ""],
  ["with t as (select c as a from u) select a from t", ["u.c"], ""],
  ["with t as (select c as a from u) select a from main.t", ["t.a"], ""],
  ["with x as (select k from t) select x.k, y.k as k2 from x, (from x) as y", ["t.k", "t.k"], ""],
  ["select z from (select * exclude (d), d * 2 as z from w)", ["=w.d"], ""],
  [
    "with recursive r(n, m) as (select a, b from t union all select m, c from r, u where n < 9) select n from r",
    ["t.a, t.b, u.c"],
    "filter t.a, filter t.b, filter u.c",
  ],
  // Joins.
  ["select t.a, u.c from t join u on t.k = u.k", ["t.a", "u.c"], "join t.k, join u.k"],
  ["select k, d from u join w using (k)", ["u.k", "w.d"], "join u.k, join w.k"],
  ["select * from u right join w using (k)", ["w.k", "u.c", "u.ts", "w.d"], "join u.k, join w.k"],
  ["select k from u full join w using (k)", ["=u.k, =w.k"], "join u.k, join w.k"],
  ["select * from w natural join u", ["w.k", "w.d", "u.c", "u.ts"], "join u.k, join w.k"],
  ["select t.a from t semi join u on t.k = u.k and u.c > 1", ["t.a"], "join t.k, join u.c, join u.k"],
  ["select a, c from t asof left join u using (k, ts)", ["t.a", "u.c"], "join t.k, join t.ts, join u.k, join u.ts"],
  ["select d from w, u", ["w.d"], "filter u.*"],
  ["select c, d from u positional join w", ["u.c", "w.d"], "filter u.*, filter w.*"],
  // Grouping, order, windows.
  ["select k, sum(b) as n from t group by k having max(a) > 1", ["t.k", "+t.b"], "filter t.a, group_by t.k"],
  ["select a + 1 as x, count(*) as n from t group by all", ["=t.a", "+t.*"], "group_by t.a"],
  ["select a + 1 as x, count(*) as n from t group by 1 order by x", ["=t.a", "+t.*"], "group_by t.a, sort t.a"],
  ["select a as x, max(b) as n from t group by rollup (x, k)", ["t.a", "+t.b"], "group_by t.a, group_by t.k"],
  ["select count(*) as n from t", ["+t.*"], "filter t.*"],
  ["select count(*) filter (where b > 1) as n from t", ["+t.*, filter t.b"], ""],
  ["select array_agg(a order by b) as x from t", ["+t.a, sort t.b"], ""],
  ["select distinct on (k) a from t order by k, b", ["t.a"], "group_by t.k, sort t.b, sort t.k"],
  ["select distinct a, b from t", ["t.a", "t.b"], "group_by t.a, group_by t.b"],
  ["select a from t order by 1 limit (select max(d) from w)", ["t.a"], "filter w.d, sort t.a"],
  ["select c, k from u order by all", ["u.c", "u.k"], "sort u.c, sort u.k"],
  [
    "select row_number() over (partition by k order by ts) as n, sum(a) over x as m, lag(a, 1, b) over (order by ts) as o from t window x as (order by b)",
    ["window t.k, window t.ts", "+t.a, window t.b", "=t.a, =t.b, window t.ts"],
    "",
  ],
  ["select row_number() over () as n from w", ["window w.*"], "filter w.*"],
  ["select a from t qualify rank() over (partition by k order by b) = 1", ["t.a"], "window t.b, window t.k"],
  // Expressions.
  ["select case when a > 1 then b else k end as x from t", ["=t.b, =t.k, conditional t.a"], ""],
  ["select a between b and k as x, a::double as y, l[a] as z from t", ["=t.a, =t.b, =t.k", "=t.a", "=t.a, =t.l"], ""],
  ["select list_transform(l, x -> x + a) as y, [i for i in l if i > b] as z from t", ["=t.a, =t.l", "=t.b, =t.l"], ""],
  ["select list_transform(l, lambda a: a + b) as y from t", ["=t.b, =t.l"], ""],
  ["select to_json(s) -> 'x' as y, s::json -> 'x' as z from t", ["=t.s", "=t.s"], ""],
  ["select coalesce(b::json, l -> 'x') as y from (select b, l::json as l from t)", ["=t.b, =t.l"], ""],
  ["select {'x': a, 'y': [b]} as z, unnest(l) as e from t", ["=t.a, =t.b", "=t.l"], ""],
  ["select (select max(c) from u where u.k = t.k) as m from t", ["+u.c, filter t.k, filter u.k"], ""],
  [
    "select a in (select c from u) as x, exists (from w where w.k = a) as y from t",
    ["=t.a, =u.c", "filter t.a, filter w.k"],
    "",
  ],
  ["select a from t where k in (select k from u where c > 1)", ["t.a"], "filter t.k, filter u.c, filter u.k"],
  // Set operations.
  [
    "select a, b from t union all select c, k from u union all select d, d from w",
    ["t.a, u.c, w.d", "t.b, u.k, w.d"],
    "",
  ],
  ["select k, c from u union all by name select d as c, k from w", ["u.k, w.k", "u.c, w.d"], ""],
  ["select k from u union select k from w", ["u.k, w.k"], "group_by u.k, group_by w.k"],
  ["select k from u except select k from w", ["u.k"], "filter u.k, filter w.k"],
  [
    "(select k from u order by c limit 1) union all select d from w order by k",
    ["u.k, w.d"],
    "sort u.c, sort u.k, sort w.d",
  ],
  // Other things in FROM.
  ["select x, y from (values (1, 2), (3, 4)) as v(x, y)", ["", ""], ""],
  ["select k, e from t, unnest(l) as x(e)", ["t.k", "=t.l"], "join t.l"],
  ["select z from t, lateral (select a + 1 as z)", ["=t.a"], ""],
  ["select m from t, (select max(c) as m from u where u.k = t.k)", ["+u.c"], "filter t.k, filter u.k"],
  ["select range + a as x from t, range(3)", ["=t.a"], ""],
  ["from (select k, a, b from t) unpivot (v for n in (a, b))", ["t.k", "", "=t.a, =t.b"], "filter t.a, filter t.b"],
  [
    "from (select k, a, b from t) pivot (sum(b) for a in (1, 2))",
    ["t.k", "+t.b, filter t.a", "+t.b, filter t.a"],
    "group_by t.k",
  ],
  ["select sum(a) as x from t tablesample 10%", ["+t.a"], ""],
];

test.each(CASES)("%s", async (sql, columns, rows) => {
  const found = await readColumns(engine, sql, { columnsOf: (name) => TABLES[name] });
  if ("because" in found) throw new Error(found.because);
  expect(found.columns.map(({ from }) => list(from))).toEqual(columns);
  expect(list(found.rows)).toBe(rows);
  const described = await engine.describe(`SELECT * FROM (${sql})`).catch(() => undefined);
  if (described !== undefined) expect(found.columns).toHaveLength(described.length);
});

test.each([
  ["select nothing from t", /column nothing is in none/],
  ["select * from read_csv('x.csv')", /not known/],
  ["select s.* from t", /s\.\* is of no table/],
  ["select columns(c -> c like 'a%') from t", /COLUMNS with a function/],
  ["select a from elsewhere.t", /elsewhere\.t is no table/],
  ["pivot t on a using sum(b)", /Only SELECT/],
  ["select from from", /syntax error/],
])("%s is said not to be read", async (sql, because) => {
  const found = await readColumns(engine, sql, { columnsOf: (name) => TABLES[name] });
  expect(found).toMatchObject({ because: expect.stringMatching(because) });
});

test("a file's columns are those that are named", async () => {
  const sql = "select f.x + 1 as y from read_parquet('data/f.parquet') as f";
  const found = await readColumns(engine, sql, { columnsOf: () => undefined });
  if ("because" in found) throw new Error(found.because);
  expect(list(found.columns[0]?.from ?? [])).toBe("=file:data/f.parquet.x");
});
