import { spawnSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { readDml } from "../src/domain/dml/read-dml.ts";
import { parseMetadata } from "../src/domain/iceberg/read-metadata.ts";
import { loadTarget } from "../src/dml/target-table.ts";
import type { Lakehouse } from "../src/index.ts";
import { createManifestCache } from "../src/manifest-cache.ts";
import { withTargetFiles } from "../src/dml/target-files.ts";
import { createTable } from "../src/rest/tables.ts";
import { manifestsOf } from "../src/table-files.ts";
import { openLake, type TestLake } from "./support/lake.ts";

let lake: TestLake;
let lakehouse: Lakehouse;

beforeAll(async () => {
  lake = await openLake();
  ({ lakehouse } = lake);
});

afterAll(() => lake.close());

type Fields = readonly { readonly source: number; readonly transform: string; readonly name: string }[];

async function makeTable(
  name: string,
  { partition = [], properties = {} }: { partition?: Fields; properties?: Record<string, string> } = {},
) {
  await createTable(lake.world, {
    identifier: { namespace: ["main"], name },
    location: undefined,
    properties,
    order: undefined,
    spec: {
      fields: partition.map(({ source, transform, name: own }) => ({ "source-id": source, transform, name: own })),
    },
    schema: {
      type: "struct",
      fields: [
        { id: 1, name: "id", type: "int", required: true },
        { id: 2, name: "kind", type: "string", required: false },
        { id: 3, name: "moment", type: "timestamp", required: false },
        {
          id: 4,
          name: "place",
          required: false,
          type: { type: "struct", fields: [{ id: 5, name: "city", type: "string", required: false }] },
        },
      ],
    },
  });
  await lakehouse.refresh([name]);
}

const rows = async (sql: string) => (await lakehouse.query(sql)).rows;
const done = async (sql: string) => {
  const { columns, rows: found } = await lakehouse.execute(sql);
  const row = Object.fromEntries(columns.map(({ name }, index) => [name, found[0]?.[index]]));
  return [row["inserted"], row["updated"], row["deleted"]];
};
const last = async (table: string) => (await lakehouse.history(table)).at(-1);

const BY_KIND_AND_DAY: Fields = [
  { source: 2, transform: "identity", name: "kind" },
  { source: 3, transform: "day", name: "at_day" },
];

const BY_BUCKET: Fields = [
  { source: 1, transform: "bucket[4]", name: "id_bucket" },
  { source: 2, transform: "truncate[5]", name: "kind_cut" },
];

describe.each([
  ["copy-on-write", []],
  ["merge-on-read", []],
  ["copy-on-write", BY_KIND_AND_DAY],
  ["merge-on-read", BY_KIND_AND_DAY],
] as const)("rows of a table are changed: %s, partitioned by %j", (mode, partition) => {
  const table = `t_${mode.slice(0, 4)}_${partition.length}`;

  test("INSERT, DELETE, UPDATE, MERGE, each as one snapshot", async () => {
    const properties = { "write.delete.mode": mode, "write.update.mode": mode, "write.merge.mode": mode };
    await makeTable(table, { partition, properties });
    const inserted = await done(
      `insert into ${table} values (1, 'a', '2026-01-01 10:00:00', {city: 'x'}), (2, 'a', '2026-01-02', NULL), (3, 'b''s', NULL, {city: NULL}), (4, NULL, '2026-01-01', NULL)`,
    );
    expect(inserted).toEqual([4, 0, 0]);
    expect((await last(table))?.operation).toBe("append");
    expect(await done(`with more as (select 5 as n) insert into ${table} (kind, id) select 'c', n from more`)).toEqual([
      1, 0, 0,
    ]);
    expect(await done(`insert into ${table} by name select 'd' as kind, 6 as id`)).toEqual([1, 0, 0]);
    expect(await rows(`select id, kind, moment, place from ${table} order by id`)).toEqual([
      [1, "a", "2026-01-01 10:00:00", { city: "x" }],
      [2, "a", "2026-01-02 00:00:00", null],
      [3, "b's", null, { city: null }],
      [4, null, "2026-01-01 00:00:00", null],
      [5, "c", null, null],
      [6, "d", null, null],
    ]);
    expect(await done(`delete from ${table} as t where t.id in (select 1) -- gone`)).toEqual([0, 0, 1]);
    expect(
      await done(`delete from ${table} using (values (6)) as v(n) where id = n and kind is distinct from 'x'`),
    ).toEqual([0, 0, 1]);
    expect(
      await done(
        `update ${table} set kind = case when id = 2 then 'A' else kind end, moment = moment + interval 1 day where id < 4`,
      ),
    ).toEqual([0, 2, 0]);
    expect(
      await done(
        `merge into ${table} as t using (values (2, 'two'), (3, 'three'), (7, 'seven')) as s(n, word) on t.id = s.n
         when matched and s.n = 3 then delete when matched then update set kind = s.word, place = {city: s.word}
         when not matched then insert (id, kind) values (s.n, s.word)
         when not matched by source and t.id = 5 then update set kind = 'lone'`,
      ),
    ).toEqual([1, 2, 1]);
    expect(await rows(`select id, kind, moment, place from ${table} order by id`)).toEqual([
      [2, "two", "2026-01-03 00:00:00", { city: "two" }],
      [4, null, "2026-01-01 00:00:00", null],
      [5, "lone", null, null],
      [7, "seven", null, null],
    ]);
    expect((await lakehouse.table(table))?.rowCount).toBe(4);
  });

  test("a row that would be changed twice, a null where a value must be, and what is no one statement change nothing", async () => {
    const before = await last(table);
    for (const [sql, code] of [
      [
        `merge into ${table} t using (values (2), (2)) s(n) on t.id = s.n when matched then update set kind = 'x'`,
        "lakehouse/merge-cardinality",
      ],
      [`insert into ${table} (kind) values ('x')`, "lakehouse/sql-error"],
      [`update ${table} set nothing = 1`, "lakehouse/unsupported-statement"],
      [`delete from ${table} where true) or (true`, "lakehouse/unsupported-statement"],
      [`delete from ${table} where id = 1; drop table x`, "lakehouse/unsupported-statement"],
      [`delete from ${table} where id = 1 union select 1`, "lakehouse/sql-error"],
      [`delete from ${table} where id = (`, "lakehouse/unsupported-statement"],
      [`delete from ${table} where id ==== 2`, "lakehouse/sql-error"],
      [`update ${table} set kind = 'a', id = 1 from (select 1) as x where true limit 1`, "lakehouse/sql-error"],
      [`drop view ${table}`, "lakehouse/unsupported-statement"],
      ["delete from nowhere", "lakehouse/unknown-table"],
    ] as const)
      await expect(lakehouse.execute(sql), sql).rejects.toMatchObject({ code });
    expect(await last(table)).toEqual(before);
  });

  test("a delete of every row takes the files away", async () => {
    expect(await done(`truncate table ${table}`)).toEqual([0, 0, 4]);
    expect((await last(table))?.operation).toBe("delete");
    expect(await rows(`select count(*) from ${table}`)).toEqual([[0]]);
    expect(await done(`delete from ${table}`)).toEqual([0, 0, 0]);
  });
});

describe("tables are made and altered by statements", () => {
  const metadataOf = async (name: string) =>
    parseMetadata(await readFile((await lakehouse.table(name))?.metadataLocation?.replace("file://", "") ?? ""));

  test("a table in a namespace within another goes by its names, in every statement", async () => {
    await lakehouse.execute("create table lab.daily.t as select range as id from range(5)");
    await lakehouse.execute("delete from lab.daily.t where id in (select max(id) from lab.daily.t)");
    expect(await rows("select count(*) from lab.daily.t")).toEqual([[4]]);
    expect(await rows("select t.id from lab.daily.t where id = 2")).toEqual([[2]]);
    await expect(lakehouse.query("select * from lab.none.t")).rejects.toMatchObject({ code: "lakehouse/sql-error" });
  });

  test("of the target no more files are read than the conditions leave, or the keys of what is merged", async () => {
    await lakehouse.execute("create table days (id bigint, day date, note varchar) partitioned by (day)");
    const dayOf = (day: number) => `date '2001-01-0${day}'`;
    for (const day of [1, 2, 3])
      await lakehouse.execute(
        `insert into days select ${day * 100} + range, ${dayOf(day)}, 'n' || range from range(10)`,
      );
    /** How many data files are read, and what is done. */
    const ran = async (sql: string) => {
      const statement = readDml(sql);
      if (statement === undefined || statement.kind === "insert") throw new Error("not a change");
      const cache = createManifestCache(lake.ports.store);
      const ports = { ...lake.ports, cache, expand: (text: string) => Promise.resolve(text) };
      const table = await loadTarget(lake.ports, ["days"]);
      const files = await withTargetFiles(ports, table, { statement, sourceAlias: "s" }, (pruned) =>
        Promise.resolve(pruned.files?.filter(({ file }) => file.content === 0).length),
      );
      return [files, ...(await done(sql))];
    };
    expect(await ran(`delete from days where day = ${dayOf(2)} and id = 201`)).toEqual([1, 0, 0, 1]);
    expect(await ran("update days as d set note = 'u' where d.id between 202 and 203")).toEqual([1, 0, 2, 0]);
    const from = "(select 204 as k, 'f' as n) as s where id = s.k";
    expect(await ran(`update days set note = s.n from ${from} and id > 199`)).toEqual([2, 0, 1, 0]);
    expect(await ran("delete from days where note = 'none' or length(note) > 9")).toEqual([undefined, 0, 0, 0]);
    const merge = (source: string, on: string) =>
      `merge into days as d using (${source}) as s on ${on} when matched then update set note = s.note when not matched then insert (id, day, note) values (s.id, ${dayOf(2)}, s.note)`;
    const source = "select range as id, 'm' as note from range(205, 215)";
    expect(await ran(merge(source, "d.id = s.id"))).toEqual([1, 5, 5, 0]);
    expect(await ran(merge(source, `s.id = d.id and d.day = ${dayOf(2)}`))).toEqual([1, 0, 10, 0]);
    expect(await ran(merge("select null::bigint as id, 'none' as note", "d.id = s.id"))).toEqual([0, 1, 0, 0]);
    // Numbers told as texts are in another order, and what is not matched by the source may be anywhere.
    expect(await ran(merge("select '209' as id, 'x' as note", "d.id = s.id"))).toEqual([undefined, 0, 1, 0]);
    expect(await ran(merge(source, "d.id = s.id or s.id = 205").replace("205, 215", "205, 206"))).toEqual(
      expect.arrayContaining([undefined]),
    );
    const byNone = `merge into days as d using (${source}) as s on d.id = s.id when not matched by source and d.id = 300 then delete`;
    expect(await ran(byNone)).toEqual([undefined, 0, 0, 1]);
  });

  test("keys of other kinds of numbers are merged as the engine compares them", async () => {
    const merged = async (type: string, key: string, of: string) => {
      await lakehouse.execute("drop table if exists keyed");
      await lakehouse.execute(`create table keyed (k ${type}, note varchar)`);
      for (const one of [key, "5"]) await lakehouse.execute(`insert into keyed values (${one}, 'n')`);
      return done(
        `merge into keyed as t using (select ${of} as k) as s on t.k = s.k when matched then update set note = 'm' when not matched then insert (k) values (s.k)`,
      );
    };
    const one = [0, 1, 0];
    expect(await merged("double", "0.1::float::double", "0.1::float")).toEqual(one);
    expect(await merged("int", "16777217", "16777216::float")).toEqual(one);
    expect(await merged("bigint", "9007199254740993", "9007199254740992::double")).toEqual(one);
    expect(await merged("double", "0.1", "0.1::double")).toEqual(one);
    expect(await merged("decimal(20, 5)", "1.5", "1.5::double")).toEqual(one);
  });

  test("the list tells what each manifest's partitions lie between, by which whole manifests are passed over", async () => {
    await lakehouse.execute(
      `create table summed ("1" integer, a bigint, d decimal(10, 2), s varchar, b boolean) partitioned by (a, "1", d, s, bucket(4, s))`,
    );
    await lakehouse.execute(
      "insert into summed values (-7, 5, -1.28, 'x', true), (9, 3, 12.5, 'é', null), (null, 4, 0, 'b', true)",
    );
    await lakehouse.execute("insert into summed values (100, 50, 400, 'y', true)");
    const { metadata } = await loadTarget(lake.ports, ["summed"]);
    const [newer, older] = await manifestsOf(lake.ports.store, metadata);
    const told = (older?.partitions ?? []).map((one) => [
      one.contains_null,
      one.lower_bound?.toString("hex"),
      one.upper_bound?.toString("hex"),
    ]);
    expect(told.slice(0, 4)).toEqual([
      [false, "0300000000000000", "0500000000000000"],
      [true, "f9ffffff", "09000000"],
      [false, "80", "04e2"],
      [false, "62", "c3a9"],
    ]);
    expect(newer?.partitions?.[2]?.upper_bound?.toString("hex")).toBe("009c40");
    const select = async (where: string) => {
      const { rows: found, scans } = await lakehouse.query(`select count(*) from summed where ${where}`);
      return [found[0]?.[0], scans?.[0]?.files];
    };
    expect(await select('"1" = 9')).toEqual([1, 1]);
    expect(await select('"1" is null')).toEqual([1, 1]);
    expect(await select("a = 50 or d = -1.28")).toEqual([2, 2]);
    expect(await select("a > 50")).toEqual([0, 0]);
    expect(await select("s = 'é' and a < 10")).toEqual([1, 1]);
  });

  test("rows deleted by position are left out beside columns of any name, also once the schema has changed", async () => {
    await lakehouse.execute(
      `create table odd as select range::integer as pos, 'a' || range as file_path, range as gone, 'field 1' as "field 1" from range(1000)`,
    );
    await lakehouse.execute("alter table odd set tblproperties ('write.delete.mode' = 'merge-on-read')");
    expect(await done("delete from odd where pos % 3 = 0")).toEqual([0, 0, 334]);
    expect(await done("delete from odd where gone % 3 = 1 and file_path like 'a1%'")).toEqual([0, 0, 39]);
    const counted = "select count(*), sum(pos), count(file_path) from odd";
    const [before] = await rows(counted);
    expect(before?.[0]).toBe(1000 - 334 - 39);
    expect((await last("odd"))?.summary["total-position-deletes"]).toBe("373");
    await lakehouse.execute("alter table odd add column more varchar");
    expect(await rows(counted)).toEqual([before]);
    expect(await done("update odd set more = 'x' where pos = 5")).toEqual([0, 1, 0]);
    expect(await rows("select pos, more from odd where more is not null")).toEqual([[5, "x"]]);
    expect(await rows(counted)).toEqual([before]);
  });

  test("CREATE TABLE with partitioning and order, columns added, renamed, widened, moved and dropped, nested ones too", async () => {
    await lakehouse.execute(
      `create table if not exists lab.points (id int not null comment 'its number', kind varchar(10), at timestamp_ntz,
         amount decimal(9, 2), price decimal(9, 2), place struct<city: string, spot: struct<x: float>>, tags array<string>, notes map<string, struct<a int>>)
       using iceberg partitioned by (kind, days(at), bucket(4, id), truncate(10, amount)) write ordered by id desc, kind
       tblproperties ('write.delete.mode' = 'merge-on-read', 'a' = 1)`,
    );
    await lakehouse.execute(
      `insert into lab.points values (1, 'a', '2026-01-01', -1.5, 7, {city: 'x', spot: {x: 1}}, ['t'], map {'n': {a: 1}}), (2, NULL, '1969-12-31', NULL, NULL, NULL, NULL, NULL)`,
    );
    await expect(lakehouse.execute("alter table lab.points alter column amount type decimal(20, 2)")).rejects.toThrow(
      "partitioned by the decimal",
    );
    for (const change of [
      "add columns (place.spot.y double comment 'north' first, more string after id)",
      "add column notes.value.b int",
      "rename column place.city to town",
      "alter column place.spot.x type double",
      "alter column id type bigint",
      "alter column price type decimal(20, 2)",
      "alter column kind comment 'what it is'",
      "alter column tags first",
      "drop partition field days(at)",
      "replace partition field bucket(4, id) with bucket(8, id)",
      "add partition field years(at) as year_of_it",
      "drop column more",
      "set identifier fields id",
      "write distributed by partition locally ordered by at",
      "unset tblproperties ('a')",
    ])
      await lakehouse.execute(`alter table lab.points ${change}`);
    await lakehouse.execute(
      `insert into lab.points by name select 3 as id, 'c' as kind, {town: 'z', spot: {y: 2, x: 3}} as place, timestamp '2026-05-05' as at`,
    );
    await lakehouse.execute("delete from lab.points where id = 2");
    expect(await rows("select id, kind, amount, place, tags, notes from lab.points order by id")).toEqual([
      [1, "a", "-1.50", { town: "x", spot: { y: null, x: 1 } }, ["t"], "{'n': {'a': 1, 'b': NULL}}"],
      [3, "c", null, { town: "z", spot: { y: 2, x: 3 } }, null, null],
    ]);
    expect(
      await rows(
        "select partition, record_count from lab.points.files where content = 0 order by record_count, partition",
      ),
    ).toHaveLength(2);
    const metadata = await metadataOf("lab.points");
    expect(metadata?.["partition-specs"].at(-1)?.fields.map(({ name, transform }) => `${name} ${transform}`)).toEqual([
      "kind identity",
      "amount_trunc truncate[10]",
      "id_bucket bucket[8]",
      "year_of_it year",
    ]);
    expect(metadata?.properties).toMatchObject({ "write.distribution-mode": "hash" });
    expect(metadata?.properties).not.toHaveProperty("a");
  });

  test("as a query, renamed, dropped; what cannot be says why and changes nothing", async () => {
    await lakehouse.execute(
      "create table lab.made partitioned by (bucket(2, n)) as select i as n, i / 2 as half from range(10) as r(i)",
    );
    await lakehouse.execute("alter table lab.made rename to lab.renamed");
    expect(await rows("select count(*), sum(half) from lab.renamed")).toEqual([[10, 22.5]]);
    const before = await metadataOf("lab.renamed");
    for (const [sql, code] of [
      ["create table lab.renamed (a int)", "lakehouse/unsupported-statement"],
      ["create table lab.other (a serial)", "lakehouse/unsupported-statement"],
      ["create table lab.other (a int) partitioned by (days(a))", "iceberg/invalid-change"],
      ["create table lab.other as select nothing", "lakehouse/sql-error"],
      ["alter table lab.renamed alter column half type int", "lakehouse/unsupported-statement"],
      ["alter table lab.renamed drop column n", "lakehouse/unsupported-statement"],
      ["alter table lab.renamed add column must int not null", "lakehouse/unsupported-statement"],
      ["alter table lab.renamed rename column none to some", "lakehouse/unknown-column"],
      ["alter table lab.renamed add partition field bucket(2, n)", "lakehouse/unsupported-statement"],
      ["drop view lab.renamed", "lakehouse/unsupported-statement"],
      ["drop table lab.none", "lakehouse/unknown-table"],
    ] as const)
      await expect(lakehouse.execute(sql), sql).rejects.toMatchObject({ code });
    expect(await metadataOf("lab.renamed")).toEqual(before);
    await lakehouse.execute("drop table lab.renamed");
    await lakehouse.execute("drop table if exists lab.renamed");
    expect(await lakehouse.table("lab.renamed")).toBeUndefined();
    expect(await lakehouse.table("lab.other")).toBeUndefined();
    await lakehouse.write({ table: "by_a_run", select: "select 1 as a", mode: "replace" });
    await expect(lakehouse.execute("delete from by_a_run")).rejects.toMatchObject({ code: "lakehouse/road-table" });
    await expect(lakehouse.execute("drop table by_a_run")).rejects.toMatchObject({ code: "lakehouse/road-table" });
    await lakehouse.execute("alter table by_a_run set tblproperties ('millwright.sql-writes' = true)");
    expect(await done("delete from by_a_run")).toEqual([0, 0, 1]);
  });
});

const { python = "" } = inject("means");

/** What each table has, by another reader: `id kind` of each row in their order. */
const READERS = {
  pyiceberg: `from pyiceberg.table import StaticTable
read = lambda location: [(r["id"], r["kind"]) for r in StaticTable.from_metadata(location).scan(row_filter="id > 0 and kind != 'nothing'").to_arrow().to_pylist()]`,
  "DuckDB's extension": `import duckdb, glob, importlib.util
c = duckdb.connect(config={"allow_unsigned_extensions": "true"})
for e in ("avro", "iceberg"):
    folder = importlib.util.find_spec("duckdb_extension_" + e).submodule_search_locations[0]
    c.execute("LOAD '%s'" % glob.glob(folder + "/extensions/*/*.duckdb_extension")[0])
read = lambda location: c.execute("select id, kind from iceberg_scan('%s') where id > 0" % location).fetchall()`,
};

describe.skipIf(python === "")("other readers see the rows that are left", () => {
  const tables: string[] = [];
  beforeAll(async () => {
    for (const mode of ["copy-on-write", "merge-on-read"])
      for (const [index, partition] of [[], BY_KIND_AND_DAY, BY_BUCKET].entries()) {
        const table = `read_${mode.slice(0, 4)}_${index}`;
        const properties = { "write.delete.mode": mode, "write.merge.mode": mode };
        await makeTable(table, { partition, properties });
        await lakehouse.execute(
          `insert into ${table} select i, 'kind ' || i % 3, timestamp '2026-01-01' + to_days(i % 2), null from range(1, 13) as r(i)`,
        );
        await lakehouse.execute(`delete from ${table} where id in (1, 5)`);
        await lakehouse.execute(
          `merge into ${table} as t using (values (2), (20)) as s(n) on t.id = s.n when matched then update set kind = 'é' when not matched then insert (id, kind) values (n, '*/x=[1]')`,
        );
        await lakehouse.execute(`delete from ${table} where id = 3`);
        tables.push(table);
      }
  });

  test.each(Object.entries(READERS))("%s", async (_reader, read) => {
    const script = `import json, sys\n${read}\nprint(json.dumps([sorted(read(place)) for place in sys.argv[1:]]))`;
    const places = await Promise.all(
      tables.map(async (table) => (await lakehouse.table(table))?.metadataLocation ?? ""),
    );
    const { stdout, stderr } = spawnSync(python, ["-c", script, ...places], { encoding: "utf8" });
    const own = await Promise.all(
      tables.map((table) => rows(`select id, kind from ${table} where id > 0 order by id`)),
    );
    expect(own[0]).toHaveLength(10);
    expect(new Set(own.map((one) => JSON.stringify(one))).size).toBe(1);
    expect(JSON.parse(stdout === "" ? JSON.stringify(stderr) : stdout)).toEqual(own);
  });
});
