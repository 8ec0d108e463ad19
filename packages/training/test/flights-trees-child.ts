import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ProgressSink } from "@millwright/kernel";
import { gradientBoosting, scoreColumns, scoreMetrics, trainModel, type TrainingMatrix } from "../src/index.ts";
import { flightsMatrix } from "./support/flights-matrix.ts";

// The benchmark's side of our trainer: fits the flights example's rows, prints times and AUC, leaves the rows for its peer.
// Arguments: the project, a folder for the rows, the trainer's settings, the numbers of threads.

const [projectDir = "", folder = "", settings = "{}", threads = "[1]"] = process.argv.slice(2);
const trainer = gradientBoosting(JSON.parse(settings) as Parameters<typeof gradientBoosting>[0]);
const train = await flightsMatrix(projectDir, "departed_at < TIMESTAMP '2001-05-01'");
const test = await flightsMatrix(projectDir, "departed_at >= TIMESTAMP '2001-06-01'");
const results = [];
for (const count of JSON.parse(threads) as readonly number[]) results.push(await fit(count));
const parts = { train: written("train", train), test: written("test", test) };
console.log(JSON.stringify({ features: train.features, rows: train.rows, ...parts, results }));

async function fit(count: number) {
  const started = performance.now();
  let binned = started;
  let fitted = started;
  let processor = process.cpuUsage();
  const progress: ProgressSink = ({ done }) => {
    if (done === 0) [binned, processor] = [performance.now(), process.cpuUsage()];
    if (done !== trainer.trees) return;
    fitted = performance.now();
    processor = process.cpuUsage(processor);
  };
  const model = await trainModel(train, { trainer, threads: count, progress });
  const { auc } = scoreMetrics(test.labels, scoreColumns(model, test.columns, { from: 0, to: test.rows }));
  return {
    threads: count,
    binSeconds: (binned - started) / 1_000,
    fitSeconds: (fitted - binned) / 1_000,
    fitProcessorSeconds: (processor.user + processor.system) / 1e6,
    auc,
  };
}

function written(name: string, { columns, labels, rows }: TrainingMatrix) {
  const paths = { rows, columns: join(folder, `${name}-columns`), labels: join(folder, `${name}-labels`) };
  writeFileSync(paths.labels, labels);
  rmSync(paths.columns, { force: true });
  for (const column of columns) writeFileSync(paths.columns, column, { flag: "a" });
  return paths;
}
