import { basename } from "node:path";
import { inUtf8 } from "@millwright/ingestion";
import type { SqlEngine } from "@millwright/lakehouse";
import { nearest } from "@millwright/kernel";
import { projectErrors } from "../errors.ts";
import { guessFeatures, type ColumnVerdict } from "./guess-features.ts";
import {
  canBeEntity,
  guessEntity,
  guessLabel,
  guessRowKey,
  guessTask,
  guessTime,
  isRowId,
  type Guess,
} from "./guess-roles.ts";
import { guessSplit } from "./guess-split.ts";
import { labelValues, measureColumns, tellingColumns, timeParts, type CleanColumn } from "./measure.ts";
import { cleanName, cleanNames } from "./names.ts";
import type { LabelPlan, OwnDataPlan } from "./plan.ts";
import { profileFile, type FileProfile } from "./profile.ts";
import { openFile, unusable, type FileHints, type ReadableFile } from "./readable-file.ts";
import { readColumn } from "./reading.ts";

export interface OwnDataOptions {
  readonly path: string;
  /** Columns as the file names them: what they say is not guessed. */
  readonly label?: string;
  readonly time?: string;
  readonly key?: string;
  readonly hints?: FileHints;
  /** A folder that the engine may read, for a copy in UTF-8. */
  readonly scratchFolder: string;
}

/**
 * Looks at a file and guesses what a first project of it would be. Throws `project/unusable-file` or
 * `project/unusable-column`, each with what to do.
 */
export async function planOwnData(engine: SqlEngine, options: OwnDataOptions): Promise<OwnDataPlan> {
  const file = await openFile(options.path, options.hints);
  const source = { name: file.name, csv: file.csv };
  const original = [{ path: file.path, bytes: 0, sha256: "" }];
  const copies = await inUtf8(original, { source, folder: options.scratchFolder });
  try {
    const readable = { ...file, path: copies.files[0]?.path ?? file.path };
    const profile = await profileFile(engine, readable);
    return await planProfile(engine, { file, profile, options });
  } finally {
    await copies.remove();
  }
}

interface Profiled {
  readonly file: ReadableFile;
  readonly profile: FileProfile;
  readonly options: OwnDataOptions;
}

async function planProfile(engine: SqlEngine, { file, profile, options }: Profiled): Promise<OwnDataPlan> {
  const names = cleanNames(profile.columns.map(({ name }) => name));
  const read = profile.columns.map((raw) => ({ raw, name: names.get(raw.name) ?? "", reading: readColumn(raw) }));
  const columns = await measureColumns(engine, read);
  const nested = read.filter(({ reading }) => reading.reading.kind === "nested").map(({ raw }) => raw.name);
  const roles = guessRoles(columns, { options, file });
  const { time, label, entity, task } = roles;
  const isNumber = task.value === "number";
  const others = columns.filter((column) => column !== label.value && column !== time?.value);
  const telling = await tellingColumns(engine, { label: label.value.name, isNumber, columns: others });
  const plainVerdicts = guessFeatures({ columns: others, label: label.value, isNumber, telling });
  const verdicts = plainVerdicts.map((verdict) =>
    verdict.column === entity?.value && verdict.isFeature && verdict.column.distinct > KEYS_AS_FEATURE
      ? { ...verdict, isFeature: false, why: "the key: its history is what the model learns from" }
      : verdict,
  );
  if (time === undefined && !verdicts.some(({ isFeature }) => isFeature)) throw nothingToLearnFrom(file, verdicts);
  const parts =
    time === undefined ? undefined : await timeParts(engine, { time: time.value.name, label: label.value.name });
  return {
    file,
    profile,
    table: tableName(file.name),
    columns,
    nested,
    ...roles,
    label: { ...label, value: await labelPlan(engine, label.value, isNumber) },
    verdicts,
    split: guessSplit({ task: task.value, rows: label.value.present, parts }),
  };
}

function nothingToLearnFrom(file: ReadableFile, verdicts: readonly ColumnVerdict[]): Error {
  const why = verdicts.slice(0, 5).map(({ column, why: reason }) => `${column.source} (${reason})`);
  return unusable(
    `${file.name} has nothing to learn from: ${why.join("; ")}`,
    "Bring columns that say something of each row, or name another label: `--label COLUMN`.",
  );
}

const KEYS_AS_FEATURE = 50;

