import { isMillError, type Column, type ProgressSink } from "@millwright/kernel";
import { duckdbType, quoteName, quoteText, textOf, type Lakehouse } from "@millwright/lakehouse";
import { ingestionErrors } from "./errors.ts";
import { sourceInputs, type SourceFile } from "./source-files.ts";
import type { SourceDefinition, SourceFormat } from "./source.ts";

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
  const reader = readerOf(source, file.path);
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

interface Reader {
  readonly relation: string;
  /** The file itself says its types. */
  readonly typed: boolean;
}

function readerOf(source: SourceDefinition, path: string): Reader {
  const format = source.format ?? formatOf(path);
  const literal = quoteText(path);
  if (format === "parquet") return { relation: `read_parquet(${literal})`, typed: true };
  if (format === "jsonl")
    return { relation: `read_json(${literal}, format = 'newline_delimited', auto_detect = true)`, typed: false };
  if (format === "csv")
    return { relation: `read_csv(${literal}, header = true, all_varchar = true, null_padding = false)`, typed: false };
  throw ingestionErrors.create("ingestion/unknown-format", { because: `${source.name}: ${path.split("/").at(-1)}` });
}

function formatOf(path: string): SourceFormat | undefined {
  const name = path.toLowerCase().replace(/\.(gz|zst)$/, "");
  if (name.endsWith(".parquet")) return "parquet";
  if (name.endsWith(".csv") || name.endsWith(".tsv")) return "csv";
  if (name.endsWith(".jsonl") || name.endsWith(".ndjson") || name.endsWith(".json")) return "jsonl";
  return undefined;
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
  return ingestionErrors.create("ingestion/unreadable", {
    because: `${source.name}: ${nameOf(file)}: ${error.because.split("\n")[0]}`,
    where: { file: nameOf(file) },
    cause: error,
  });
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
    throw error;
  }
}

/** Finds the file, row and column of the first value that is not of its declared type. Rows count from 1, without a header. */
async function firstBadValue(
  lakehouse: Lakehouse,
  {
    source,
    files,
    error,
  }: { readonly source: SourceDefinition; readonly files: readonly SourceFile[]; readonly error: Error },
): Promise<Error> {
  for (const file of files) {
    const { relation } = readerOf(source, file.path);
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
