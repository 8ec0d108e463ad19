import { readFile, writeFile } from "node:fs/promises";
import type { Column } from "@millwright/kernel";
import { duckdbType, quoteName, quoteText, type Lakehouse } from "@millwright/lakehouse";
import { featureErrors } from "../errors.ts";

/** Rows that features are asked for, as SQL reads them: their columns in order, and `ROW_COLUMN`, which counts the rows. */
export interface EntityFrame {
  /** A SELECT of the columns and the row's number. `as` gives columns of a text file the types that they are read in. */
  select(as: Readonly<Record<string, string>>): string;
  readonly columns: readonly Column[];
  /** Whether the file itself says its types. A CSV file does not: its text is read as what it is compared with. */
  readonly typed: boolean;
  /** The columns that hold times, also as text. */
  readonly times: readonly string[];
}

/** No column of a frame is called so. */
export const ROW_COLUMN = "mill row";

export type FrameFormat = "csv" | "json" | "jsonl" | "parquet";

/** The JSON of a frame is held in memory; larger ones go as CSV or Parquet. */
const JSON_BYTES_MAX = 256 * 2 ** 20;

/** Opens a frame in a file that the engine may read. Throws `features/wrong-frame`. */
export async function openFrame(
  lakehouse: Lakehouse,
  { path, format }: { readonly path: string; readonly format: FrameFormat },
): Promise<EntityFrame> {
  if (format === "parquet") return parquetFrame(lakehouse, path);
  if (format === "csv") return csvFrame(lakehouse, path);
  const bytes = await readFile(path);
  if (bytes.byteLength > JSON_BYTES_MAX)
    throw wrongFrame(`the frame has ${bytes.byteLength} bytes of JSON; send more than ${JSON_BYTES_MAX} as Parquet`);
  return rowsFrame(parseRows(bytes.toString("utf8").replace(/^\uFEFF/, "")), `${path}.rows.jsonl`);
}

async function parquetFrame(lakehouse: Lakehouse, path: string): Promise<EntityFrame> {
  const scan = `read_parquet(${quoteText(path)}, file_row_number = true)`;
  const columns = await describe(lakehouse, `SELECT * EXCLUDE (file_row_number) FROM ${scan}`);
  const select = `SELECT * EXCLUDE (file_row_number), file_row_number AS ${quoteName(ROW_COLUMN)} FROM ${scan}`;
  return { select: () => select, columns, typed: true, times: timesAmong(columns) };
}

async function csvFrame(lakehouse: Lakehouse, path: string): Promise<EntityFrame> {
  const scan = (options: string) =>
    `read_csv(${quoteText(path)}, header = true, sample_size = -1, null_padding = false, parallel = false${options})`;
  const columns = await describe(lakehouse, `SELECT * FROM ${scan("")}`);
  return {
    select: (as) => {
      const types = Object.entries(as).map(([name, type]) => `${quoteText(name)}: ${quoteText(type)}`);
      const read = scan(types.length === 0 ? "" : `, types = {${types.join(", ")}}`);
      return `SELECT *, row_number() OVER () AS ${quoteName(ROW_COLUMN)} FROM ${read}`;
    },
    columns,
    typed: false,
    times: timesAmong(columns),
  };
}

function timesAmong(columns: readonly Column[]): readonly string[] {
  return columns.filter(({ type }) => type.startsWith("timestamp") || type === "date").map(({ name }) => name);
}

async function describe(lakehouse: Lakehouse, select: string): Promise<readonly Column[]> {
  try {
    return await lakehouse.describe(select);
  } catch (error) {
    throw wrongFrame(error instanceof Error ? error.message : String(error));
  }
}

export type FrameRow = Readonly<Record<string, unknown>>;

/** A JSON list of objects, or an object a line. Whole numbers come as bigint, so that `1.0` stays a fraction and no digit is lost. */
function parseRows(text: string): readonly FrameRow[] {
  const exact = (_key: string, value: unknown, context?: { readonly source?: string }): unknown =>
    typeof value === "number" && /^-?\d+$/.test(context?.source ?? "") ? BigInt(context?.source ?? 0) : value;
  try {
    const whole = text.trimStart().startsWith("[");
    const rows = whole
      ? [JSON.parse(text, exact) as unknown].flat()
      : text
          .split("\n")
          .filter((line) => line.trim() !== "")
          .map((line) => JSON.parse(line, exact) as unknown);
    rows.forEach((row, index) => {
      if (typeof row !== "object" || row === null || Array.isArray(row))
        throw new Error(`row ${index + 1} is not an object`);
    });
    return rows as readonly FrameRow[];
  } catch (error) {
    throw wrongFrame(error instanceof Error ? error.message : String(error));
  }
}

/** Rows given as objects, written to a file of their own for the engine. A field that a row lacks is null. */
export async function rowsFrame(rows: readonly FrameRow[], path: string): Promise<EntityFrame> {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const columns = names.map((name) => ({ name, type: typeOf(rows.map((row) => row[name])) }));
  const lines = rows.map((row, index) =>
    JSON.stringify({ ...row, [ROW_COLUMN]: index }, (_key, value: unknown) =>
      typeof value === "bigint" ? exactly(value) : value,
    ),
  );
  await writeFile(path, `${lines.join("\n")}\n`);
  const types = [...columns, { name: ROW_COLUMN, type: "long" }];
  const declared = types.map((column) => `${quoteText(column.name)}: ${quoteText(duckdbType(column))}`).join(", ");
  const select = `SELECT * FROM read_json(${quoteText(path)}, format = 'newline_delimited', columns = {${declared}})`;
  const times = names.filter((name) => areTimes(rows.map((row) => row[name])));
  return { select: () => select, columns, typed: true, times };
}

const ISO_TIME = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}|$)/;

function areTimes(values: readonly unknown[]): boolean {
  const given = values.filter((value) => value !== null && value !== undefined);
  return given.length > 0 && given.every((value) => typeof value === "string" && ISO_TIME.test(value));
}

/** A whole number as JSON writes it, with every digit. TypeScript's library does not know of `JSON.rawJSON` yet. */
function exactly(value: bigint): unknown {
  return (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(value.toString());
}

const LONG_MAX = 2n ** 63n - 1n;

/** The type of a column's values: `string` when they are of several. */
function typeOf(values: readonly unknown[]): string {
  const kinds = new Set(values.filter((value) => value !== null && value !== undefined).map(kindOf));
  const [only = "string"] = kinds;
  if (kinds.size <= 1) return only;
  return [...kinds].every((kind) => kind === "long" || kind === "double") ? "double" : "string";
}

function kindOf(value: unknown): string {
  if (typeof value === "bigint") return value > LONG_MAX || value < -LONG_MAX - 1n ? "double" : "long";
  if (typeof value === "number") return Number.isSafeInteger(value) ? "long" : "double";
  return typeof value === "boolean" ? "boolean" : "string";
}

export function wrongFrame(because: string): Error {
  return featureErrors.create("features/wrong-frame", { because });
}
