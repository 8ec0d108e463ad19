import { isMillError, type Column, type ProgressSink } from "@millwright/kernel";
import { duckdbType, quoteName, textOf, type Lakehouse } from "@millwright/lakehouse";
import { isDeltaTable, openDeltaSource } from "./delta-source.ts";
import { ingestionErrors } from "./errors.ts";
import { isGood, quarantine } from "./quarantine.ts";
import { nameOf, sourceInputs, type SourceFile } from "./source-files.ts";
import { readerOf, type Reader } from "./source-reader.ts";
import type { SourceDefinition } from "./source.ts";
import { inUtf8 } from "./transcode.ts";

export interface LoadPorts {
  readonly lakehouse: Lakehouse;
  readonly progress: ProgressSink;
  /** A folder that the engine reads and writes, for what a load needs while it runs. */
  readonly scratchFolder: string;
}

export interface LoadResult {
  readonly table: string;
  readonly rows: number;
  /** Rows that were put aside; null where the source's policy is to fail. */
  readonly quarantined: number | null;
  readonly files: number;
  readonly bytes: number;
  readonly snapshotId: string;
  /** True when the table already held exactly these files. */
  readonly alreadyLoaded: boolean;
}

const INPUT_HASH = "millwright.input-hash";
const QUARANTINED = "millwright.quarantined-rows";

/** Loads a source's files into its table: all or nothing, and the same files never twice. */
export async function loadSource(
  ports: LoadPorts,
  source: SourceDefinition,
  { projectDir }: { readonly projectDir: string },
): Promise<LoadResult> {
  const { files, hash } = await sourceInputs(source, { projectDir });
  const bytes = await bytesIn(ports, source, files);
  const last = await lastLoad(ports.lakehouse, source.name);
  if (last?.hash === hash)
    return {
      table: source.name,
      rows: last.rows,
      quarantined: last.quarantined,
      files: files.length,
      bytes,
      snapshotId: last.snapshotId,
      alreadyLoaded: true,
    };
  const copies = await inUtf8(files, { source, folder: ports.scratchFolder });
  try {
    return await load(ports, source, { files: copies.files, bytes, hash });
  } finally {
    await copies.remove();
  }
}

async function bytesIn(
  { lakehouse }: LoadPorts,
  source: SourceDefinition,
  files: readonly SourceFile[],
): Promise<number> {
  let bytes = 0;
  for (const file of files)
    bytes += (await isDeltaTable(file.path)) ? (await openDeltaSource(lakehouse, source, file.path)).bytes : file.bytes;
  return bytes;
}

async function load(
  { lakehouse, progress, scratchFolder }: LoadPorts,
  source: SourceDefinition,
  { files, bytes, hash }: { readonly files: readonly SourceFile[]; readonly bytes: number; readonly hash: string },
): Promise<LoadResult> {
  const relations: string[] = [];
  for (const file of files) {
    progress({ message: `reading ${source.name}`, done: relations.length, total: files.length, unit: "files" });
    relations.push(await checkedSelect(lakehouse, source, file));
  }
  const isStrict = source.badRows === "fail";
  const quarantined = isStrict ? null : await quarantine(lakehouse, { source, files, scratchFolder });
  const all = relations.join(" UNION ALL ");
  const { sampleRows } = source;
  const select = sampleRows === undefined ? all : `SELECT * FROM (${all}) AS t ORDER BY hash(t) LIMIT ${sampleRows}`;
  const snapshot = await writeOrExplain(lakehouse, {
    source,
    files,
    select,
    summary: {
      [INPUT_HASH]: hash,
      "millwright.source": source.path,
      "millwright.column-statistics": await columnStatistics(lakehouse, { source, files, select }),
      ...(quarantined === null ? {} : { [QUARANTINED]: String(quarantined) }),
    },
  });
  return {
    table: source.name,
    rows: snapshot.rowCount,
    quarantined,
    files: files.length,
    bytes,
    snapshotId: snapshot.snapshotId,
    alreadyLoaded: false,
  };
}

