import { mkdir, open } from "node:fs/promises";
import { join } from "node:path";
import { writePoint, type Column, type ProgressSink } from "@millwright/kernel";
import { historicalSelect, planFeatures } from "@millwright/feature-store";
import type { Lakehouse } from "@millwright/lakehouse";
import { writeSums } from "@millwright/platform";
import type { ModelVersion, Tracking } from "@millwright/tracking";
import { trainModel } from "./boosting/train-model.ts";
import type { TrainingDefinition } from "./define-training.ts";
import { findEncoding } from "./encoding.ts";
import { evaluateGates, type GateResult } from "./gates.ts";
import { judgeModel } from "./judgement/judge-model.ts";
import { JUDGEMENT_FILE } from "./judgement/read-judgement.ts";
import type { BaselineJudgement } from "./judgement/judgement.ts";
import type { MetricName, Metrics } from "./judgement/metrics.ts";
import { readMatrix, type ReadRows } from "./matrix.ts";
import { encodeModel } from "./model/model-file.ts";
import { importance } from "./model/tree-model.ts";
import { exportOnnx } from "./onnx/export-onnx.ts";
import { reportPage } from "./report/report.ts";
import { splitConditions, withPlaces } from "./split.ts";

export interface TrainPorts {
  readonly lakehouse: Lakehouse;
  readonly tracking: Tracking;
  readonly progress: ProgressSink;
}

export interface TrainSettings {
  readonly threads: number;
  /** The folder below which each run keeps its artifacts. */
  readonly artifactRoot: string;
  readonly signal?: AbortSignal;
  /** Of the definition and the rows: equal ones train equal models. */
  readonly fingerprint: string;
  /** The version that was last seen to be done; null when none was. */
  readonly lastVersion: string | null;
}

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

/** What a model takes: feature columns in order, and how they are come by. Kept beside the model as `signature.json`. */
export interface ModelSignature {
  readonly model: string;
  readonly features: readonly string[];
  readonly request: readonly Column[];
  /** Absent where rows have no time: the clock counts then. */
  readonly timestamp?: string;
  readonly selections: TrainingDefinition["features"];
}

/** The table that holds a training's rows, features as known at each row's time. */
export function trainingTable(name: string): string {
  return `${name.replaceAll(/[^A-Za-z0-9_]/g, "_")}_training`;
}

/** Builds the training table: one point-in-time join over the whole population. */
export async function buildTrainingTable({ lakehouse }: Pick<TrainPorts, "lakehouse">, definition: TrainingDefinition) {
  const columns = new Map((await lakehouse.tables()).map((table) => [table.name, table.columns]));
  const population = definition.population.name;
  const populationColumns = columns.get(population) ?? [];
  const names = populationColumns.map(({ name }) => name);
  // A feature that is a column as it is may have its name, and takes its place.
  const taken = new Set(planFeatures(definition.features).features.map(({ name }) => name));
  const select = historicalSelect({
    population: lakehouse.relation(population),
    ...(definition.timestamp === undefined ? {} : { timestamp: definition.timestamp }),
    keep: names.filter((name) => !taken.has(name)),
    selections: definition.features,
    columnsOf: (table) => columns.get(table) ?? [],
    populationColumns,
  });
  return lakehouse.write({
    table: trainingTable(definition.name),
    select: withPlaces(select, { definition, columns: names }),
    mode: "replace",
  });
}

