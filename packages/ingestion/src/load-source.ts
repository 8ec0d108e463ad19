import { isMillError, type Column, type ProgressSink } from "@millwright/kernel";
import { duckdbType, quoteName, textOf, type Lakehouse } from "@millwright/lakehouse";
import { ingestionErrors } from "./errors.ts";
import { sourceInputs, type SourceFile } from "./source-files.ts";
import { readerOf, type Reader } from "./source-reader.ts";
import type { SourceDefinition } from "./source.ts";

export interface LoadPorts {
  readonly lakehouse: Lakehouse;
  readonly progress: ProgressSink;
}

export interface LoadResult {
  readonly table: string;
  readonly rows: number;
  readonly files: number;
  readonly bytes: number;
  readonly snapshotId: string;
  /** True when the table already held exactly these files. */
  readonly alreadyLoaded: boolean;
}

const INPUT_HASH = "millwright.input-hash";

/** Loads a source's files into its table: all or nothing, and the same files never twice. */
export async function loadSource(
  ports: LoadPorts,
  source: SourceDefinition,
  { projectDir }: { readonly projectDir: string },
): Promise<LoadResult> {
  const { files, hash } = await sourceInputs(source, { projectDir });
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const last = await lastLoad(ports.lakehouse, source.name);
  if (last?.hash === hash)
    return {
      table: source.name,
      rows: last.rows,
      files: files.length,
      bytes,
      snapshotId: last.snapshotId,
      alreadyLoaded: true,
    };
  const relations: string[] = [];
  for (const file of files) {
    ports.progress({ message: `reading ${source.name}`, done: relations.length, total: files.length, unit: "files" });
    relations.push(await checkedSelect(ports.lakehouse, source, file));
  }
  const snapshot = await writeOrExplain(ports.lakehouse, {
    source,
    files,
    select: relations.join(" UNION ALL "),
    hash,
  });
  return {
    table: source.name,
    rows: snapshot.rowCount,
    files: files.length,
    bytes,
    snapshotId: snapshot.snapshotId,
    alreadyLoaded: false,
  };
}

async function lastLoad(
  lakehouse: Lakehouse,
  table: string,
): Promise<{ hash: string | undefined; rows: number; snapshotId: string } | undefined> {
  if ((await lakehouse.table(table)) === undefined) return undefined;
  const last = (await lakehouse.history(table)).at(-1);
  return last === undefined
    ? undefined
    : { hash: last.summary[INPUT_HASH], rows: last.rowCount, snapshotId: last.snapshotId };
}

/** The SELECT that reads one file by the contract, after its columns were found to be those declared. */
async function checkedSelect(lakehouse: Lakehouse, source: SourceDefinition, file: SourceFile): Promise<string> {
  const reader = await readerOf(lakehouse, { source, path: file.path });
  const present = await describeFile(lakehouse, { reader, source, file });
  for (const column of source.columns) {
    const found = present.find(({ name }) => name === column.name);
    if (found === undefined) throw missingColumn(source, { file, column, present });
    if (reader.typed) requireType({ source, file, column, found });
  }
  const casts = source.columns.map(
    (column) => `CAST(${quoteName(column.name)} AS ${duckdbType(column)}) AS ${quoteName(column.name)}`,
  );
  return `SELECT ${casts.join(", ")} FROM ${reader.relation}`;
}

interface Described {
  readonly reader: Reader;
  readonly source: SourceDefinition;
  readonly file: SourceFile;
}

async function describeFile(lakehouse: Lakehouse, { reader, source, file }: Described): Promise<readonly Column[]> {
  try {
    const { rows } = await lakehouse.query(`DESCRIBE SELECT * FROM ${reader.relation}`);
    return rows.map(([name, type]) => ({ name: textOf(name), type: textOf(type) }));
  } catch (error) {
    throw unreadable(error, { source, file });
  }
}

function unreadable(
  error: unknown,
  { source, file }: { readonly source: SourceDefinition; readonly file: SourceFile },
): unknown {
  if (!isMillError(error) || !(error.code === "lakehouse/unreadable-file" || error.code === "lakehouse/sql-error"))
    return error;
  const line = /^(?:Invalid Input Error: )?CSV Error on Line: (\d+)/.exec(error.because)?.[1];
  return ingestionErrors.create("ingestion/unreadable", {
    because: `${source.name}: ${nameOf(file)}${line === undefined ? "" : `, line ${line}`}: ${reasonOf(error.because)}`,
    where: { file: nameOf(file), ...(line === undefined ? {} : { line: Number(line) }) },
    cause: error,
  });
}

/** What is wrong, without the engine's counsel on its own options. */
function reasonOf(because: string): string {
  const lines = because.split("\n").map((line) => line.trim());
  const [first = ""] = lines;
  if (!first.includes("CSV Error on Line")) return first;
  const told = lines.find((line) => /^(?:Expected Number|Invalid unicode|Value with|Maximum line size)/.test(line));
  return told ?? "it does not read as CSV; a quote may be open";
}

