import { join } from "node:path";
import type { Lakehouse } from "@millwright/lakehouse";
import { readSummed } from "@millwright/platform";
import type { ModelVersion, Tracking } from "@millwright/tracking";
import type { TrainingDefinition } from "../define-training.ts";
import { decodeModel } from "../model/model-file.ts";
import type { TreeModel } from "../model/tree-model.ts";
import { openPart } from "../rows/part-rows.ts";
import { startScorer } from "../scoring/scorer.ts";
import { answerPart } from "./answer-part.ts";
import { startJudgeThread } from "./judge-thread.ts";
import type { Metrics } from "./metrics.ts";

/** Which rows a version was judged on: a table's snapshot, and a condition. */
export interface JudgedRows {
  readonly snapshotId: string;
  readonly where: string;
}

export interface RivalRequest {
  readonly definition: TrainingDefinition;
  readonly table: string;
  readonly rows: JudgedRows;
  readonly threads: number;
}

interface RivalPorts {
  readonly lakehouse: Lakehouse;
  readonly tracking: Tracking;
}

/**
 * The metrics of the versions that a new one is held against, by their aliases. One that was judged on other rows than the
 * new one's answers for these now, so that both are held against the same; where its features are no longer in the table,
 * what it once reached has to do.
 */
export async function rivalMetrics(ports: RivalPorts, request: RivalRequest): Promise<ReadonlyMap<string, Metrics>> {
  const { gates, name } = request.definition;
  const aliases = new Set(["champion", ...gates.flatMap((gate) => (gate.kind === "not_worse_than" ? gate.alias : []))]);
  const metrics = new Map<string, Metrics>();
  for (const alias of aliases) {
    const version = await ports.tracking.byAlias(name, alias);
    const found = version === undefined ? undefined : await metricsNow(ports, { version, ...request });
    if (found !== undefined) metrics.set(alias, found);
  }
  return metrics;
}

interface VersionDetails {
  readonly metrics?: { readonly test?: Metrics };
  readonly judgedOn?: JudgedRows;
  readonly threshold?: number | null;
}

async function metricsNow(
  { lakehouse }: RivalPorts,
  { version, rows, ...request }: RivalRequest & { readonly version: ModelVersion },
): Promise<Metrics | undefined> {
  const { metrics, judgedOn, threshold = null } = version.details as VersionDetails;
  if (judgedOn?.snapshotId === rows.snapshotId && judgedOn.where === rows.where) return metrics?.test;
  const model = await modelOf(version);
  const columns = new Set(((await lakehouse.table(request.table))?.columns ?? []).map(({ name }) => name));
  if (model === undefined || model.features.some((name) => !columns.has(name))) return metrics?.test;
  return judgeAgain(lakehouse, { model, threshold, rows, ...request });
}

/** Undefined where its files are gone. */
async function modelOf({ artifactPath }: ModelVersion): Promise<TreeModel | undefined> {
  try {
    return decodeModel(await readSummed(join(artifactPath, "model.mwt")));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

interface AgainRequest extends RivalRequest {
  readonly model: TreeModel;
  readonly threshold: number | null;
}

/** Reads the rows as this model learned them: its own features, its own numbers for categories and classes. */
async function judgeAgain(
  lakehouse: Lakehouse,
  { definition, table, rows: { where }, threads, model, threshold }: AgainRequest,
): Promise<Metrics> {
  const { features } = model;
  const part = await openPart(lakehouse, { definition, features, table, where, encoding: model });
  const judges = { scorer: startScorer(model, threads), thread: startJudgeThread() };
  try {
    const held = await answerPart(part, model, judges);
    return await judges.thread.ask("metrics", { part: held.part, threshold });
  } finally {
    await Promise.all([judges.scorer.close(), judges.thread.close()]);
  }
}
