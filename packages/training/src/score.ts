import { mkdir, readFile, rm } from "node:fs/promises";
import { open } from "node:fs/promises";
import { join } from "node:path";
import type { ProgressSink } from "@millwright/kernel";
import { quoteName, quoteText, type Lakehouse } from "@millwright/lakehouse";
import type { ModelVersion } from "@millwright/tracking";
import type { TrainingDefinition } from "./define-training.ts";
import { decodeModel } from "./model/model-file.ts";
import { featureSql } from "./encoding.ts";
import type { ClassLabel, TreeModel } from "./model/tree-model.ts";
import { startScorer } from "./scoring/scorer.ts";
import { copyColumn, integersOf, sharedFloats } from "./rows/part-rows.ts";
import { placedRelation, ROW_PLACE } from "./rows/row-place.ts";
import { splitConditions } from "./split.ts";
import { trainingTable } from "./train.ts";

export interface ScorePorts {
  readonly lakehouse: Lakehouse;
  readonly progress: ProgressSink;
}

export interface ScoreRequest {
  readonly definition: TrainingDefinition;
  readonly version: ModelVersion;
  /** A folder that the SQL engine may read; nothing is left there. */
  readonly scratchFolder: string;
  readonly threads: number;
}

const BATCH_ROWS = 65_536;

/** The table of a training's scored test rows. */
export function scoredTable(name: string): string {
  return `${name.replaceAll(/[^A-Za-z0-9_]/g, "_")}_scored`;
}

/**
 * Scores the test rows with a registered version into a table: the population's columns, the features as known then, the
 * answer (`probability`; or `prediction`; or `prediction` and `probabilities`, a JSON object), the model's version, and
 * `features_at`, the time as of which the features are.
 */
export async function scoreTestRows(ports: ScorePorts, { definition, version, scratchFolder, threads }: ScoreRequest) {
  const model = decodeModel(await readFile(join(version.artifactPath, "model.mwt")));
  const table = trainingTable(definition.name);
  const rows = `${await placedRelation(ports.lakehouse, { definition, table })} WHERE ${splitConditions(definition).test}`;
  await mkdir(scratchFolder, { recursive: true });
  const path = join(scratchFolder, `score-${version.model.replaceAll(/[^A-Za-z0-9_]/g, "_")}-${version.version}.csv`);
  try {
    const features = model.features.map((name) => featureSql(name, model.categories)).join(", ");
    await writeAnswers(ports, { model, path, threads, select: `SELECT ${ROW_PLACE}, ${features} FROM ${rows}` });
    const state = await ports.lakehouse.table(table);
    const columns = (state?.columns ?? []).map(({ name }) => name).filter((name) => name !== ROW_PLACE);
    const { timestamp } = definition;
    const featuresAt = timestamp === undefined ? "NULL::timestamp" : `rows_.${quoteName(timestamp)}`;
    const select =
      `SELECT ${columns.map((column) => `rows_.${quoteName(column)}`).join(", ")}, ${answerSql(model)}, ${quoteText(version.model)} AS model, ` +
      `${version.version}::int AS model_version, ${featuresAt} AS features_at FROM (SELECT * FROM ${rows}) AS rows_ ` +
      `JOIN read_csv(${quoteText(path)}, header = false, columns = {${answerColumns(model)}}) AS scores USING (${ROW_PLACE})`;
    return await ports.lakehouse.write({ table: scoredTable(definition.name), select, mode: "replace" });
  } finally {
    await rm(path, { force: true });
  }
}

/** What `writeAnswers` wrote, for DuckDB: the row's place and each output. */
function answerColumns(model: TreeModel): string {
  const outputs = model.bases.map((_base, output) => `'answer_${output}': 'FLOAT'`);
  return [`'${ROW_PLACE}': 'INTEGER'`, ...outputs].join(", ");
}

/** The answer's columns from the outputs. */
function answerSql({ objective, classes }: TreeModel): string {
  if (objective !== "softmax") return `scores.answer_0 AS ${objective === "binary" ? "probability" : "prediction"}`;
  const outputs = classes.map((_label, output) => `scores.answer_${output}`);
  const called = classes.map((label, output) => `WHEN ${outputs[output]} THEN ${classSql(label)}`);
  const pairs = classes.map((label, output) => `${quoteText(String(label))}, ${outputs[output]}`);
  return (
    `CASE greatest(${outputs.join(", ")}) ${called.join(" ")} END AS prediction, ` +
    `json_object(${pairs.join(", ")})::varchar AS probabilities`
  );
}

function classSql(label: ClassLabel): string {
  return typeof label === "string" ? quoteText(label) : String(label);
}

async function writeAnswers(
  ports: ScorePorts,
  {
    model,
    path,
    select,
    threads,
  }: {
    readonly model: TreeModel;
    readonly path: string;
    readonly select: string;
    readonly threads: number;
  },
): Promise<void> {
  const file = await open(path, "w");
  const scorer = startScorer(model, threads);
  let scored = 0;
  try {
    for await (const batch of ports.lakehouse.readColumns(select, { batchRows: BATCH_ROWS })) {
      const [place, ...vectors] = batch.columns;
      const columns = vectors.map((vector) => {
        const column = sharedFloats(batch.rows);
        copyColumn(column, { vector, at: 0 });
        return column;
      });
      const answers = await scorer.score(columns, batch.rows);
      await file.write(linesOf(integersOf(place), answers));
      scored += batch.rows;
      ports.progress({ message: "scoring", done: scored, unit: "rows" });
    }
  } finally {
    await scorer.close();
    await file.close();
  }
}

/** A line a row: its place and what was answered. */
function linesOf(places: Int32Array, answers: Float32Array): string {
  const width = answers.length / places.length;
  const answer = (row: number) =>
    width === 1 ? answers[row] : answers.subarray(row * width, (row + 1) * width).join(",");
  return Array.from(places, (place, row) => `${place},${answer(row)}\n`).join("");
}
