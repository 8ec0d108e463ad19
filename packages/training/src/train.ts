import { totalmem } from "node:os";
import type { Column, ProgressSink } from "@millwright/kernel";
import { fewRowsAKey, historicalSelect, planFeatures } from "@millwright/feature-store";
import type { Lakehouse } from "@millwright/lakehouse";
import type { Tracking } from "@millwright/tracking";
import { requireMemory, type MachineMemory } from "./boosting/require-memory.ts";
import { learn } from "./boosting/train-model.ts";
import type { TrainingDefinition } from "./define-training.ts";
import { findEncoding } from "./encoding.ts";
import { evaluateGates } from "./gates.ts";
import { judgeModel } from "./judgement/judge-model.ts";
import { rivalMetrics } from "./judgement/rival-metrics.ts";
import { sliceValues } from "./judgement/slice-values.ts";
import { exportOnnx } from "./onnx/export-onnx.ts";
import { openPart, type OpenPart } from "./rows/part-rows.ts";
import { ROW_PLACE } from "./rows/row-place.ts";
import { rowOrder } from "./rows/row-order.ts";
import { registerVersion, type TrainingResult } from "./register-version.ts";
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
  const features = planFeatures(definition.features).features.map(({ name }) => name);
  const kept = names.filter((name) => !features.includes(name));
  const select = historicalSelect({
    population: lakehouse.relation(population),
    ...(definition.timestamp === undefined ? {} : { timestamp: definition.timestamp }),
    keep: kept,
    selections: definition.features,
    columnsOf: (table) => columns.get(table) ?? [],
    populationColumns,
    fewRowsAKey: await fewRowsAKey(lakehouse, definition.features),
    numbered: { as: ROW_PLACE, by: rowOrder(definition, [...kept, ...features]) },
  });
  return lakehouse.write({
    table: trainingTable(definition.name),
    select: withPlaces(select, { definition, columns: names }),
    mode: "replace",
  });
}

function machineMemory(): MachineMemory {
  // Beyond what a group of processes may have, Node tells a number without meaning.
  const totalBytes = Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY);
  return { totalBytes, availableBytes: Math.min(totalBytes, process.availableMemory()) };
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
  const table = trainingTable(definition.name);
  const parts = splitConditions(definition);
  const encoding = await findEncoding(ports.lakehouse, { definition, features, table, where: parts.train });
  const open: OpenPart = (where) => openPart(ports.lakehouse, { definition, features, table, where, encoding });
  const part = await open(parts.train);
  const slices = await sliceValues(ports.lakehouse, { definition, table, where: parts.test });
  const { objective, leaves } = definition.trainer;
  const needs = {
    rows: part.rows,
    features: features.length,
    outputs: objective === "softmax" ? encoding.classes.length : 1,
    leaves,
    threads: settings.threads,
  };
  progress({ message: `reading the training rows: ${requireMemory(needs, machineMemory())}` });
  const sample = await part.sample();
  const run = await tracking.startRun({
    experiment: definition.name,
    parameters: { ...definition.trainer, features, split: definition.split, rows: part.rows },
    tags: { population: definition.population.name },
    artifactPath: settings.artifactRoot,
  });
  try {
    const { trainer } = definition;
    const { threads, signal } = settings;
    const validation = trainer.earlyStopping === undefined ? undefined : await open(parts.validation);
    const model = await learn(
      { part, sample, validation, features, ...encoding },
      { trainer, threads, progress, ...(signal === undefined ? {} : { signal }) },
    );
    progress({ message: "judging on the held-out rows" });
    const onnx = await exportOnnx(model);
    const judgement = await judgeModel(open, { definition, model, onnx, sample, parts, slices, threads });
    const judgedOn = { snapshotId: (await ports.lakehouse.table(table))?.snapshotId ?? "", where: parts.test };
    const rivals = await rivalMetrics(ports, { definition, table, rows: judgedOn, threads });
    const gates = evaluateGates(definition.gates, { judgement, aliasMetrics: (alias) => rivals.get(alias) });
    const signature: ModelSignature = {
      model: definition.name,
      features,
      request: requestOf(definition),
      ...(definition.timestamp === undefined ? {} : { timestamp: definition.timestamp }),
      selections: definition.features,
    };
    return await registerVersion(tracking, {
      run,
      model,
      onnx,
      judgement,
      judgedOn,
      gates,
      signature,
      rows: part.rows,
      definition,
      settings,
    });
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
