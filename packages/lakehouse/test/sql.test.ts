import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Lakehouse, SqlEngine, SqlParameters } from "../src/index.ts";
import { createLakehouse } from "../src/index.ts";
import { openLake, type TestLake } from "./support/lake.ts";

let lake: TestLake;
let lakehouse: Lakehouse;

beforeAll(async () => {
  lake = await openLake();
  ({ lakehouse } = lake);
  await lakehouse.execute(
    "create table lab.days partitioned by (d) as select date '2001-01-01' + (i // 10)::int as d, i::bigint as k, " +
      "'o''' || i as s, (i / 4)::decimal(9,2) as m from range(40) as r(i)",
  );
});

afterAll(() => lake.close());

const ask = async (sql: string, parameters?: SqlParameters) => lakehouse.execute(sql, { parameters });
const rows = async (sql: string, parameters?: SqlParameters) => (await ask(sql, parameters)).rows;

describe("parameters", () => {
  test("by place, by question mark, by name and by name that is a number", async () => {
    const expected = [["o'7"]];
    expect(await rows("select s from lab.days where k = $1 and s = $2", [7, "o'7"])).toEqual(expected);
    expect(await rows("select s from lab.days where s = $2 and k = $1", [7, "o'7"])).toEqual(expected);
    expect(await rows("select s from lab.days where k = ? and s = ?", [7, "o'7"])).toEqual(expected);
    expect(await rows("select s from lab.days where k = $key and s = $S", { key: 7, s: "o'7" })).toEqual(expected);
    expect(await rows("select s from lab.days where k = $1", { "1": 7 })).toEqual(expected);
    expect(await rows('select \'$1\', $$?$$, "?" from (select $1 as "?") -- $2', [3])).toEqual([["$1", "?", 3]]);
  });

  test("a value is never read as SQL", async () => {
    const hostile = "x' or true; drop table lab.days; --";
    expect(await rows("select count(*) from lab.days where s = $1", [hostile])).toEqual([[0]]);
    expect(await rows("select $1", [hostile])).toEqual([[hostile]]);
    await ask("create table lab.texts as select $1 as s", [hostile]);
    await ask("insert into lab.texts values ($2), ($1)", [hostile, "plain"]);
    await ask("update lab.texts set s = s || $suffix where s = $s", { s: "plain", suffix: "'; --" });
    expect(await rows("select s, count(*) from lab.texts group by s order by s")).toEqual([
      ["plain'; --", 1],
      [hostile, 2],
    ]);
    await ask("delete from lab.texts where s = ?", [hostile]);
    expect(await rows("select count(*) from lab.texts")).toEqual([[1]]);
  });

  test("have types: of the value, of what they stand beside, or as told", async () => {
    const typesOf = async (parameters: SqlParameters) =>
      (await ask("select $1 as one", parameters)).columns.map(({ type }) => type);
    expect(await typesOf([1])).toEqual(["long"]);
    expect(await typesOf([1.5])).toEqual(["double"]);
    expect(await typesOf([true])).toEqual(["boolean"]);
    expect(await typesOf(["a"])).toEqual(["string"]);
    expect(await typesOf([{ type: "decimal(9,2)", value: "1.50" }])).toEqual(["decimal(9, 2)"]);
    for (const [type, value] of [
      ["date", "2001-01-31"],
      ["timestamp", "2001-01-31 12:00:00.000001"],
      ["timestamptz", "2001-01-31 12:00:00+00"],
      ["time", "12:30:00"],
      ["uuid", "0b0e51a4-6a2b-4f6f-8a3e-6d2f8a0b3c11"],
      ["long", "9007199254740993"],
    ] as const) {
      const { columns, rows: found } = await ask("select $1 as one", [{ type, value }]);
      expect(columns[0]?.type).toBe(type);
      expect(found).toEqual([[type === "long" ? BigInt(value) : value]]);
    }
    expect(await rows("select count(*) from lab.days where d = $1", ["2001-01-02"])).toEqual([[10]]);
    expect(await rows("select $1 is null", [{ type: "date", value: null }])).toEqual([[true]]);
  });

  test("leave as few files to be opened as the values themselves", async () => {
    for (const value of ["2001-01-02", { type: "date", value: "2001-01-02" }]) {
      const { scans, rows: found } = await ask("select count(*) from lab.days where d = $day", { day: value });
      expect([found, scans?.map(({ files, filesTotal }) => [files, filesTotal])]).toEqual([[[10]], [[1, 4]]]);
    }
  });

  test("of every kind of statement that changes rows, also where a part names only some", async () => {
    await ask("create table lab.pairs as select i::bigint as k, 'old' as v from range(4) as r(i)");
    const merge =
      "merge into lab.pairs as t using (select unnest([$1, $2]) as k) as s on t.k = s.k " +
      "when matched then update set v = $3 when not matched then insert values (s.k, $4)";
    expect((await rows(merge, [1, 9, "updated", "inserted"]))[0]?.slice(0, 5)).toEqual(["merge", "lab.pairs", 1, 1, 0]);
    await ask("with w as (select $low as low) delete from lab.pairs using w where k = low", { low: 0 });
    expect(await rows("select k, v from lab.pairs order by k")).toEqual([
      [1, "updated"],
      [2, "old"],
      [3, "old"],
      [9, "inserted"],
    ]);
  });

  test.each([
    ["select $1", undefined, "no value was given for $1"],
    ["select $1, $2", [1], "no value was given for $2"],
    ["select $name", [1], "no value was given for $name"],
    ["select 1", [1], "the statement has no $1"],
    ["select $a", { a: 1, b: 2 }, "the statement has no $b"],
  ] as const)("%s with %j is refused: %s", async (sql, parameters, because) => {
    await expect(ask(sql, parameters)).rejects.toMatchObject({ code: "lakehouse/wrong-parameters", because });
  });

  test("a text that is not of its type is refused, and so is a type that there is not", async () => {
    await expect(ask("select $1", [{ type: "date", value: "soon" }])).rejects.toMatchObject({
      code: "lakehouse/sql-error",
    });
    await expect(ask("select $1", [{ type: "int); drop", value: "1" }])).rejects.toMatchObject({
      code: "lakehouse/unsupported-type",
    });
  });
});