function guessRoles(columns: readonly CleanColumn[], { options, file }: Omit<Profiled, "profile">) {
  const told = (name: string | undefined) => (name === undefined ? undefined : namedColumn(columns, name));
  const key = told(options.key);
  const time = toldTime(told(options.time)) ?? guessTime(columns.filter((column) => column !== told(options.label)));
  const rowKey = key !== undefined && isRowId(key) ? said(key, "--key") : guessRowKey(columns);
  const label =
    told(options.label) === undefined
      ? guessLabel(
          columns.filter((column) => column !== key),
          { time: time?.value, rowKey: rowKey?.value },
        )
      : said(told(options.label) as CleanColumn, "--label");
  if (label === undefined)
    throw unusable(
      `${file.name} has no column that could be predicted`,
      "Name one with `--label COLUMN`: a yes or no, one of several kinds, or a number.",
    );
  const task = guessTask(label.value);
  if (task === undefined || label.value.present < ROWS_MIN) throw notALabel(label.value);
  const isToldEntity = key !== undefined && !isRowId(key);
  const entity = isToldEntity ? toldEntity(key, time) : guessEntity(columns, { time: time?.value, label: label.value });
  return { time, rowKey: rowKey?.value === label.value ? undefined : rowKey, label, task, entity };
}

const ROWS_MIN = 10;

function said(column: CleanColumn, option: string): Guess<CleanColumn> {
  return { value: column, why: `said by ${option}` };
}

function toldTime(column: CleanColumn | undefined): Guess<CleanColumn> | undefined {
  if (column === undefined) return undefined;
  if (column.reading.reading.kind === "time") return said(column, "--time");
  throw unusableColumn(`${column.source} is no column of times: ${column.reading.why}`);
}

function toldEntity(column: CleanColumn, time: Guess<CleanColumn> | undefined): Guess<CleanColumn> | undefined {
  if (time === undefined) throw unusableColumn(`${column.source} can have a history only where rows have a time`);
  if (canBeEntity(column) || column.distinct * 2 < column.present) return said(column, "--key");
  throw unusableColumn(
    `${column.source} has ${column.distinct} values in ${column.present} rows: hardly any comes twice`,
  );
}

function notALabel({ source, reading, present, distinct }: CleanColumn): Error {
  return unusableColumn(
    `${source} cannot be predicted: ${present} rows have one of ${distinct} values, and ${reading.why}`,
    "Choose a column with two values or more in ten rows or more: a yes or no, one of at most 50 kinds, or a number.",
  );
}

function namedColumn(columns: readonly CleanColumn[], name: string): CleanColumn {
  const found =
    columns.find(({ source }) => source === name) ?? columns.find((column) => column.name === cleanName(name));
  if (found !== undefined) return found;
  const names = columns.map(({ source }) => source);
  const meant = nearest(name, new Set(names));
  throw unusableColumn(
    `there is no column ${name}${meant === undefined ? "" : `; did you mean ${meant}?`} There are ${names.join(", ")}`,
  );
}

function unusableColumn(because: string, remedy?: string): Error {
  return projectErrors.create("project/unusable-column", { because, ...(remedy === undefined ? {} : { remedy }) });
}

/** The label as the project names it: a yes or no that is written otherwise becomes 1 for the rarer of its values. */
async function labelPlan(engine: SqlEngine, column: CleanColumn, isNumber: boolean): Promise<LabelPlan> {
  if (isNumber) return { column, name: column.name, positive: undefined, rare: [], values: [] };
  const all = await labelValues(engine, column.name);
  const isMany = all.filter(({ rows }) => rows >= CLASS_ROWS_MIN).length >= 2;
  const values = isMany ? all.filter(({ rows }) => rows >= CLASS_ROWS_MIN) : all;
  const rare = all.filter((value) => !values.includes(value)).map(({ value }) => value);
  const isOneOrNone =
    column.reading.reading.kind === "truth" || values.every(({ value }) => value === "0" || value === "1");
  if (column.distinct !== 2 || isOneOrNone) return { column, name: column.name, positive: undefined, rare, values };
  const positive = values.at(-1)?.value ?? "";
  return { column, name: cleanName(`${column.name}_is_${positive}`), positive, rare, values };
}

/** Fewer rows of a class than these cannot be in every part. */
const CLASS_ROWS_MIN = 6;

function tableName(fileName: string): string {
  return cleanName(basename(fileName).replace(/(\.[a-z0-9]+)+$/i, ""));
}
