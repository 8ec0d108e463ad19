import { defineErrors } from "@millwright/kernel";

export const ingestionErrors = defineErrors("ingestion", {
  "ingestion/no-file": {
    status: 404,
    title: "A source has no file",
    remedy:
      "Correct `path` in the source's definition, or bring the file. A path `npm:PACKAGE/file` needs the package installed: `npm install` in the project.",
    example: 'path: "npm:vega-datasets/data/flights-3m.parquet"',
  },
  "ingestion/path-outside": {
    status: 400,
    title: "A source's path leads out of the project",
    remedy: "Keep data below the project's folder, or take it from an npm package with `npm:PACKAGE/file`.",
    example: 'path: "../../etc/passwd"',
  },
  "ingestion/missing-column": {
    status: 422,
    title: "A file lacks a declared column",
    remedy:
      "Correct the file, or the column's name in the source's `columns`. The load was refused whole: the table is as it was.",
    example: "sources/flights.ts declares origin, data/flights.parquet has Origin",
  },
  "ingestion/wrong-type": {
    status: 422,
    title: "A value or column is not of its declared type",
    remedy:
      "Correct the file, or the type in the source's `columns`. The load was refused whole: the table is as it was.",
    example: "data/sales.csv, row 12, column amount: '12,50' is not a double",
  },
  "ingestion/missing-value": {
    status: 422,
    title: "A value is missing that must be there",
    remedy:
      'Correct the file, declare the column nullable, or put such rows aside with `badRows: "quarantine"`. The load was refused whole: the table is as it was.',
    example: 'columns: [{ name: "at", type: "timestamp", nullable: false }]',
  },
  "ingestion/unreadable": {
    status: 422,
    title: "A source's file could not be read",
    remedy: "Bring the file again from where it came. The load was refused whole: the table is as it was.",
    example: "data/flights.parquet is cut off",
  },
  "ingestion/unknown-format": {
    status: 422,
    exit: 2,
    title: "The format of a source's file is not known by its name",
    remedy: 'Say it: `format: "csv"`, `"parquet"`, `"jsonl"` or `"delta"`.',
    example: 'defineSource({ name: "sales", path: "data/sales.txt", format: "csv", … })',
  },
});