describe("a statement sees what others have written, with no word of it", () => {
  test("whether it reads a table whole, in part, through a view, in a subquery or from its target", async () => {
    const other = await lake.another();
    await lakehouse.execute("create table lab.seen as select 0 as k");
    await lakehouse.createView({ name: "seen_view", select: "select k as n from lab.seen" });
    const counts = async () => ({
      whole: await rows("select count(*) from lab.seen"),
      upper: await rows('select count(*) from LAB."SEEN"'),
      part: await rows("select count(*) from lab.seen where k >= 0"),
      view: await rows("select count(n) from seen_view"),
      within: await rows("select (select count(*) from lab.seen)"),
      unparsed: (await rows("summarize lab.seen")).map((row) => [row[10]]),
    });
    expect(new Set(Object.values(await counts()).map(String))).toEqual(new Set(["1"]));
    await other.execute("insert into lab.seen values (1)");
    expect(new Set(Object.values(await counts()).map(String))).toEqual(new Set(["2"]));
    await other.execute("insert into lab.seen values (2)");
    await lakehouse.execute("insert into lab.seen select k + 10 from lab.seen");
    expect(await rows("select count(*) from lab.seen")).toEqual([[6]]);
    await other.execute("insert into lab.seen values (3)");
    expect(await lakehouse.execute("create table lab.copied as select * from lab.seen")).toMatchObject({
      rows: [["create", "lab.copied", true, 7]],
    });
    await other.execute("alter table lab.seen rename column k to key");
    await expect(lakehouse.execute("select n from seen_view")).rejects.toMatchObject({ code: "lakehouse/sql-error" });
    await other.createView({ name: "seen_view", select: "select key as n from lab.seen" });
    expect(await rows("select count(n) from seen_view")).toEqual([[7]]);
    await other.execute("drop table lab.seen");
    await expect(lakehouse.execute("select * from lab.seen")).rejects.toMatchObject({ code: "lakehouse/sql-error" });
  });

  test("all tables are there for who asks which there are", async () => {
    const other = await lake.another();
    await lakehouse.execute("create table lab.listed as select 1 as k");
    const listed = await other.query("select table_name from information_schema.tables where table_schema = 'lab'");
    expect(listed.rows.flat()).toContain("listed");
  });
});

describe("the engine is told of a table when it is asked for", () => {
  test("neither when the lake is opened nor when it is written", async () => {
    const told: string[] = [];
    const watched: SqlEngine = {
      ...lake.ports.engine,
      setRelation: (name, select) => {
        told.push(name);
        return lake.ports.engine.setRelation(name, select);
      },
    };
    const own = await createLakehouse({ ...lake.ports, engine: watched });
    await own.write({ table: "quiet", select: "select 1 as k", mode: "replace" });
    await own.write({ table: "quiet", select: "select 2 as k", mode: "append" });
    expect(told).toEqual([]);
    expect((await own.query("select sum(k) from quiet")).rows).toEqual([[3]]);
    await own.query("select sum(k) from quiet");
    expect(told).toEqual(["quiet"]);
  });
});