/** Trains, judges, records and registers. The version becomes `champion` only if every gate holds. */
export async function train(
  ports: TrainPorts,
  definition: TrainingDefinition,
  settings: TrainSettings,
): Promise<TrainingResult> {
  const { tracking, progress } = ports;
  const left = await leftByInterruptedRun(tracking, definition.name, settings);
  if (left !== undefined) return left;
  const features = planFeatures(definition.features).features.map(({ name }) => name);
  progress({ message: "reading the training rows" });
  const table = trainingTable(definition.name);
  const parts = splitConditions(definition);
  const encoding = await findEncoding(ports.lakehouse, { definition, features, table, where: parts.train });
  const read: ReadRows = (where, beside = []) =>
    readMatrix(ports.lakehouse, { definition, features, table, where, encoding, beside });
  const matrix = await read(parts.train);
  const run = await tracking.startRun({
    experiment: definition.name,
    parameters: { ...definition.trainer, features, split: definition.split, rows: matrix.rows },
    tags: { population: definition.population.name },
    artifactPath: settings.artifactRoot,
  });
  try {
    const { trainer } = definition;
    const model = await trainModel(matrix, {
      trainer,
      threads: settings.threads,
      progress,
      ...(settings.signal === undefined ? {} : { signal: settings.signal }),
      ...(trainer.earlyStopping === undefined ? {} : { validation: await read(parts.validation) }),
    });
    progress({ message: "judging on the held-out rows" });
    const onnx = exportOnnx(model);
    const judgement = await judgeModel(
      { lakehouse: ports.lakehouse, read },
      { definition, model, onnx, trained: matrix, table, parts, threads: settings.threads },
    );
    const champion = await tracking.byAlias(definition.name, "champion");
    const gates = evaluateGates(definition.gates, {
      judgement,
      aliasMetrics: (alias) => (alias === "champion" ? metricsOf(champion) : undefined),
    });
    const artifactPath = join(settings.artifactRoot, run.id);
    const signature: ModelSignature = {
      model: definition.name,
      features,
      request: requestOf(definition),
      ...(definition.timestamp === undefined ? {} : { timestamp: definition.timestamp }),
      selections: definition.features,
    };
    const report = reportPage(
      {
        model: definition.name,
        runId: run.id,
        tags: [],
        madeAtMs: run.startedAtMs,
        rows: matrix.rows,
        gates,
        importance: importance(model),
        parameters: { ...trainer },
      },
      judgement,
    );
    await writeArtifacts(artifactPath, {
      "model.mwt": encodeModel(model),
      "model.onnx": onnx,
      "signature.json": Buffer.from(JSON.stringify(signature, null, 2)),
      [JUDGEMENT_FILE]: Buffer.from(JSON.stringify(judgement)),
      "report.html": Buffer.from(report),
    });
    const { metric, baselines } = judgement;
    const metrics = { validation: judgement.validation.metrics, test: judgement.test.metrics };
    await tracking.logMetrics(run.id, metricRows(metrics));
    const holds = gates.every(({ passed }) => passed);
    const version = await tracking.register({
      model: definition.name,
      runId: run.id,
      artifactPath,
      details: {
        metric,
        metrics,
        baselines,
        gates,
        signature: { features, request: signature.request, timestamp: signature.timestamp ?? null },
        objective: model.objective,
        classes: model.classes,
        importance: importance(model),
        ...(judgement.test.plots.kind === "binary" ? { calibration: judgement.test.plots.calibration } : {}),
        parameters: { ...definition.trainer },
        rows: matrix.rows,
        trees: model.roots.length,
        fingerprint: settings.fingerprint,
      },
      aliases: holds ? ["candidate", "champion"] : ["candidate"],
      reason: holds ? "trained, and every gate holds" : "trained; a gate does not hold",
    });
    writePoint("training/register/after");
    await tracking.finishRun(run.id, "finished");
    return { runId: run.id, version: version.version, champion: holds, metric, ...metrics, baselines, gates };
  } catch (error) {
    await tracking.finishRun(run.id, "failed");
    throw error;
  }
}

/** A run that died after it had registered its version left all there is to it: it is not trained, nor counted, twice. */
async function leftByInterruptedRun(
  tracking: Tracking,
  name: string,
  { fingerprint, lastVersion }: TrainSettings,
): Promise<TrainingResult | undefined> {
  if (!(await tracking.models()).includes(name)) return undefined;
  const [newest] = await tracking.versions(name);
  if (newest?.details["fingerprint"] !== fingerprint || String(newest.version) === lastVersion) return undefined;
  await tracking.finishRun(newest.runId, "finished");
  const { metrics, ...told } = newest.details as Pick<TrainingResult, "metric" | "baselines" | "gates"> & {
    readonly metrics: Pick<TrainingResult, "validation" | "test">;
  };
  const { metric, baselines, gates } = told;
  const champion = newest.aliases.includes("champion");
  return { runId: newest.runId, version: newest.version, champion, metric, ...metrics, baselines, gates };
}

/** What a caller must send for these features. */
export function requestOf(definition: Pick<TrainingDefinition, "features" | "timestamp">): readonly Column[] {
  const { fields } = planFeatures(definition.features);
  const { timestamp } = definition;
  const fieldTypes = fields.map((field) => ({ ...field, nullable: field.nullable ?? false }));
  return timestamp === undefined || fieldTypes.some(({ name }) => name === timestamp)
    ? fieldTypes
    : [...fieldTypes, { name: timestamp, type: "timestamp", nullable: false }];
}

function metricsOf(version: ModelVersion | undefined): Partial<Metrics> | undefined {
  return (version?.details["metrics"] as { test?: Metrics } | undefined)?.test;
}

function metricRows(parts: Readonly<Record<string, Metrics>>) {
  return Object.entries(parts).flatMap(([part, metrics]) =>
    Object.entries(metrics).map(([name, value]) => ({ name: `${part}_${name}`, step: 0, value: Number(value) })),
  );
}

/** Each file is whole and on disk, with its checksum, before the version that names them is registered. */
async function writeArtifacts(folder: string, files: Readonly<Record<string, Uint8Array>>): Promise<void> {
  await mkdir(folder, { recursive: true });
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
