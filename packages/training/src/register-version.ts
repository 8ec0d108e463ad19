import { open } from "node:fs/promises";
import { join } from "node:path";
import { writePoint } from "@millwright/kernel";
import { makeFolder, writeSums } from "@millwright/platform";
import type { ExperimentRun, Tracking } from "@millwright/tracking";
import type { TrainingDefinition } from "./define-training.ts";
import type { GateResult } from "./gates.ts";
import type { BaselineJudgement, Judgement } from "./judgement/judgement.ts";
import type { MetricName, Metrics } from "./judgement/metrics.ts";
import { JUDGEMENT_FILE } from "./judgement/read-judgement.ts";
import type { JudgedRows } from "./judgement/rival-metrics.ts";
import { encodeModel } from "./model/model-file.ts";
import { importance, type TreeModel } from "./model/tree-model.ts";
import { reportPage } from "./report/report.ts";
import type { ModelSignature, TrainSettings } from "./train.ts";

export interface TrainingResult {
  readonly runId: string;
  readonly version: number;
  readonly champion: boolean;
  /** By which the version is told in a word. */
  readonly metric: MetricName;
  readonly validation: Metrics;
  readonly test: Metrics;
  readonly baselines: readonly BaselineJudgement[];
  readonly gates: readonly GateResult[];
}

/** A version in the making: all that is known of it. */
export interface TrainedVersion {
  readonly definition: TrainingDefinition;
  readonly settings: Pick<TrainSettings, "artifactRoot" | "fingerprint">;
  readonly run: ExperimentRun;
  readonly model: TreeModel;
  readonly onnx: Uint8Array;
  readonly judgement: Judgement;
  readonly judgedOn: JudgedRows;
  readonly gates: readonly GateResult[];
  readonly signature: ModelSignature;
  /** How many it learned from. */
  readonly rows: number;
}

/** Writes a version's files, records its metrics and registers it; it becomes `champion` only if every gate holds. */
export async function registerVersion(tracking: Tracking, trained: TrainedVersion): Promise<TrainingResult> {
  const { run, definition, judgement, gates, settings } = trained;
  const artifactPath = join(settings.artifactRoot, run.id);
  await writeArtifacts(artifactPath, filesOf(trained));
  const { metric, baselines } = judgement;
  const metrics = { validation: judgement.validation.metrics, test: judgement.test.metrics };
  await tracking.logMetrics(run.id, metricRows(metrics));
  const holds = gates.every(({ passed }) => passed);
  const { version } = await tracking.register({
    model: definition.name,
    runId: run.id,
    artifactPath,
    details: detailsOf(trained),
    aliases: holds ? ["candidate", "champion"] : ["candidate"],
    reason: holds ? "trained, and every gate holds" : "trained; a gate does not hold",
  });
  writePoint("training/register/after");
  await tracking.finishRun(run.id, "finished");
  return { runId: run.id, version, champion: holds, metric, ...metrics, baselines, gates };
}

function filesOf({ definition, run, model, onnx, judgement, gates, signature, rows }: TrainedVersion) {
  const report = reportPage(
    {
      model: definition.name,
      runId: run.id,
      tags: [],
      madeAtMs: run.startedAtMs,
      rows,
      gates,
      importance: importanceOf(model, judgement),
      parameters: { ...definition.trainer },
    },
    judgement,
  );
  return {
    "model.mwt": encodeModel(model),
    "model.onnx": onnx,
    "signature.json": Buffer.from(JSON.stringify(signature, null, 2)),
    [JUDGEMENT_FILE]: Buffer.from(JSON.stringify(judgement)),
    "report.html": Buffer.from(report),
  };
}

function detailsOf({ definition, settings, model, judgement, judgedOn, gates, signature, rows }: TrainedVersion) {
  const { metric, threshold, baselines, validation, test } = judgement;
  const { features, request, timestamp = null } = signature;
  return {
    metric,
    metrics: { validation: validation.metrics, test: test.metrics },
    judgedOn,
    threshold,
    baselines,
    gates,
    signature: { features, request, timestamp },
    objective: model.objective,
    classes: model.classes,
    importance: importanceOf(model, judgement),
    parameters: { ...definition.trainer },
    rows,
    trees: model.roots.length,
    fingerprint: settings.fingerprint,
  };
}

/** Of each feature its share of the gain, and how much it adds or takes on average. */
function importanceOf(model: TreeModel, { contributions = [] }: Judgement) {
  const means = new Map(contributions.map(({ feature, mean }) => [feature, mean]));
  return importance(model).map((feature) => ({ ...feature, contribution: means.get(feature.feature) ?? null }));
}

function metricRows(parts: Readonly<Record<string, Metrics>>) {
  return Object.entries(parts).flatMap(([part, metrics]) =>
    Object.entries(metrics).map(([name, value]) => ({ name: `${part}_${name}`, step: 0, value: Number(value) })),
  );
}

/** Each file is whole and on disk, with its checksum, before the version that names them is registered. */
async function writeArtifacts(folder: string, files: Readonly<Record<string, Uint8Array>>): Promise<void> {
  await makeFolder(folder);
  for (const [name, bytes] of Object.entries(files)) {
    const file = await open(join(folder, name), "w");
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    writePoint("training/artifact/after-write");
  }
  await writeSums(folder, files);
}
