import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { silentLogger } from "@millwright/kernel";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { createDuckdbEngine } from "../src/adapters/duckdb-sql-engine.ts";
import type { BytesOptions, Lakehouse, ResultFormat } from "../src/index.ts";
import { openLake, type TestLake } from "./support/lake.ts";

let lake: TestLake;
let lakehouse: Lakehouse;

beforeAll(async () => {
  lake = await openLake();
  ({ lakehouse } = lake);
  await lakehouse.execute("create table lab.numbers as select range::bigint as k from range(10)");
});

afterAll(() => lake.close());

async function bytes(sql: string, options: BytesOptions): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of lakehouse.readBytes(sql, options)) parts.push(part);
  return Buffer.concat(parts);
}

const text = async (sql: string, options: BytesOptions) => (await bytes(sql, options)).toString();

const VALUES =
  "select 1 as n, null as nothing, '' as empty, 'a \"b\", c' as quoted, 'two\nlines' as lines, true as yes, " +
  "date '2001-01-02' as d, timestamp '2001-01-02 03:04:05.678' as t, 1.50::decimal(9,2) as m, 9007199254740993 as wide, " +
  "[1, null] as list, {'a': 'x'} as struct, '\\x01\\xFF'::blob as b";

describe("rows as text", () => {
  test("as CSV: null is nothing, an empty text is in quotes", async () => {
    expect(await text(VALUES, { format: "csv" })).toBe(
      'n,nothing,empty,quoted,lines,yes,d,t,m,wide,list,struct,b\n1,,"","a ""b"", c","two\nlines",true,2001-01-02,' +
        '2001-01-02 03:04:05.678,1.50,9007199254740993,"[1,null]","{""a"":""x""}",0x01ff\n',
    );
  });

  test("as lines of JSON", async () => {
    const [line = "", ...rest] = (await text(VALUES, { format: "jsonl" })).split("\n");
    expect(rest).toEqual([""]);
    expect(JSON.parse(line)).toEqual({
      n: 1,
      nothing: null,
      empty: "",
      quoted: 'a "b", c',
      lines: "two\nlines",
      yes: true,
      d: "2001-01-02",
      t: "2001-01-02 03:04:05.678",
      m: "1.50",
      wide: "9007199254740993",
      list: [1, null],
      struct: { a: "x" },
      b: "0x01ff",
    });
  });

  test("as one document, which is what a query answers", async () => {
    const sql = "select k, 'x' as s from lab.numbers where k > 3 order by k";
    expect(JSON.parse(await text(sql, { format: "json" }))).toEqual(await lakehouse.query(sql));
    expect(JSON.parse(await text("select 1 as one where false", { format: "json" }))).toMatchObject({ rows: [] });
  });

  test("what a change has done is told in them too", async () => {
    expect(await text("insert into lab.numbers values (10), (11)", { format: "csv" })).toMatch(
      /^statement,table,inserted,updated,deleted,snapshot_id\ninsert,lab\.numbers,2,0,0,\d+\n$/,
    );
    expect(JSON.parse(await text("delete from lab.numbers where k > 9", { format: "json" }))).toMatchObject({
      columns: [{ name: "statement", type: "string" }, {}, {}, {}, {}, {}],
      rows: [["delete", "lab.numbers", 0, 0, 2, expect.any(String)]],
      truncated: false,
    });
  });

  test("columns of one name are told each", async () => {
    expect(await text("select 1 as a, 2 as a", { format: "csv" })).toBe("a,a\n1,2\n");
  });
});

const FORMATS: readonly ResultFormat[] = ["json", "jsonl", "csv", "arrow", "parquet"];

describe("bounds", () => {
  test.each(FORMATS)("%s: no more rows than are asked for, and none of a result that has too many", async (format) => {
    const sql = "select range as k from range(100000) order by k";
    expect((await bytes(sql, { format, maxRows: 3 })).length).toBeLessThan(2_000);
    await expect(bytes(sql, { format, rowsLimit: 99_999 })).rejects.toMatchObject({ code: "lakehouse/too-many-rows" });
    expect((await bytes(sql, { format, rowsLimit: 100_000 })).length).toBeGreaterThan(100_000);
    expect((await bytes(sql, { format, rowsLimit: 10, maxRows: 10 })).length).toBeGreaterThan(0);
  });

  test("a document says that there were more", async () => {
    const of = async (maxRows: number) =>
      JSON.parse(await text("select k from lab.numbers", { format: "json", maxRows })) as { truncated: boolean };
    expect([(await of(10)).truncated, (await of(9)).truncated]).toEqual([false, true]);
  });

  test.each(FORMATS)("%s: an error before the first row is that error", async (format) => {
    await expect(bytes("select nothing from lab.numbers", { format })).rejects.toMatchObject({
      code: "lakehouse/sql-error",
    });
  });

  test("parts come as they are asked for: of a result without end a reader may take the first", async () => {
    const endless = "select a.range as k, 'some text that is long enough' as s from range(1000000000) as a";
    let taken = 0;
    for await (const part of lakehouse.readBytes(endless, { format: "csv" })) {
      expect(part.length).toBeLessThan(8 * 2 ** 20);
      taken += 1;
      if (taken === 3) break;
    }
    expect(taken).toBe(3);
  });
});

