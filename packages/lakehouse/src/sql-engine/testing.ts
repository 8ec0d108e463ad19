import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ResultFormat, SqlEngine } from "../ports.ts";

/** An engine under the suite. */
export interface SqlEngineFixture {
  open(): Promise<SqlEngine>;
  /** A folder that the engine may write to and read from, and the tests as well. */
  readonly folder: string;
  /** A SELECT of the numbers from 0 on, so many of them, as `n`. */
  numbers(count: number): string;
  /** A SELECT of the rows of a Parquet file. */
  fileSelect(path: string): string;
  /** A SELECT that takes longer than a test may. */
  readonly endless: string;
}

const KEYS = "SELECT * FROM (VALUES (1, 'one'), (2, NULL), (3, 'three')) AS t(k, v)";

/**
 * What every SQL engine does, in SQL that any of them speaks. What an engine does not declare in its capabilities is not asked
 * of it.
 */
export function sqlEngineSuite(name: string, fixture: SqlEngineFixture): void {
  describe(`SqlEngine on ${name}`, () => {
    let engine: SqlEngine;
    beforeAll(async () => {
      engine = await fixture.open();
    });
    afterAll(() => engine.close());
    const rowsOf = async (sql: string) => (await engine.query(sql)).rows;
    const freePath = (ending: string) => join(fixture.folder, `${randomUUID()}${ending}`);

    test("a query answers columns with their types, and rows", async () => {
      const { columns, rows, truncated } = await engine.query(`${KEYS} ORDER BY k`);
      expect(columns).toEqual([
        { name: "k", type: "int" },
        { name: "v", type: "string" },
      ]);
      expect(rows).toEqual([
        [1, "one"],
        [2, null],
        [3, "three"],
      ]);
      expect(truncated).toBe(false);
    });

    test("values cross as the port says: exact numbers, times and decimals as text", async () => {
      const values = [
        ["CAST(9007199254740993 AS BIGINT)", 9_007_199_254_740_993n],
        ["CAST(5 AS BIGINT)", 5],
        ["CAST(1.5 AS DOUBLE)", 1.5],
        ["CAST(12.50 AS DECIMAL(9, 2))", "12.50"],
        ["DATE '2001-02-03'", "2001-02-03"],
        ["CAST(NULL AS INT)", null],
        ["1 = 1", true],
      ] as const;
      const [row] = await rowsOf(`SELECT ${values.map(([sql], index) => `${sql} AS c${index}`).join(", ")}`);
      expect(row).toEqual(values.map(([, value]) => value));
    });

    test("no more rows are answered than are asked for, and that there are more is told", async () => {
      const few = await engine.query(fixture.numbers(10), { maxRows: 3 });
      expect([few.rows.length, few.truncated]).toEqual([3, true]);
      const all = await engine.query(fixture.numbers(10), { maxRows: 10 });
      expect([all.rows.length, all.truncated]).toEqual([10, false]);
    });

    test("a SELECT is described by the types that it would be stored with, without being run", async () => {
      const select = "SELECT CAST(1 AS BIGINT) AS id, 'x' AS name, DATE '2001-02-03' AS day, 1 = 1 AS flag";
      expect(await engine.describe(select)).toEqual([
        { name: "id", type: "long" },
        { name: "name", type: "string" },
        { name: "day", type: "date" },
        { name: "flag", type: "boolean" },
      ]);
      expect(await engine.describe(fixture.endless)).toHaveLength(1);
    });

    test.each(["SELECT nothing FROM nowhere", "SELEC 1", "SELECT CAST('x' AS INT) AS k FROM (SELECT 1) AS t"])(
      "what fails in SQL is told as that: %s",
      async (sql) => {
        await expect(engine.query(sql).then(({ rows }) => refuseNull(rows))).rejects.toMatchObject({
          code: "lakehouse/sql-error",
        });
        expect(await rowsOf("SELECT 1 AS one")).toEqual([[1]]);
      },
    );

    test("statements run beside one another, and each is answered with its own", async () => {
      const asked = Array.from({ length: 24 }, (_, index) => rowsOf(`SELECT ${index} AS own`));
      expect(await Promise.all(asked)).toEqual(asked.map((_, index) => [[index]]));
    });

    test("a relation means its SELECT until it is another, or gone; one may stand on another", async () => {
      await engine.setRelation("suite_base", "SELECT 1 AS k");
      await engine.setRelation("suite_upon", "SELECT k + 1 AS k FROM suite_base");
      expect(await rowsOf("SELECT k FROM suite_upon")).toEqual([[2]]);
      await engine.setRelation("suite_base", "SELECT 5 AS k");
      expect(await rowsOf("SELECT k FROM suite_upon")).toEqual([[6]]);
      for (const one of ["suite_upon", "suite_base"]) await engine.setRelation(one, undefined);
      await expect(engine.query("SELECT k FROM suite_base")).rejects.toMatchObject({ code: "lakehouse/sql-error" });
    });

    test("columns come in parts, which say which rows are null", async () => {
      const read: (string | number | null)[][] = [];
      for await (const { rows, columns } of engine.readColumns(`${KEYS} ORDER BY k`, { batchRows: 2 })) {
        for (let row = 0; row < rows; row += 1)
          read.push(columns.map(({ values, valid }) => (valid?.[row] === 0 ? null : valueOf(values[row]))));
      }
      expect(read).toEqual([
        [1, "one"],
        [2, null],
        [3, "three"],
      ]);
      let count = 0;
      for await (const { rows } of engine.readColumns(fixture.numbers(300_000), { batchRows: 50_000 })) {
        count += rows;
        if (count >= 100_000) break;
      }
      expect(count).toBeLessThan(300_000);
      expect(await rowsOf("SELECT 1 AS one")).toEqual([[1]]);
    });

    test("rows are told as bytes in the formats that it declares, and no more than are asked for", async () => {
      const text = async (format: ResultFormat, maxRows?: number) =>
        Buffer.concat(await Array.fromAsync(engine.readBytes(`${KEYS} ORDER BY k`, { format, maxRows }))).toString();
      const expected: Partial<Record<ResultFormat, unknown>> = {
        csv: "k,v\n1,one\n2,\n",
        jsonl: '{"k":1,"v":"one"}\n{"k":2,"v":null}\n',
      };
      for (const format of engine.capabilities.formats) {
        const told = await text(format, 2);
        if (expected[format] !== undefined) expect(told).toBe(expected[format]);
        if (format === "json")
          expect(JSON.parse(told)).toMatchObject({
            rows: [
              [1, "one"],
              [2, null],
            ],
            truncated: true,
          });
        if (format === "parquet") expect([told.slice(0, 4), told.slice(-4)]).toEqual(["PAR1", "PAR1"]);
        expect(told.length).toBeGreaterThan(0);
      }
    });

    test("a result of more rows than its limit is refused", async () => {
      const [format = "csv"] = engine.capabilities.formats;
      const reading = Array.fromAsync(engine.readBytes(fixture.numbers(11), { format, rowsLimit: 10 }));
      await expect(reading).rejects.toMatchObject({ code: "lakehouse/too-many-rows" });
    });

    test("a file is written in the types that are told, with what it holds", async () => {
      const path = freePath(".parquet");
      const columns = [
        { id: 7, name: "k", type: "long" },
        { id: 9, name: "v", type: "string" },
      ];
      const written = await engine.writeParquet({ select: KEYS, columns, path });
      expect(written).toMatchObject({ path, rows: 3, columns: { k: { nulls: 0 }, v: { nulls: 1 } } });
      expect(written.bytes).toBeGreaterThan(0);
      expect([written.columns["k"]?.min, written.columns["k"]?.max]).toEqual(["1", "3"]);
      expect([written.columns["v"]?.min, written.columns["v"]?.max]).toEqual(["one", "three"]);
      expect(await engine.describe(fixture.fileSelect(path))).toEqual([
        { name: "k", type: "long" },
        { name: "v", type: "string" },
      ]);
      expect(await rowsOf(`SELECT count(*), sum(k) FROM (${fixture.fileSelect(path)}) AS t`)).toEqual([[3, 6]]);
    });

    test("of numbers with a floating point it is told whether some are NaN, and bounds leave those away", async () => {
      const path = freePath(".parquet");
      const select = "SELECT CAST(x AS DOUBLE) AS x FROM (VALUES ('1.5'), ('NaN'), ('-2.5')) AS t(x)";
      const columns = [{ id: 1, name: "x", type: "double" }];
      const { columns: told } = await engine.writeParquet({ select, columns, path });
      expect(told["x"]).toMatchObject({ hasNan: true });
      expect([Number(told["x"]?.min), Number(told["x"]?.max)]).toEqual([-2.5, 1.5]);
    });

    test("files are written of about the size that is asked for, and none where there are no rows", async () => {
      const folder = join(fixture.folder, randomUUID());
      const request = { folder, name: "part", fileBytes: 100_000, fieldIds: { n: 3 } };
      const select = (where: string) =>
        `SELECT CAST(n AS BIGINT) AS n FROM (${fixture.numbers(400_000)}) AS t ${where}`;
      const files = await engine.writeFiles({ ...request, select: select("") });
      expect(files.length).toBeGreaterThan(1);
      expect(files.reduce((sum, { rows }) => sum + rows, 0)).toBe(400_000);
      const counts = await Promise.all(
        files.map(async ({ path }) =>
          Number((await rowsOf(`SELECT count(*) FROM (${fixture.fileSelect(path)}) AS t`))[0]?.[0]),
        ),
      );
      expect(counts).toEqual(files.map(({ rows }) => rows));
      const none = await engine.writeFiles({ ...request, folder: `${folder}-none`, select: select("WHERE n < 0") });
      expect(none).toEqual([]);
    });

    test("a statement that is ended fails with the reason for it, and the engine goes on", async () => {
      const ending = new AbortController();
      const reason = new Error("enough of it");
      const asked = engine.within({ signal: ending.signal }).query(fixture.endless);
      const beside = rowsOf("SELECT 1 AS one");
      ending.abort(reason);
      await expect(asked).rejects.toBe(reason);
      expect(await beside).toEqual([[1]]);
      await expect(engine.within({ signal: AbortSignal.abort(reason) }).query("SELECT 1")).rejects.toBe(reason);
      expect(await rowsOf("SELECT 2 AS two")).toEqual([[2]]);
    });

    test("values go beside a statement, where it takes them", async () => {
      if (!engine.capabilities.takesParameters) return;
      const own = engine.within({ parameters: { text: "it's; -- no SQL", number: 5 } });
      expect((await own.query("SELECT $text AS t, $number + 1 AS n")).rows).toEqual([["it's; -- no SQL", 6]]);
      expect((await own.query("SELECT $number AS n")).rows).toEqual([[5]]);
    });

    test("trees are told of a SELECT alone, where it tells them", async () => {
      if (!engine.capabilities.tellsTrees) return;
      expect(await engine.parse("SELECT k FROM somewhere WHERE k = 1")).toMatchObject({ error: false });
      for (const other of ["SELEC 1", "CREATE TABLE t (k INT)"])
        expect(await engine.parse(other).catch(() => undefined)).not.toMatchObject({ error: false });
    });

    test("one that was closed does nothing any more", async () => {
      const closed = await fixture.open();
      await closed.query("SELECT 1 AS one");
      await closed.close();
      await expect(closed.query("SELECT 1 AS one")).rejects.toThrow();
    });
  });
}

/** An engine that is not strict may answer NULL for what cannot be cast: that is no answer. */
function refuseNull(rows: readonly (readonly unknown[])[]): void {
  expect(rows).not.toEqual([[null]]);
}

function valueOf(value: unknown): string | number | null {
  return typeof value === "bigint" ? Number(value) : ((value ?? null) as string | number | null);
}
