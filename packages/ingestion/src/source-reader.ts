import { quoteText, textOf, type SqlEngine } from "@millwright/lakehouse";
import { isDeltaTable, openDeltaSource } from "./delta-source.ts";
import { ingestionErrors } from "./errors.ts";
import { headerFields } from "./header.ts";
import type { SourceDefinition, SourceFormat } from "./source.ts";
import { firstBytes } from "./unpacked.ts";

/** How one file is read in SQL. */
export interface Reader {
  readonly relation: string;
  /** The file itself says its types. */
  readonly typed: boolean;
}

interface Read {
  readonly source: Pick<SourceDefinition, "name" | "format" | "csv" | "columns" | "delta">;
  readonly path: string;
  /** Pass over lines of another width than the header's, or keep what is wrong with each; neither fails the read. */
  readonly badLines?: "pass" | "keep";
}

/** The relation that reads a file, by the source's format or the file's suffix. Throws `ingestion/unknown-format`. */
export async function readerOf(lakehouse: Pick<SqlEngine, "query">, { source, path, badLines }: Read): Promise<Reader> {
  const format = source.format ?? ((await isDeltaTable(path)) ? "delta" : formatOf(path));
  const literal = quoteText(path);
  if (format === "delta") return { relation: (await openDeltaSource(lakehouse, source, path)).relation, typed: true };
  if (format === "parquet") return { relation: `read_parquet(${literal})`, typed: true };
  if (format === "jsonl")
    return { relation: `read_json(${literal}, format = '${await jsonForm(path)}', auto_detect = true)`, typed: false };
  if (format === "csv")
    return {
      relation: await csvRelation(lakehouse, { source, path, ...(badLines === undefined ? {} : { badLines }) }),
      typed: false,
    };
  throw ingestionErrors.create("ingestion/unknown-format", { because: `${source.name}: ${path.split("/").at(-1)}` });
}

export function formatOf(path: string): SourceFormat | undefined {
  const name = path.toLowerCase().replace(/\.(gz|zst)$/, "");
  if (name.endsWith(".parquet")) return "parquet";
  if (name.endsWith(".csv") || name.endsWith(".tsv")) return "csv";
  if (name.endsWith(".jsonl") || name.endsWith(".ndjson") || name.endsWith(".json")) return "jsonl";
  return undefined;
}

/** One object a line, or one array of them. */
async function jsonForm(path: string): Promise<"newline_delimited" | "array"> {
  const start = new TextDecoder().decode(await firstBytes(path, 64));
  return /^\s*\[/.test(start) ? "array" : "newline_delimited";
}

const DELIMITERS = [",", ";", "\t", "|"];

/**
 * By the delimiter under which the header names the declared columns, so that a row of another width is an error at its
 * line; left to guess, the engine would take such a file for one of another dialect. It guesses when no delimiter fits.
 */
async function csvRelation(lakehouse: Pick<SqlEngine, "query">, { source, path, badLines }: Read): Promise<string> {
  const literal = quoteText(path);
  const { delimiter: declared } = source.csv;
  const lenient = badLines === undefined ? "" : `, ${badLines === "pass" ? "ignore_errors" : "store_rejects"} = true`;
  const header = await headerLine(lakehouse, path);
  for (const delimiter of declared === undefined ? DELIMITERS : [declared]) {
    const names = headerFields(header, delimiter);
    const isUnique = new Set(names).size === names.length;
    if (!isUnique || names.includes("") || !source.columns.every(({ name }) => names.includes(name))) continue;
    const columns = names.map((name) => `${quoteText(name)}: 'VARCHAR'`).join(", ");
    return (
      `read_csv(${literal}, auto_detect = false, header = true, delim = ${quoteText(delimiter)}, ` +
      `quote = '"', escape = '"', null_padding = false, columns = {${columns}}${lenient})`
    );
  }
  const delimiter = declared === undefined ? "" : `, delim = ${quoteText(declared)}`;
  return `read_csv(${literal}, header = true, all_varchar = true, null_padding = false${delimiter}${lenient})`;
}

/** A file's first line, whatever its dialect; empty when it cannot be read, which its reader will tell. */
async function headerLine(lakehouse: Pick<SqlEngine, "query">, path: string): Promise<string> {
  const line =
    `read_csv(${quoteText(path)}, auto_detect = false, header = false, delim = '\u0001', quote = '', escape = '', ` +
    "null_padding = true, columns = {'line': 'VARCHAR'})";
  try {
    const { rows } = await lakehouse.query(`SELECT line FROM ${line} LIMIT 1`);
    return textOf(rows[0]?.[0] ?? "").replace(/^\uFEFF/, "");
  } catch {
    return "";
  }
}