const HEAVY = "select sum(hash(a.range + b.range)) from range(100000000) as a, range(100000000) as b";

describe("a signal", () => {
  test.each([
    ["a query", HEAVY],
    ["a statement that lays rows aside", `delete from lab.numbers where k in (${HEAVY.replace("sum", "max")})`],
    ["one that writes", `insert into lab.numbers select (${HEAVY.replace("sum", "max")})::bigint % 7`],
    ["one that makes a table", `create table lab.never as ${HEAVY.replace("select", "select 1 as k,")}`],
  ])("ends %s, in the engine too, and changes nothing", async (_what, sql) => {
    const before = await lakehouse.table("lab.numbers");
    const controller = new AbortController();
    const run = bytes(sql, { format: "json", signal: controller.signal });
    setTimeout(() => controller.abort(new Error("enough")), 300);
    // It is refused once the engine has let go.
    await expect(run).rejects.toThrow("enough");
    expect(await lakehouse.table("lab.numbers")).toEqual(before);
    expect(await lakehouse.table("lab.never")).toBeUndefined();
    const scratch = "select count(*) from duckdb_tables() where schema_name = 'mill scratch'";
    expect((await lakehouse.engine.query(scratch)).rows).toEqual([[0]]);
  });

  test("that has fired already begins nothing", async () => {
    await expect(bytes("select 1", { format: "csv", signal: AbortSignal.abort(new Error("gone")) })).rejects.toThrow(
      "gone",
    );
  });
});

const { python = "" } = inject("means");

/** Every type of the engine that has one in Arrow, with nulls, over several of the engine's chunks. */
const TYPES =
  "select case when i % 3 = 0 then null else i end as one_in_three, (i % 2 = 0) as b, (i % 100)::tinyint as i8, i::smallint as i16, " +
  "i::int as i32, -i as i64, (i % 200)::utinyint as u8, i::usmallint as u16, i::uinteger as u32, 18446744073709551615::ubigint - i::ubigint as u64, " +
  "i / 7::float as f, i / 3 as g, (i % 99 / 4)::decimal(4,2) as d4, (-i / 4)::decimal(9,2) as d9, (i / 4)::decimal(18,3) as d18, (-i)::decimal(38,5) as d38, " +
  "date '1969-12-01' + i::int as d, timestamp '1969-12-31 23:59:59.123456' + to_seconds(i) as t, " +
  "timestamptz '2001-01-01 00:00:00+00' + to_seconds(i) as tz, time '00:00:01' + to_seconds(i) as tm, " +
  "'é ' || i as s, encode('ä' || i) as bytes, case when i % 5 = 0 then null else [i, null, i + 1] end as list, " +
  "case when i % 7 = 0 then null else {'a': i, 'b': case when i % 2 = 0 then 'x' || i end, 'l': [i]} end as struct, " +
  "map {'k' || i: i} as map, [[i], []] as nested, null as nothing from range(5000) as r(i)";

const COMPARE = `
import sys, json, pyarrow.ipc, pyarrow.parquet
reader = pyarrow.ipc.open_stream(sys.argv[1])
batches = [batch for batch in reader]
for batch in batches: batch.validate(full=True)
arrow = pyarrow.Table.from_batches(batches, reader.schema)
parquet = pyarrow.parquet.read_table(sys.argv[2])
different = [name for name in arrow.column_names if arrow.column(name).to_pylist() != parquet.column(name).to_pylist()]
print(json.dumps({"rows": arrow.num_rows, "different": different, "types": [str(t) for t in arrow.schema.types]}))
`;

