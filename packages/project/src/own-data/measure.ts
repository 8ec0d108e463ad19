import { quoteName, textOf, type SqlEngine } from "@millwright/lakehouse";
import { RAW_ROWS, type RawColumn } from "./profile.ts";
import { readingSql, type ColumnReading } from "./reading.ts";

/** A column as it is read: what the guesses stand on. */
export interface CleanColumn {
  /** As in the file. */
  readonly source: string;
  /** As in the cleaned table. */
  readonly name: string;
  readonly sourceType: string;
  readonly reading: ColumnReading;
  readonly rows: number;
  readonly present: number;
  readonly distinct: number;
  /** Values that were there and did not read as what the column holds. */
  readonly unread: number;
  readonly min: string;
  readonly max: string;
  readonly meanLength: number;
}

/** The table of the rows as they are read, in the engine's memory. */
export const CLEAN_ROWS = "own_clean";

export interface ReadColumn {
  readonly raw: RawColumn;
  readonly name: string;
  readonly reading: ColumnReading;
}

/** Reads every column as it was guessed to be read, and counts what came of it. Nested columns are left out. */
export async function measureColumns(
  engine: SqlEngine,
  columns: readonly ReadColumn[],
): Promise<readonly CleanColumn[]> {
  const flat = columns.filter(({ reading }) => reading.reading.kind !== "nested");
  const selected = flat.map(({ raw, name, reading }) => `${readingSql(raw, reading)} AS ${quoteName(name)}`);
  await engine.run(`CREATE OR REPLACE TABLE ${CLEAN_ROWS} AS SELECT ${selected.join(", ")} FROM ${RAW_ROWS}`);
  const measured: CleanColumn[] = [];
  for (const column of flat) measured.push(await measure(engine, column));
  return measured;
}

async function measure(engine: SqlEngine, { raw, name, reading }: ReadColumn): Promise<CleanColumn> {
  const column = quoteName(name);
  const { rows } = await engine.query(
    `SELECT count(*), count(${column}), count(DISTINCT ${column}), min(${column})::varchar, max(${column})::varchar, ` +
      `coalesce(avg(length(${column}::varchar)), 0) FROM ${CLEAN_ROWS}`,
  );
  const [count, present, distinct, min, max, meanLength] = rows[0] ?? [];
  const isMissing = ({ text }: { readonly text: string }) => reading.missing.includes(text.toLowerCase());
  const missing = raw.values.filter(isMissing).reduce((sum, value) => sum + value.rows, 0);
  return {
    source: raw.name,
    name,
    sourceType: raw.type,
    reading,
    rows: Number(count),
    present: Number(present),
    distinct: Number(distinct),
    unread: Math.max(0, raw.present - missing - Number(present)),
    min: textOf(min),
    max: textOf(max),
    meanLength: Number(meanLength),
  };
}

/** How well one column alone tells the label: 1 is all of it. */
export interface Telling {
  readonly name: string;
  readonly share: number;
}

export interface TellingQuestion {
  readonly label: string;
  readonly isNumber: boolean;
  readonly columns: readonly CleanColumn[];
}

const VALUES_MAX = 50;
const ROWS_A_VALUE = 5;

/**
 * For each column what it alone tells of the label. Of a label with kinds: the share of its doubt that is gone once one
 * knows in which value, or twentieth, of the column a row is. Of a number: the share of its variance that is gone so, or
 * that goes with the column's rank.
 */
export async function tellingColumns(engine: SqlEngine, question: TellingQuestion): Promise<readonly Telling[]> {
  const told: Telling[] = [];
  for (const column of question.columns) {
    if (column.distinct < 1) continue;
    const { rows } = await engine.query(
      question.isNumber ? numberSql(column, question.label) : kindsSql(column, question.label),
    );
    const [share] = rows[0] ?? [];
    told.push({ name: column.name, share: share === null || share === undefined ? 0 : Number(share) });
  }
  return told;
}

/** The value, or the twentieth that it is in; -1 for a value too rare to tell anything by. */
function bucketSql({ name, reading, distinct }: CleanColumn): string {
  const column = quoteName(name);
  const isKind = reading.reading.kind === "text" || reading.reading.kind === "truth" || distinct <= VALUES_MAX;
  if (!isKind)
    return `CASE WHEN ${column} IS NOT NULL THEN ntile(20) OVER (ORDER BY ${column} NULLS LAST) END::varchar`;
  return `CASE WHEN count(*) OVER (PARTITION BY ${column}) >= ${ROWS_A_VALUE} THEN coalesce(${column}::varchar, '\u0001') ELSE '\u0002' END`;
}

