import { mkdir, readFile, rm } from "node:fs/promises";
import { open } from "node:fs/promises";
import { join } from "node:path";
import type { ProgressSink } from "@millwright/kernel";
import { quoteName, quoteText, type Lakehouse } from "@millwright/lakehouse";
import type { ModelVersion } from "@millwright/tracking";
import type { TrainingDefinition } from "./define-training.ts";
import { decodeModel } from "./model/model-file.ts";
import { copyColumn } from "./matrix.ts";
import type { TreeModel } from "./model/tree-model.ts";
import { startScorer } from "./scoring/scorer.ts";
import { rowOrder } from "./row-order.ts";
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
 * probability, the model's version, and `features_at`, the time as of which the features are.
 */
export async function scoreTestRows(ports: ScorePorts, { definition, version, scratchFolder, threads }: ScoreRequest) {
  const model = decodeModel(await readFile(join(version.artifactPath, "model.mwt")));
  const relation = ports.lakehouse.relation(trainingTable(definition.name));
  const where = splitConditions(definition).test;
  await mkdir(scratchFolder, { recursive: true });
  const path = join(scratchFolder, `score-${version.model.replaceAll(/[^A-Za-z0-9_]/g, "_")}-${version.version}.csv`);
  try {
    const state = await ports.lakehouse.table(trainingTable(definition.name));
    const columns = (state?.columns ?? []).map(({ name }) => name);
    // Both sides number the rows in one order, so that a row meets its own probability.
    const order = rowOrder(definition, columns);
    const features = model.features.map(quoteName).join(", ");
    const ordered = `SELECT ${features} FROM ${relation} WHERE ${where} ORDER BY ${order}`;
    await writeProbabilities(ports, { model, path, threads, select: ordered });
    const numbered = `SELECT *, row_number() OVER (ORDER BY ${order}) AS row_number_ FROM ${relation} WHERE ${where}`;
    const { timestamp } = definition;
    const featuresAt = timestamp === undefined ? "NULL::timestamp" : `rows_.${quoteName(timestamp)}`;
    const select =
      `SELECT ${columns.map((column) => `rows_.${quoteName(column)}`).join(", ")}, scores.probability, ${quoteText(version.model)} AS model, ` +
      `${version.version}::int AS model_version, ${featuresAt} AS features_at ` +
      `FROM (${numbered}) AS rows_ ` +
      `JOIN read_csv(${quoteText(path)}, header = false, columns = {'row_number_': 'BIGINT', 'probability': 'FLOAT'}) AS scores USING (row_number_)`;
    return await ports.lakehouse.write({ table: scoredTable(definition.name), select, mode: "replace" });
  } finally {
    await rm(path, { force: true });
  }
}

async function writeProbabilities(
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
      const columns = batch.columns.map((vector) => {
        const column = new Float32Array(new SharedArrayBuffer(batch.rows * 4));
        copyColumn(column, { vector, at: 0 });
        return column;
      });
      const probabilities = await scorer.score(columns, batch.rows);
      await file.write(Array.from(probabilities, (value, row) => `${scored + row + 1},${value}\n`).join(""));
      scored += batch.rows;
      ports.progress({ message: "scoring", done: scored, unit: "rows" });
    }
  } finally {
    await scorer.close();
    await file.close();
  }
}
