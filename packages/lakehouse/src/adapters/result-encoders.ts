import type { DuckDBResult, DuckDBValue } from "@duckdb/node-api";
import type { ResultOptions } from "../ports.ts";
import { addColumn, type ChunkPart } from "./arrow/arrow-columns.ts";
import { batchMessage, END_OF_STREAM, schemaMessage, type ColumnParts } from "./arrow/arrow-messages.ts";
import { arrowField } from "./arrow/arrow-type.ts";
import { columnsOf, jsonOf, sqlValue, textOfValue } from "./engine-values.ts";

/** Makes bytes of rows: what stands before them, them, what stands behind. */
interface ResultEncoder {
  head(): Uint8Array;
  rows(parts: readonly ChunkPart[]): Uint8Array;
  tail(isTruncated: boolean): Uint8Array;
}

/** The encoder for all formats but Parquet, which the engine writes itself. */
export function encoderFor({ format, scans }: ResultOptions, result: DuckDBResult): ResultEncoder {
  if (format === "arrow") return arrowEncoder(result);
  if (format === "csv") return csvEncoder(result);
  return format === "jsonl" ? linesEncoder(result) : documentEncoder(result, scans);
}

const NOTHING = new Uint8Array();

function arrowEncoder(result: DuckDBResult): ResultEncoder {
  const types = result.columnTypes();
  const fields = result.columnNames().flatMap((name, index) => {
    const type = types[index];
    return type === undefined ? [] : [arrowField(name, type)];
  });
  return {
    head: () => schemaMessage(fields),
    rows: (parts) => {
      const rows = parts.reduce((sum, part) => sum + part.rows, 0);
      if (rows === 0) return NOTHING;
      const columns: ColumnParts = { nodes: [], buffers: [] };
      for (const [index, field] of fields.entries()) addColumn(columns, parts, { index, field });
      return batchMessage(rows, columns);
    },
    tail: () => END_OF_STREAM,
  };
}

/** RFC 4180 with a header and line feeds: null is nothing, an empty text is in quotes. */
function csvEncoder(result: DuckDBResult): ResultEncoder {
  return {
    head: () => Buffer.from(`${result.columnNames().map(quoted).join(",")}\n`),
    rows: (parts) => textOfRows(parts, (row) => `${row.map(csvValue).join(",")}\n`),
    tail: () => NOTHING,
  };
}

function csvValue(value: DuckDBValue): string {
  return value === null ? "" : quoted(textOfValue(value));
}

function quoted(text: string): string {
  return text === "" || /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** An object a line; of columns of one name the last is told. */
function linesEncoder(result: DuckDBResult): ResultEncoder {
  const names = result.columnNames();
  const line = (row: readonly DuckDBValue[]) =>
    `${jsonOf(Object.fromEntries(row.map((value, index) => [names[index] ?? "", sqlValue(value)])))}\n`;
  return { head: () => NOTHING, rows: (parts) => textOfRows(parts, line), tail: () => NOTHING };
}

/** A `QueryResult`. */
function documentEncoder(result: DuckDBResult, scans: ResultOptions["scans"]): ResultEncoder {
  let separator = "";
  const item = (row: readonly DuckDBValue[]) => {
    const text = `${separator}${jsonOf(row.map(sqlValue))}`;
    separator = ",";
    return text;
  };
  return {
    head: () => Buffer.from(`{"columns":${jsonOf(columnsOf(result))},"rows":[`),
    rows: (parts) => textOfRows(parts, item),
    tail: (isTruncated) =>
      Buffer.from(`],"truncated":${isTruncated}${scans === undefined ? "" : `,"scans":${jsonOf(scans)}`}}`),
  };
}

function textOfRows(parts: readonly ChunkPart[], text: (row: readonly DuckDBValue[]) => string): Uint8Array {
  const texts: string[] = [];
  for (const { chunk, rows } of parts) for (const row of chunk.getRows().slice(0, rows)) texts.push(text(row));
  return Buffer.from(texts.join(""));
}