/** For each column of a load: its nulls, how many values differ (about), and the least and the greatest, as JSON text. */
async function columnStatistics(
  lakehouse: Lakehouse,
  {
    source,
    files,
    select,
  }: { readonly source: SourceDefinition; readonly files: readonly SourceFile[]; readonly select: string },
): Promise<string> {
  const each = source.columns.map(({ name }) => {
    const column = quoteName(name);
    return `count(${column}), approx_count_distinct(${column}), min(${column})::varchar, max(${column})::varchar`;
  });
  const { rows } = await explained(lakehouse, { source, files }, () =>
    lakehouse.query(`SELECT count(*), ${each.join(", ")} FROM (${select})`),
  );
  const [count, ...values] = rows[0] ?? [];
  const statistics = source.columns.map(({ name }, index) => {
    const [present, distinct, min, max] = values.slice(index * 4, index * 4 + 4);
    return {
      column: name,
      nulls: Number(count) - Number(present),
      distinct: Number(distinct),
      min: short(min),
      max: short(max),
    };
  });
  const empty = source.columns.find(({ nullable }, index) => nullable === false && (statistics[index]?.nulls ?? 0) > 0);
  if (empty === undefined) return JSON.stringify(statistics);
  const { nulls = 0 } = statistics.find(({ column }) => column === empty.name) ?? {};
  throw ingestionErrors.create("ingestion/missing-value", {
    because: `${source.name}: ${nulls} rows have no ${empty.name}, which is declared never to be null`,
    where: { columnName: empty.name },
  });
}

const TEXT_MAX = 200;

function short(value: unknown): string | null {
  return value === null || value === undefined ? null : textOf(value as never).slice(0, TEXT_MAX);
}

async function lastLoad(
  lakehouse: Lakehouse,
  table: string,
): Promise<{ hash: string | undefined; rows: number; snapshotId: string; quarantined: number | null } | undefined> {
  if ((await lakehouse.table(table)) === undefined) return undefined;
  const last = (await lakehouse.history(table)).at(-1);
  return last === undefined
    ? undefined
    : {
        hash: last.summary[INPUT_HASH],
        rows: last.rowCount,
        snapshotId: last.snapshotId,
        quarantined: last.summary[QUARANTINED] === undefined ? null : Number(last.summary[QUARANTINED]),
      };
}

/** The SELECT that reads one file by the contract, after its columns were found to be those declared. */
async function checkedSelect(lakehouse: Lakehouse, source: SourceDefinition, file: SourceFile): Promise<string> {
  const lenient = source.badRows === "quarantine" ? ({ badLines: "pass" } as const) : {};
  const reader = await readerOf(lakehouse, { source, path: file.path, ...lenient });
  const present = await describeFile(lakehouse, { reader, source, file });
  for (const column of source.columns) {
    const found = present.find(({ name }) => name === column.name);
    if (found === undefined) throw missingColumn(source, { file, column, present });
    if (reader.typed) requireType({ source, file, column, found });
  }
  const casts = source.columns.map((column) => {
    const value = valueSql(column, present.find(({ name }) => name === column.name)?.type ?? "");
    return `CAST(${value} AS ${duckdbType(column)}) AS ${quoteName(column.name)}`;
  });
  const good = source.badRows === "fail" ? "" : ` WHERE ${source.columns.map(isGood).join(" AND ")}`;
  return `SELECT ${casts.join(", ")} FROM ${reader.relation}${good}`;
}

/** A column's value. What JSON holds in more than one type is JSON itself, whose texts have their quotes. */
function valueSql({ name, type }: Column, found: string): string {
  return found === "JSON" && type === "string" ? `(${quoteName(name)} ->> '$')` : quoteName(name);
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
  "TIMESTAMP WITH TIME ZONE": ["TIMESTAMPTZ"],
};

interface Write {
  readonly source: SourceDefinition;
  readonly files: readonly SourceFile[];
  readonly select: string;
  readonly summary: Readonly<Record<string, string>>;
}

function writeOrExplain(lakehouse: Lakehouse, { source, files, select, summary }: Write) {
  return explained(lakehouse, { source, files }, () =>
    lakehouse.write({ table: source.name, select, mode: "replace", columns: source.columns, summary }),
  );
}

/** Reads the files, and tells of what cannot be read where it is. */
async function explained<Result>(
  lakehouse: Lakehouse,
  { source, files }: Pick<Write, "source" | "files">,
  read: () => Promise<Result>,
): Promise<Result> {
  try {
    return await read();
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