describe.skipIf(python === "")("Arrow, as pyarrow reads it", () => {
  const read = (script: string, ...args: readonly string[]) => {
    const { stdout, stderr, status } = spawnSync(python, ["-c", script, ...args], { encoding: "utf8" });
    expect(status, stderr).toBe(0);
    return JSON.parse(stdout) as unknown;
  };

  test("has the same values as the engine's own Parquet, of every type", async () => {
    const [arrow, parquet] = [join(lake.folder, "types.arrow"), join(lake.folder, "types.parquet")];
    const sql = `select * from (${TYPES}) order by i32`;
    writeFileSync(arrow, await bytes(sql, { format: "arrow" }));
    writeFileSync(parquet, await bytes(sql, { format: "parquet" }));
    const found = read(COMPARE, arrow, parquet) as { types: string[] };
    expect(found).toMatchObject({ rows: 5_000, different: [] });
    expect(found.types).toEqual(
      expect.arrayContaining([
        "bool",
        "uint64",
        "decimal128(4, 2)",
        "date32[day]",
        "timestamp[us, tz=UTC]",
        "time64[us]",
      ]),
    );
  });

  test("has what Parquet has not: intervals, arrays, wide numbers, other kinds of times; and no rows at all", async () => {
    const script =
      "import sys, json, pyarrow.ipc\nt = pyarrow.ipc.open_stream(sys.argv[1]).read_all(); t.validate(full=True)\n" +
      "print(json.dumps([[str(v) for v in t.to_pylist()[0].values()] if t.num_rows else [], [str(x) for x in t.schema.types]]))";
    const place = join(lake.folder, "other.arrow");
    const other =
      "select interval '2 months 3 days 4 microseconds' as i, array_value(1, 2, 3) as a, 170141183460469231731687303715884105727::hugeint % 1000 as h, " +
      "timestamp_s '2001-01-01 00:00:01' as s, timestamp_ms '2001-01-01 00:00:00.001' as ms, 'y'::enum('x', 'y') as e, " +
      "'0b0e51a4-6a2b-4f6f-8a3e-6d2f8a0b3c11'::uuid as u, '101'::bit as bits";
    writeFileSync(place, await bytes(other, { format: "arrow" }));
    expect(read(script, place)).toEqual([
      [
        "MonthDayNano(months=2, days=3, nanoseconds=4000)",
        "[1, 2, 3]",
        "727",
        "2001-01-01 00:00:01",
        "2001-01-01 00:00:00.001000",
        "y",
        "0b0e51a4-6a2b-4f6f-8a3e-6d2f8a0b3c11",
        "101",
      ],
      [
        "month_day_nano_interval",
        "fixed_size_list<item: int32>[3]",
        "decimal128(38, 0)",
        "timestamp[s]",
        "timestamp[ms]",
        "string",
        "string",
        "string",
      ],
    ]);
    writeFileSync(place, await bytes("select 1 as k, 'x' as s where false", { format: "arrow" }));
    expect(read(script, place)).toEqual([[], ["int32", "string"]]);
  });
});

test.each(["csv", "arrow"] as const)("%s: of long texts a part has fewer rows, within lists too", async (format) => {
  const text = "repeat('x', 2000)";
  for (const column of [text, `[${text}]`, `{'a': map {1: ${text}}}`]) {
    const lengths: number[] = [];
    for await (const part of lakehouse.readBytes(`select ${column} as c from range(8192)`, { format }))
      lengths.push(part.length);
    expect(lengths.reduce((sum, one) => sum + one, 0)).toBeGreaterThan(8_000_000);
    expect(Math.max(...lengths)).toBeLessThan(5_000_000);
  }
});

test("who reads from an engine that has been started anew meanwhile gets none of another's rows", async () => {
  const settings = { tempFolder: join(lake.folder, "tmp-anew"), memoryMb: 512, threads: 1, logger: silentLogger };
  const engine = createDuckdbEngine({ folders: [lake.folder], ...settings });
  const bytesOf = (sql: string) => engine.readBytes(sql, { format: "csv" })[Symbol.asyncIterator]();
  const columnsOf = (sql: string) => engine.readColumns(sql, { batchRows: 1_000 })[Symbol.asyncIterator]();
  try {
    const lost = [bytesOf, columnsOf].map((read) => read("select 1 as own from range(1000000)"));
    for (const one of lost) expect((await one.next()).done).toBe(false);
    await engine.allowFolders([lake.folder, join(lake.folder, "another")]);
    const others = [bytesOf, columnsOf].map((read) => read("select 2 as other from range(1000000)"));
    for (const one of others) await one.next();
    const rest = async (one: AsyncIterator<unknown>) => {
      for (let next = await one.next(); next.done !== true; next = await one.next());
    };
    for (const one of lost) await expect(rest(one)).rejects.toMatchObject({ code: "lakehouse/engine-died" });
    for (const one of others) {
      expect((await one.next()).done).toBe(false);
      await one.return?.();
    }
  } finally {
    await engine.close();
  }
});