function kindsSql(column: CleanColumn, label: string): string {
  const y = quoteName(label);
  return (
    `WITH b AS (SELECT ${bucketSql(column)} AS b, ${y} AS y FROM ${CLEAN_ROWS} WHERE ${y} IS NOT NULL), ` +
    "g AS (SELECT b, y, count(*) AS n FROM b GROUP BY ALL), " +
    "p AS (SELECT sum(m) AS pure FROM (SELECT max(n) AS m FROM g GROUP BY b)), " +
    "a AS (SELECT max(n) AS most, sum(n) AS rows FROM (SELECT y, sum(n) AS n FROM g GROUP BY y)) " +
    "SELECT (p.pure - a.most) / nullif(a.rows - a.most, 0) FROM p, a"
  );
}

function numberSql(column: CleanColumn, label: string): string {
  const y = quoteName(label);
  const rank = isOrdered(column)
    ? `(SELECT pow(corr(r, s), 2) FROM (SELECT rank() OVER (ORDER BY ${quoteName(column.name)}) AS r, rank() OVER (ORDER BY ${y}) AS s FROM ${CLEAN_ROWS} WHERE ${y} IS NOT NULL AND ${quoteName(column.name)} IS NOT NULL))`
    : "NULL";
  return (
    `WITH b AS (SELECT ${bucketSql(column)} AS b, ${y}::double AS y FROM ${CLEAN_ROWS} WHERE ${y} IS NOT NULL), ` +
    "g AS (SELECT count(*) AS n, var_pop(y) AS v FROM b GROUP BY b) " +
    `SELECT greatest(coalesce(1 - (SELECT sum(n * v) / sum(n) FROM g) / nullif((SELECT var_pop(y) FROM b), 0), 0), coalesce(${rank}, 0))`
  );
}

function isOrdered({ reading }: CleanColumn): boolean {
  return reading.reading.kind === "number" || reading.reading.kind === "whole" || reading.reading.kind === "time";
}

/** The label's values and how often each is there, the most frequent first. */
export async function labelValues(
  engine: SqlEngine,
  label: string,
): Promise<readonly { readonly value: string; readonly rows: number }[]> {
  const y = quoteName(label);
  const { rows } = await engine.query(
    `SELECT ${y}::varchar, count(*) FROM ${CLEAN_ROWS} WHERE ${y} IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 300`,
  );
  return rows.map(([value, count]) => ({ value: textOf(value), rows: Number(count) }));
}

/** The days at which seven tenths, and 85 hundredths, of the rows are over, and how many rows each part has then. */
export interface TimeParts {
  readonly validationFrom: string;
  readonly testFrom: string;
  readonly spanDays: number;
  /** Rows, and different labels, of train, validation and test. */
  readonly rows: readonly number[];
  readonly labels: readonly number[];
  /** Rows of a label that the rows to learn from have not. */
  readonly unseen: number;
}

export async function timeParts(
  engine: SqlEngine,
  { time, label }: { readonly time: string; readonly label: string },
): Promise<TimeParts> {
  const [at, y] = [quoteName(time), quoteName(label)];
  const rows = `SELECT ${at} AS at_, ${y} AS y FROM ${CLEAN_ROWS} WHERE ${at} IS NOT NULL AND ${y} IS NOT NULL`;
  const found = await engine.query(
    `WITH r AS (${rows}), q AS (SELECT date_trunc('day', quantile_disc(at_, 0.7)) AS v, date_trunc('day', quantile_disc(at_, 0.85)) AS t, ` +
      "date_diff('day', min(at_), max(at_)) AS days FROM r) " +
      "SELECT any_value(v)::varchar, any_value(t)::varchar, any_value(days), " +
      "count(*) FILTER (WHERE at_ < v), count(*) FILTER (WHERE at_ >= v AND at_ < t), count(*) FILTER (WHERE at_ >= t), " +
      "count(DISTINCT y) FILTER (WHERE at_ < v), count(DISTINCT y) FILTER (WHERE at_ >= v AND at_ < t), count(DISTINCT y) FILTER (WHERE at_ >= t), " +
      "count(*) FILTER (WHERE y NOT IN (SELECT y FROM r, q WHERE at_ < v)) FROM r, q",
  );
  const [validationFrom, testFrom, days, ...counts] = found.rows[0] ?? [];
  const numbers = counts.map(Number);
  return {
    validationFrom: textOf(validationFrom).slice(0, 10),
    testFrom: textOf(testFrom).slice(0, 10),
    spanDays: Number(days ?? 0),
    rows: numbers.slice(0, 3),
    labels: numbers.slice(3, 6),
    unseen: numbers[6] ?? 0,
  };
}
