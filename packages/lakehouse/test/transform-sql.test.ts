import { DuckDBInstance, type DuckDBConnection } from "@duckdb/node-api";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { partitionValueSql } from "../src/domain/iceberg/transform-sql.ts";
import type { IcebergSchema } from "../src/domain/iceberg/schema.ts";

let connection: DuckDBConnection;
beforeAll(async () => {
  const instance = await DuckDBInstance.create(":memory:", { threads: "1" });
  connection = await instance.connect();
  await connection.run("SET TimeZone = 'UTC'");
});
afterAll(() => connection.closeSync());

/** What a transform makes of a value, as JSON. */
async function transformed(transform: string, type: string, value: string): Promise<unknown> {
  const schema: IcebergSchema = {
    type: "struct",
    "schema-id": 0,
    fields: [{ id: 1, name: "c", required: false, type }],
  };
  const sql = `SELECT ${partitionValueSql({ "source-id": 1, transform }, schema)} AS v FROM (SELECT ${value} AS c)`;
  return (await (await connection.run(sql)).getRowsJson())[0]?.[0];
}

describe("partition values in SQL", () => {
  // Iceberg specification, Appendix B, "32-bit Hash Requirements", and more by the reference's Python library.
  const hashes: readonly (readonly [string, string, number])[] = [
    ["int", "34", 2017239379],
    ["long", "34::BIGINT", 2017239379],
    ["long", "(-34)::BIGINT", 29870797],
    ["decimal(9, 2)", "14.20::DECIMAL(9, 2)", -500754589],
    ["decimal(38, 2)", "(-14.20)::DECIMAL(38, 2)", 667775751],
    ["decimal(38, 2)", "1.28::DECIMAL(38, 2)", 1544076949],
    ["decimal(38, 2)", "(-1.28)::DECIMAL(38, 2)", 267099677],
    ["decimal(38, 2)", "(-1.29)::DECIMAL(38, 2)", 1711945809],
    ["decimal(38, 2)", "99999999999999.99::DECIMAL(38, 2)", 1053577599],
    ["date", "DATE '2017-11-16'", -653330422],
    ["time", "TIME '22:31:08'", -662762989],
    ["timestamp", "TIMESTAMP '2017-11-16 22:31:08'", -2047944441],
    ["timestamp", "TIMESTAMP '2017-11-16 22:31:08.000001'", -1207196810],
    ["timestamptz", "TIMESTAMPTZ '2017-11-16 14:31:08-08:00'", -2047944441],
    ["string", "'iceberg'", 1210000089],
    ["string", "''", 0],
    ["string", "'äöü😀 something long'", 930348118],
    ["string", "'abcde'", 1755028214],
    ["uuid", "'f79c3e09-677c-4bbd-a479-3f349cb785e7'::UUID", 1488055340],
    ["fixed[4]", "'\\x00\\x01\\x02\\x03'::BLOB", -188683207],
    ["binary", "'\\x00\\x01\\x02\\x03'::BLOB", -188683207],
  ];
  test.each(hashes)("a %s's bucket is by the specification's hash: %s", async (type, value, hash) => {
    expect(await transformed("bucket[2147483647]", type, value)).toBe(hash & 0x7fffffff);
    expect(await transformed("bucket[16]", type, `CASE WHEN false THEN ${value} END`)).toBeNull();
  });

  const others: readonly (readonly [string, string, string, unknown])[] = [
    ["truncate[10]", "int", "-1", -10],
    ["truncate[10]", "long", "19::BIGINT", "10"],
    ["truncate[50]", "decimal(9, 2)", "(-10.65)::DECIMAL(9, 2)", "-11.00"],
    ["truncate[50]", "decimal(9, 2)", "10.65::DECIMAL(9, 2)", "10.50"],
    ["truncate[3]", "string", "'äöü😀x'", "äöü"],
    ["truncate[2]", "binary", "'\\x00\\x01\\x02'::BLOB", "\\x00\\x01"],
    ["year", "date", "DATE '1969-12-31'", -1],
    ["month", "timestamp", "TIMESTAMP '1969-11-30 00:00:00'", -2],
    ["day", "timestamp", "TIMESTAMP '1969-12-31 23:59:59'", -1],
    ["day", "timestamptz", "TIMESTAMPTZ '2000-01-01 01:00:00+02:00'", 10956],
    ["hour", "timestamp", "TIMESTAMP '1969-12-31 23:30:00'", -1],
    ["identity", "date", "DATE '1970-01-03'", 2],
    ["identity", "decimal(9, 2)", "1.5::DECIMAL(9, 2)", "1.50"],
    ["void", "string", "'x'", null],
  ];
  test.each(others)("%s of a %s: %s", async (transform, type, value, expected) => {
    expect(await transformed(transform, type, value)).toEqual(expected);
  });
});
