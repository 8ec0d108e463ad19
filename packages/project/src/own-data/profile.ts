import { readerOf } from "@millwright/ingestion";
import { quoteName, quoteText, textOf, type SqlEngine } from "@millwright/lakehouse";
import { unusable, type ReadableFile } from "./readable-file.ts";
import type { ValueCount } from "./values.ts";

/** A column as the file has it. */
export interface RawColumn {
  readonly name: string;
  /** The SQL engine's type: VARCHAR where the file says none. */
  readonly type: string;
  /** Rows with a value that is not blank. */
  readonly present: number;
  readonly distinct: number;
  /** The most frequent values, trimmed; none for a column whose type says how it is read. */
  readonly values: readonly ValueCount[];
}

export interface FileProfile {
  /** Rows of the file. */
  readonly rows: number;
  /** Rows that were looked at: all, or a part of them that is the same each time. */
  readonly sampled: number;
  /** Lines that are in no row: of another width than the header, or behind a quote that is left open. */
  readonly badLines: number;
  readonly columns: readonly RawColumn[];
}

/** The table of the rows that are looked at, in the engine's memory. */
export const RAW_ROWS = "own_raw";

const SAMPLE_ROWS = 100_000;
const VALUES_MAX = 2_000;
const COLUMNS_MAX = 500;

/** Reads a file into the engine's memory, all of it or a part, and tells of each column what is in it. */
export async function profileFile(engine: SqlEngine, file: ReadableFile): Promise<FileProfile> {
  const { relation } = await readable(engine, file);
  const rows = await numberOf(engine, `SELECT count(*) FROM ${relation}`);
  if (rows < 2)
    throw unusable(
      `${file.name} has ${rows === 0 ? "no rows" : "one row"} below its header`,
      "Bring a file with rows to learn from.",
    );
  const bad = await badLines(engine, { file, relation, rows });
  if (bad > rows)
    throw unusable(
      `${bad} lines of ${file.name} do not read as its header says, and only ${rows} do: a quote may be open`,
      "Mend its quotes (a quote within a field is written twice, and the field is in quotes), or name what is between the fields: `--delimiter`.",
    );
  const every = Math.ceil(rows / SAMPLE_ROWS);
  const where = every === 1 ? "" : ` WHERE hash(t) % ${every} = 0`;
  await engine.run(`CREATE OR REPLACE TABLE ${RAW_ROWS} AS SELECT * FROM ${relation} AS t${where}`);
  const described = await engine.query(`DESCRIBE ${RAW_ROWS}`);
  const named = described.rows.map(([name, type]) => ({ name: textOf(name), type: textOf(type) }));
  if (named.length < 2)
    throw unusable(
      `${file.name} has one column`,
      "Bring a table of two columns or more: one to predict, and one to predict it from.",
    );
  if (named.length > COLUMNS_MAX)
    throw unusable(`${file.name} has ${named.length} columns`, `Leave at most ${COLUMNS_MAX} in it.`);
  const columns: RawColumn[] = [];
  for (const column of named) columns.push(await profileColumn(engine, column));
  const sampled = await numberOf(engine, `SELECT count(*) FROM ${RAW_ROWS}`);
  return { rows, sampled, badLines: bad, columns };
}

async function readable(engine: SqlEngine, file: ReadableFile) {
  try {
    const source = { name: file.name, format: file.format, csv: file.csv, columns: [] };
    const reader = await readerOf(engine, { source, path: file.path, badLines: "pass" });
    await engine.query(`DESCRIBE SELECT * FROM ${reader.relation}`);
    return reader;
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split("\n")[0] ?? "") : "";
    throw unusable(
      `${file.name} could not be read as ${file.format}: ${reason.slice(0, 200)}`,
      "Bring the file again, or save it as CSV in UTF-8.",
    );
  }
}

/** How many lines of a CSV file are in no row: of another width than its header, or behind a quote that is left open. */
async function badLines(
  engine: SqlEngine,
  { file, relation, rows }: { readonly file: ReadableFile; readonly relation: string; readonly rows: number },
): Promise<number> {
  if (file.format !== "csv") return 0;
  const written = await numberOf(
    engine,
    `SELECT count(*) FROM read_csv(${quoteText(file.path)}, auto_detect = false, header = false, delim = '\u0001', quote = '', ` +
      `escape = '', null_padding = true, ignore_errors = true, columns = {'line': 'VARCHAR'}) WHERE trim(line) <> ''`,
  ).catch(() => 0);
  if (written <= rows + 1) return 0;
  const { rows: described } = await engine.query(`DESCRIBE SELECT * FROM ${relation}`);
  const names = described.map(([name]) => textOf(name));
  const inNames = names.reduce((sum, name) => sum + name.split("\n").length - 1, 0);
  const breaks = names.map((name) => `coalesce(len(string_split(${quoteName(name)}::varchar, chr(10))) - 1, 0)`);
  const inValues = await numberOf(engine, `SELECT sum(${breaks.join(" + ")}) FROM ${relation}`);
  return Math.max(0, written - 1 - inNames - rows - inValues);
}

async function profileColumn(
  engine: SqlEngine,
  { name, type }: { readonly name: string; readonly type: string },
): Promise<RawColumn> {
  const text = rawText(name, type);
  const { rows } = await engine.query(
    `SELECT count(v) FILTER (WHERE v <> ''), count(DISTINCT v) FILTER (WHERE v <> '') FROM (SELECT trim(${text}) AS v FROM ${RAW_ROWS})`,
  );
  const [present, distinct] = (rows[0] ?? []).map(Number);
  const values = isText(type) ? await valuesOf(engine, text) : [];
  return { name, type, present: present ?? 0, distinct: distinct ?? 0, values };
}

async function valuesOf(engine: SqlEngine, text: string): Promise<readonly ValueCount[]> {
  const { rows } = await engine.query(
    `SELECT v, count(*) FROM (SELECT trim(${text}) AS v FROM ${RAW_ROWS}) WHERE v <> '' GROUP BY v ORDER BY 2 DESC, hash(v) LIMIT ${VALUES_MAX}`,
  );
  return rows.map(([value, count]) => ({ text: textOf(value), rows: Number(count) }));
}

/** A column as text, whatever its type. */
export function rawText(name: string, type: string): string {
  const quoted = quoteName(name);
  if (type === "VARCHAR") return quoted;
  return type === "JSON" ? `(${quoted} ->> '$')` : `${quoted}::varchar`;
}

export function isText(type: string): boolean {
  return type === "VARCHAR" || type === "JSON" || type === "UUID" || type.startsWith("ENUM(");
}

async function numberOf(engine: Pick<SqlEngine, "query">, sql: string): Promise<number> {
  const { rows } = await engine.query(sql);
  return Number(rows[0]?.[0] ?? 0);
}
