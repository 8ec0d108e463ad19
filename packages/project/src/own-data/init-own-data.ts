import { constants } from "node:fs";
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { quoteName, textOf, type SqlEngine, type SqlValue } from "@millwright/lakehouse";
import { finishProject, newProjectFolder, type InitResult } from "../init.ts";
import { guessesOf, type ToldGuesses } from "./guesses.ts";
import { CLEAN_ROWS, type CleanColumn } from "./measure.ts";
import { planOwnData, type OwnDataOptions } from "./own-data.ts";
import { dataPath, featureColumns, type OwnDataPlan } from "./plan.ts";
import { projectFiles } from "./write/write-project.ts";

export interface InitOwnDataOptions extends OwnDataOptions {
  readonly targetDir: string;
  readonly packageFolder?: string | undefined;
}

export interface InitOwnDataResult extends InitResult {
  readonly from: string;
  readonly rows: number;
  readonly guesses: ToldGuesses;
}

/**
 * Makes a project of a person's own file: looks at it, guesses, and writes what the guesses come to. Nothing is written
 * where the file cannot be used.
 */
export async function initOwnData(engine: SqlEngine, options: InitOwnDataOptions): Promise<InitOwnDataResult> {
  const folder = await newProjectFolder(options.targetDir);
  const plan = await planOwnData(engine, options);
  const example = await exampleRow(engine, plan);
  await mkdir(folder.projectDir, { recursive: true });
  for (const [path, text] of Object.entries(projectFiles(plan, { name: folder.name, example }))) {
    const file = join(folder.projectDir, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
  const data = join(folder.projectDir, dataPath(plan));
  await mkdir(dirname(data), { recursive: true });
  await copyFile(plan.file.path, data, constants.COPYFILE_FICLONE);
  const made = await finishProject(folder, { packageFolder: options.packageFolder });
  return { ...made, template: "own data", from: plan.file.path, rows: plan.profile.rows, guesses: guessesOf(plan) };
}

/** The row of the file that lacks least, as a caller would send it. */
async function exampleRow(engine: SqlEngine, plan: OwnDataPlan): Promise<Readonly<Record<string, unknown>>> {
  const { time, entity } = plan;
  const columns = [
    ...new Set([
      ...(time === undefined ? [] : [time.value]),
      ...(entity === undefined ? [] : [entity.value]),
      ...featureColumns(plan),
    ]),
  ];
  const missing = columns.map(({ name }) => `(${quoteName(name)} IS NULL)::int`).join(" + ");
  const names = columns.map(({ name }) => quoteName(name)).join(", ");
  const { rows } = await engine.query(`SELECT ${names} FROM ${CLEAN_ROWS} ORDER BY ${missing}, hash(${names}) LIMIT 1`);
  const values = columns.map((column, place) => [column, rows[0]?.[place] ?? null] as const);
  return Object.fromEntries(
    values.flatMap(([column, value]) => (value === null ? [] : [[column.name, asSent(column, value, plan)]])),
  );
}

function asSent(column: CleanColumn, value: SqlValue, { entity }: OwnDataPlan): unknown {
  const { kind } = column.reading.reading;
  if (kind === "time") return `${textOf(value).replace(" ", "T")}Z`;
  if (kind === "truth") return Number(value) === 1;
  return column === entity?.value ? textOf(value) : value;
}
