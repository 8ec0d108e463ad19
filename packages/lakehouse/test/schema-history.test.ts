import { describe, expect, test } from "vitest";
import { decodeBound } from "../src/domain/iceberg/bounds.ts";
import type { IcebergMetadata, IcebergSnapshot } from "../src/domain/iceberg/metadata.ts";
import { orderText, partitionText, specText } from "../src/domain/iceberg/partition-text.ts";
import { schemaChanges, schemaHistoryOf } from "../src/domain/iceberg/schema-history.ts";
import type { IcebergField, IcebergSchema } from "../src/domain/iceberg/schema.ts";

const field = (
  id: number,
  name: string,
  type: IcebergField["type"],
  more: Partial<IcebergField> = {},
): IcebergField => ({
  id,
  name,
  type,
  required: false,
  ...more,
});
const schema = (id: number, ...fields: readonly IcebergField[]): IcebergSchema => ({
  type: "struct",
  "schema-id": id,
  fields,
});
const told = (before: IcebergSchema, after: IcebergSchema) =>
  schemaChanges(before, after).map(({ kind, column, before: was }) => [kind, column, was]);

describe("what became of the columns", () => {
  test("is told by field id: a rename is none dropped and one added", () => {
    const before = schema(0, field(1, "id", "int"), field(2, "note", "string"), field(3, "gone", "date"));
    const after = schema(1, field(1, "id", "long"), field(2, "remark", "string"), field(4, "channel", "string"));
    expect(told(before, after)).toEqual([
      ["retyped", "id", "int"],
      ["renamed", "remark", "note"],
      ["added", "channel", null],
      ["dropped", "gone", null],
    ]);
    expect(schemaChanges(before, after)[0]).toMatchObject({ type: "long", keepsValues: true });
  });

  test("a column of the same name by another id is another, whose values from before are gone", () => {
    const [change, ...others] = schemaChanges(schema(0, field(1, "a", "int")), schema(1, field(2, "a", "string")));
    expect(change).toEqual({ kind: "retyped", column: "a", before: "int", type: "string", keepsValues: false });
    expect(others).toEqual([]);
  });

  test("fields within a column are told by their full names, and what went with a column goes unsaid", () => {
    const struct = (...fields: readonly IcebergField[]) => ({ type: "struct" as const, fields });
    const before = schema(0, field(1, "address", struct(field(2, "zip", "int"), field(3, "city", "string"))));
    const after = schema(1, field(1, "address", struct(field(2, "code", "long"), field(4, "land", "string"))));
    expect(told(before, after)).toEqual([
      ["renamed", "address.code", "address.zip"],
      ["retyped", "address.code", "int"],
      ["added", "address.land", null],
      ["dropped", "address.city", null],
    ]);
    expect(told(before, schema(1))).toEqual([["dropped", "address", null]]);
  });

  test("of columns that moved as few as say it; what may be missing; what is described", () => {
    const [a, b, c] = [field(1, "a", "int"), field(2, "b", "int"), field(3, "c", "int")];
    expect(told(schema(0, a, b, c), schema(1, c, a, b))).toEqual([["moved", "c", null]]);
    const other = schema(1, field(1, "a", "int", { required: true, doc: "of it" }));
    expect(told(schema(0, a), other)).toEqual([
      ["required", "a", null],
      ["described", "a", null],
    ]);
    expect(told(other, schema(0, a))[0]).toEqual(["optional", "a", null]);
  });
});

test("a history has each set of columns since its first snapshot, also those that nothing was written with", () => {
  const snapshot = (id: number, schemaId: number) =>
    ({ "snapshot-id": id, "timestamp-ms": id * 1_000, "schema-id": schemaId }) as IcebergSnapshot;
  const schemas = ["a", "b", "c", "d"].map((name, id) => schema(id, field(1, name, "int")));
  const history = schemaHistoryOf({
    schemas,
    snapshots: [snapshot(1, 0), snapshot(2, 0), snapshot(3, 2), snapshot(4, 0)],
    "current-schema-id": 3,
  } as unknown as IcebergMetadata);
  expect(history.map(({ schemaId, snapshotId }) => [schemaId, snapshotId])).toEqual([
    [0, "1"],
    [1, null],
    [2, "3"],
    [0, "4"],
    [3, null],
  ]);
  expect(history.map(({ changes }) => changes[0]?.before)).toEqual([undefined, "a", "b", "c", "a"]);
});

test("partitions, partitioning and order are told in words", () => {
  const columns = schema(0, field(1, "at", "timestamp"), field(2, "region", "string"));
  const part = (name: string, source: number, transform: string) => ({
    name,
    transform,
    "source-id": source,
    "field-id": 1_000 + source,
  });
  const spec = { "spec-id": 1, fields: [part("at_day", 1, "day"), part("region", 2, "identity")] };
  expect(partitionText({ at_day: 11_330, region: "west" }, spec)).toBe("at_day=2001-01-08, region=west");
  expect(partitionText({ at_day: null, region: null }, spec)).toBe("at_day=null, region=null");
  const by = (transform: string, value: number) =>
    partitionText({ x: value }, { "spec-id": 1, fields: [part("x", 1, transform)] });
  expect([by("year", 31), by("month", 372), by("hour", -1), by("bucket[8]", 3)]).toEqual([
    "x=2001",
    "x=2001-01",
    "x=1969-12-31 23",
    "x=3",
  ]);
  expect(partitionText({}, { "spec-id": 0, fields: [] })).toBeNull();
  expect(specText(spec, columns)).toBe("day(at), region");
  const order = {
    "order-id": 1,
    fields: [{ transform: "identity", "source-id": 2, direction: "asc", "null-order": "" }],
  };
  expect(orderText(order, columns)).toBe("region asc");
});

test("a bound from before its column was widened has the shorter form", () => {
  const [int, float] = [Buffer.alloc(4), Buffer.alloc(4)];
  int.writeInt32LE(-7);
  float.writeFloatLE(1.5);
  expect(decodeBound("long", int)).toEqual({ value: -7, text: "-7" });
  expect(decodeBound("double", float)).toEqual({ value: 1.5, text: "1.5" });
});