function missingColumn(
  source: SourceDefinition,
  {
    file,
    column,
    present,
  }: { readonly file: SourceFile; readonly column: Column; readonly present: readonly Column[] },
): Error {
  return ingestionErrors.create("ingestion/missing-column", {
    because: `${nameOf(file)} has no column ${column.name} (it has ${present.map(({ name }) => name).join(", ")}), which the source ${source.name} declares`,
    where: { file: nameOf(file), columnName: column.name },
  });
}

/** A typed file must bring what widens to the declared type without loss. */
function requireType(told: {
  readonly source: SourceDefinition;
  readonly file: SourceFile;
  readonly column: Column;
  readonly found: Column;
}): void {
  const { source, file, column, found } = told;
  const wanted = duckdbType(column);
  if (found.type === wanted || WIDENS[found.type]?.includes(wanted) === true) return;
  throw ingestionErrors.create("ingestion/wrong-type", {
    because: `${nameOf(file)}: column ${column.name} is ${found.type}, the source ${source.name} declares ${column.type}`,
    where: { file: nameOf(file), columnName: column.name },
  });
}

const WIDENS: Readonly<Record<string, readonly string[]>> = {
  TINYINT: ["INTEGER", "BIGINT", "FLOAT", "DOUBLE"],
  SMALLINT: ["INTEGER", "BIGINT", "FLOAT", "DOUBLE"],
  UTINYINT: ["INTEGER", "BIGINT", "FLOAT", "DOUBLE"],
  USMALLINT: ["INTEGER", "BIGINT", "FLOAT", "DOUBLE"],
  INTEGER: ["BIGINT", "DOUBLE"],
  UINTEGER: ["BIGINT", "DOUBLE"],
  FLOAT: ["DOUBLE"],
  DATE: ["TIMESTAMP"],
  TIMESTAMP_S: ["TIMESTAMP"],
  TIMESTAMP_MS: ["TIMESTAMP"],
  TIMESTAMP_NS: ["TIMESTAMP"],
};

interface Write {
  readonly source: SourceDefinition;
  readonly files: readonly SourceFile[];
  readonly select: string;
  readonly hash: string;
}

async function writeOrExplain(lakehouse: Lakehouse, { source, files, select, hash }: Write) {
  try {
    return await lakehouse.write({
      table: source.name,
      select,
      mode: "replace",
      columns: source.columns,
      summary: { [INPUT_HASH]: hash, "millwright.source": source.path },
    });
  } catch (error) {
    if (isMillError(error) && error.because.startsWith("Conversion Error"))
      throw await firstBadValue(lakehouse, { source, files, error });
    if (isMillError(error)) throw await firstBadFile(lakehouse, { source, files, error });
    throw error;
  }
}

interface FailedLoad {
  readonly source: SourceDefinition;
  readonly files: readonly SourceFile[];
  readonly error: Error;
}

/** A file that tells its columns may still break off further in: the first that cannot be read to its end is named. */
async function firstBadFile(lakehouse: Lakehouse, { source, files, error }: FailedLoad): Promise<unknown> {
  for (const file of files) {
    const { relation } = await readerOf(lakehouse, { source, path: file.path });
    const columns = source.columns.map(({ name }) => `max(hash(${quoteName(name)}))`);
    try {
      await lakehouse.query(`SELECT ${columns.join(", ")} FROM ${relation}`);
    } catch (problem) {
      return unreadable(problem, { source, file });
    }
  }
  return error;
}

/** Finds the file, row and column of the first value that is not of its declared type. Rows count from 1, without a header. */
async function firstBadValue(lakehouse: Lakehouse, { source, files, error }: FailedLoad): Promise<Error> {
  for (const file of files) {
    const { relation } = await readerOf(lakehouse, { source, path: file.path });
    for (const column of source.columns) {
      const name = quoteName(column.name);
      const { rows } = await lakehouse.query(
        `SELECT n, ${name}::varchar FROM (SELECT row_number() OVER () AS n, ${name} FROM ${relation}) ` +
          `WHERE ${name} IS NOT NULL AND TRY_CAST(${name} AS ${duckdbType(column)}) IS NULL ORDER BY n LIMIT 1`,
      );
      const [bad] = rows;
      if (bad === undefined) continue;
      return ingestionErrors.create("ingestion/wrong-type", {
        because: `${nameOf(file)}, row ${textOf(bad[0])}, column ${column.name}: ${JSON.stringify(bad[1])} is not a ${column.type}`,
        where: { file: nameOf(file), row: Number(bad[0]), columnName: column.name },
        cause: error,
      });
    }
  }
  return error;
}

function nameOf({ path }: SourceFile): string {
  return path.split("/").slice(-2).join("/");
}
