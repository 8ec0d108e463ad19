import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { randomUUID } from "node:crypto";
import type { Column } from "@millwright/kernel";
import { duckdbType, quoteName, quoteText, type Lakehouse } from "@millwright/lakehouse";
import { nameOf, type SourceFile } from "./source-files.ts";
import { formatOf, readerOf } from "./source-reader.ts";
import type { SourceDefinition } from "./source.ts";

interface Quarantine {
  readonly source: SourceDefinition;
  readonly files: readonly SourceFile[];
  readonly scratchFolder: string;
}

/** The table that holds what of a source's rows was put aside. */
export function quarantineTable(source: string): string {
  return `${source}_quarantine`;
}

/**
 * Puts what is wrong with a load's rows into the quarantine table, in the place of what the last load left there, and tells
 * how many rows that were: `file`; `row`, from 1 without a header and without lines of another width; `line` of those
 * lines, from 1 with the header; `column`, `value`, `reason`. A row with two bad values is there twice.
 */
export async function quarantine(lakehouse: Lakehouse, { source, files, scratchFolder }: Quarantine): Promise<number> {
  const rejects = join(scratchFolder, `rejects-${randomUUID()}`);
  await mkdir(rejects, { recursive: true });
  try {
    const parts: string[] = [];
    for (const [index, file] of files.entries()) {
      parts.push(await badValues(lakehouse, source, file));
      if ((source.format ?? formatOf(file.path)) === "csv")
        parts.push(await badLines(lakehouse, { source, file, into: join(rejects, `${index}.parquet`) }));
    }
    const table = quarantineTable(source.name);
    const select = parts.join(" UNION ALL ");
    await lakehouse.write({ table, select, mode: "replace", summary: { "millwright.source": source.path } });
    const { rows } = await lakehouse.query(
      `SELECT count(DISTINCT (file, "row", line)) FROM ${lakehouse.relation(table)}`,
    );
    return Number(rows[0]?.[0] ?? 0);
  } finally {
    await rm(rejects, { recursive: true, force: true });
  }
}

/** Whether a value is of its declared type, and there if it must be. */
export function isGood(column: Column): string {
  const name = quoteName(column.name);
  const isOfType = `TRY_CAST(${name} AS ${duckdbType(column)}) IS NOT NULL`;
  return column.nullable === false ? `(${isOfType})` : `(${name} IS NULL OR ${isOfType})`;
}

async function badValues(lakehouse: Lakehouse, source: SourceDefinition, file: SourceFile): Promise<string> {
  const { relation } = await readerOf(lakehouse, { source, path: file.path, badLines: "pass" });
  const names = source.columns.map(({ name }) => quoteName(name)).join(", ");
  const numbered = `SELECT ${names}, row_number() OVER () AS "mill row" FROM ${relation}`;
  const each = source.columns.map((column) => {
    const name = quoteName(column.name);
    const reason = `CASE WHEN ${name} IS NULL THEN 'is missing' ELSE ${quoteText(`is not a ${column.type}`)} END`;
    return (
      `SELECT ${quoteText(nameOf(file))} AS file, "mill row" AS "row", NULL::bigint AS line, ` +
      `${quoteText(column.name)} AS "column", ${name}::varchar AS value, ${reason} AS reason ` +
      `FROM (${numbered}) WHERE NOT ${isGood(column)}`
    );
  });
  return each.join(" UNION ALL ");
}

/** Lines of a CSV file that are of another width than its header. The engine keeps them for the connection that read them. */
async function badLines(
  lakehouse: Lakehouse,
  { source, file, into }: { readonly source: SourceDefinition; readonly file: SourceFile; readonly into: string },
): Promise<string> {
  const { relation } = await readerOf(lakehouse, { source, path: file.path, badLines: "keep" });
  const columns = source.columns.map(({ name }) => `max(hash(${quoteName(name)}))`).join(", ");
  await lakehouse.engine.run(
    `CREATE TEMP TABLE seen AS SELECT ${columns} FROM ${relation}; ` +
      `COPY (SELECT DISTINCT ON (line) line, csv_line, error_message FROM reject_errors) TO ${quoteText(into)} (FORMAT parquet)`,
  );
  return (
    `SELECT ${quoteText(nameOf(file))} AS file, NULL::bigint AS "row", line::bigint AS line, NULL::varchar AS "column", ` +
    `csv_line AS value, error_message AS reason FROM read_parquet(${quoteText(into)})`
  );
}
