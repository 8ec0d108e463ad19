import { expect, test } from "vitest";
import { FileContent, type DataFile } from "../src/domain/iceberg/data-file.ts";
import type { IcebergMetadata } from "../src/domain/iceberg/metadata.ts";
import type { IcebergSchema } from "../src/domain/iceberg/schema.ts";
import { fileAnatomies } from "../src/file-anatomy.ts";

const schema: IcebergSchema = {
  type: "struct",
  "schema-id": 0,
  fields: [
    { id: 1, name: "n", type: "int", required: false },
    { id: 2, name: "s", type: "string", required: false },
  ],
};
const int = (value: number) => {
  const buffer = Buffer.alloc(4);
  buffer.writeInt32LE(value);
  return buffer;
};
const file = (path: string, more: Partial<DataFile>): DataFile => ({
  content: FileContent.data,
  file_path: path,
  file_format: "PARQUET",
  partition: {},
  record_count: 10,
  file_size_in_bytes: 100,
  column_sizes: null,
  value_counts: null,
  null_value_counts: null,
  lower_bounds: null,
  upper_bounds: null,
  sort_order_id: 0,
  ...more,
});
const bounds = (low: number, high: number, least: string, most: string): Partial<DataFile> => ({
  lower_bounds: [
    { key: 1, value: int(low) },
    { key: 2, value: Buffer.from(least) },
  ],
  upper_bounds: [
    { key: 1, value: int(high) },
    { key: 2, value: Buffer.from(most) },
  ],
});
const metadata = {
  snapshots: [{ "snapshot-id": 1, "sequence-number": 2, "timestamp-ms": 5_000 }],
  "partition-specs": [{ "spec-id": 0, fields: [] }],
} as unknown as IcebergMetadata;
const files = [
  { file: file("a", bounds(0, 50, "b", "c")), sequenceNumber: 1, specId: 0 },
  { file: file("b", { ...bounds(50, 100, "a", "d"), file_size_in_bytes: 300 }), sequenceNumber: 2, specId: 0 },
  { file: file("c", { file_size_in_bytes: 50 }), sequenceNumber: 3, specId: 0 },
  { file: file("d", { content: FileContent.positionDeletes, record_count: 4 }), sequenceNumber: 2, specId: 0 },
  { file: file("e", { content: FileContent.equalityDeletes, record_count: 9 }), sequenceNumber: 2, specId: 0 },
];
const anatomies = (spansOf: string | null, max = 10) =>
  fileAnatomies({ metadata, schema, files, pathOf: (location) => location }, { spansOf, max });

test("files are told the largest first, with when they came and what deletes may take of them", () => {
  expect(anatomies(null).map((one) => [one.path, one.addedAtMs, one.deleteFiles, one.deletedRowsMax])).toEqual([
    // Positions are of files as old as they are; values only of older ones.
    ["b", 5_000, 1, 4],
    ["a", null, 2, 10],
    ["c", null, 0, 0],
  ]);
  expect(anatomies(null, 1).map(({ path, span }) => [path, span])).toEqual([["b", null]]);
});

test("a column's spans are shares of all that there is: of numbers by value, of texts by their order", () => {
  expect(anatomies("n").map(({ span }) => span)).toEqual([
    { least: "50", most: "100", from: 0.5, to: 1 },
    { least: "0", most: "50", from: 0, to: 0.5 },
    null,
  ]);
  expect(anatomies("s").map(({ span }) => span && [span.from, span.to])).toEqual([[0, 1], [1 / 3, 2 / 3], null]);
  expect(anatomies("no such column").every(({ span }) => span === null)).toBe(true);
});