describe("CREATE TABLE … AS that fails", () => {
  test("leaves no table of its name", async () => {
    await expect(ask("create table lab.failing as select error('no')::int as k from range(3)")).rejects.toMatchObject({
      code: "lakehouse/sql-error",
    });
    expect(await lakehouse.table("lab.failing")).toBeUndefined();
  });

  test("does not take away what another has made of the name meanwhile", async () => {
    const other = await lake.another();
    const { engine } = lake.ports;
    const meddled: SqlEngine = {
      ...engine,
      within: () => meddled,
      writeFiles: async () => {
        await other.execute("drop table lab.contested");
        await other.execute("create table lab.contested as select 'theirs' as owner");
        throw new Error("the disk is gone");
      },
    };
    const own = await createLakehouse({ ...lake.ports, engine: meddled });
    await expect(own.execute("create table lab.contested as select 1 as k")).rejects.toThrow("the disk is gone");
    expect(await rows("select owner from lab.contested")).toEqual([["theirs"]]);
  });
});

describe("DROP TABLE", () => {
  test("drops the table that others write to meanwhile, and never another of its name", async () => {
    const other = await lake.another();
    await lakehouse.execute("create table lab.dropped as select 1 as k");
    const meddling = async (statements: readonly string[]) => {
      const entries = lake.ports.entries;
      if (entries === undefined) throw new Error("the lake has entries");
      let met = false;
      return createLakehouse({
        ...lake.ports,
        entries: {
          ...entries,
          remove: async (key, expected) => {
            if (!met) for (const statement of statements) await other.execute(statement);
            met = true;
            return entries.remove(key, expected);
          },
        },
      });
    };
    await (await meddling(["insert into lab.dropped values (2)"])).execute("drop table lab.dropped");
    expect(await lakehouse.table("lab.dropped")).toBeUndefined();
    await lakehouse.execute("create table lab.dropped as select 1 as k");
    const replaced = ["drop table lab.dropped", "create table lab.dropped as select 'theirs' as owner"];
    await expect((await meddling(replaced)).execute("drop table lab.dropped")).rejects.toMatchObject({
      code: "lakehouse/commit-conflict",
    });
    expect(await rows("select owner from lab.dropped")).toEqual([["theirs"]]);
  });
});

describe("an engine that cannot do all", () => {
  test("is asked for what it can, and what it cannot is refused", async () => {
    const { engine } = lake.ports;
    const plain: SqlEngine = {
      ...engine,
      capabilities: { dialect: "duckdb", tellsTrees: false, takesParameters: false, formats: ["csv"] },
      within: () => plain,
      parse: () => Promise.reject(new Error("it has no parser")),
    };
    const own = await createLakehouse({ ...lake.ports, engine: plain });
    const { rows: found, scans } = await own.query("select count(*) from lab.days where d = date '2001-01-02'");
    expect([found, scans]).toEqual([[[10]], []]);
    await expect(own.query("select $1", { parameters: [1] })).rejects.toMatchObject({
      code: "lakehouse/engine-cannot",
    });
    const read = async (format: "csv" | "arrow") => {
      for await (const part of own.readBytes("select 1 as k", { format })) return Buffer.from(part).toString();
      return undefined;
    };
    expect(await read("csv")).toBe("k\n1\n");
    await expect(read("arrow")).rejects.toMatchObject({ code: "lakehouse/engine-cannot" });
  });
});

describe("statements beside each other", () => {
  test("one that reads some files of a table leaves the table to those who read it by its name", async () => {
    const told: string[] = [];
    const engine: SqlEngine = {
      ...lake.ports.engine,
      setRelation: (name, select) => {
        told.push(`${select === undefined ? "without" : "with"} ${name.split("\u001f").at(-1)}`);
        return lake.ports.engine.setRelation(name, select);
      },
    };
    const own = await createLakehouse({ ...lake.ports, engine });
    const count = async (from: string) => (await own.query(`select count(*) from ${from}`)).rows[0]?.[0];
    expect(await count("lab.days")).toBe(40);
    expect(await count("lab.days where d = date '2001-01-02'")).toBe(10);
    expect(await count("lab.days")).toBe(40);
    expect(told).toEqual(["with days"]);
    await own.execute("create table named as select 1 as k");
    expect(await count("named")).toBe(1);
    await own.execute("insert into named values (2)");
    expect(await count("query_table('named')")).toBe(2);
    await own.execute("drop table named");
    await expect(count("named where k = 1")).rejects.toMatchObject({ code: "lakehouse/sql-error" });
  });
});
