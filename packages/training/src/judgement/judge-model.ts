import type { TrainingMatrix } from "../boosting/train-model.ts";
import type { TrainingDefinition } from "../define-training.ts";
import { trainingErrors } from "../errors.ts";
import type { ReadRows } from "../matrix.ts";
import { encodeModel } from "../model/model-file.ts";
import { outputsOf, type TreeModel } from "../model/tree-model.ts";
import { verifyExport } from "../onnx/verify-export.ts";
import { startScorer, type Scorer } from "../scoring/scorer.ts";
import type { AnsweredPart } from "./judge-part.ts";
import { startJudgeThread, type JudgeThread } from "./judge-thread.ts";
import type { Judgement } from "./judgement.ts";
import { sampleRows } from "./learning-curve.ts";
import { MAIN_METRIC, type Objective } from "./metrics.ts";
import type { SliceValues } from "./slice-values.ts";

export interface JudgeRequest {
  readonly definition: TrainingDefinition;
  readonly model: TreeModel;
  readonly onnx: Uint8Array;
  /** The rows that the model learned from. */
  readonly trained: TrainingMatrix;
  readonly parts: { readonly validation: string; readonly test: string };
  /** How the test rows are sliced. */
  readonly slices: readonly SliceValues[];
  readonly threads: number;
}

interface Judges {
  readonly scorer: Scorer;
  readonly thread: JudgeThread;
}

/**
 * Scores the held-out rows and measures the answers, a part at a time, so that one part lies in memory; the export is held
 * against them too, and the baselines learn and answer beside the model.
 */
export async function judgeModel(read: ReadRows, request: JudgeRequest): Promise<Judgement> {
  const judges: Judges = { scorer: startScorer(request.model, request.threads), thread: startJudgeThread() };
  try {
    return await judgeParts(read, request, judges);
  } finally {
    await Promise.all([judges.scorer.close(), judges.thread.close()]);
  }
}

async function judgeParts(read: ReadRows, request: JudgeRequest, judges: Judges): Promise<Judgement> {
  const { definition, model, trained, parts, slices } = request;
  const { thread } = judges;
  const baselines = thread.ask("fit", {
    objective: model.objective,
    outputs: outputsOf(model),
    columns: trained.columns,
    numeric: trained.features.flatMap((name, place) => (name in model.categories ? [] : [place])),
    labels: trained.labels,
  });
  const validationRows = await read(parts.validation);
  const learning = thread.ask("learning", {
    model: encodeModel(model),
    train: sampleRows(trained),
    validation: sampleRows(validationRows),
  });
  const validated = await answered(request, judges, validationRows);
  const threshold = definition.threshold ?? (await thread.ask("threshold", validated));
  const validation = await thread.ask("part", { part: validated, threshold });
  const testRows = await read(
    parts.test,
    slices.map(({ code }) => code),
  );
  const part = await answered(request, judges, testRows);
  const sliced = slices.map(({ column, values }, place) => ({
    column,
    values,
    codes: testRows.beside[place] ?? new Float32Array(),
  }));
  return {
    objective: model.objective,
    metric: definition.metric ?? MAIN_METRIC[model.objective],
    threshold,
    validation,
    test: await thread.ask("part", { part, threshold }),
    baselines: await thread.ask("baselines", {
      baselines: await baselines,
      columns: testRows.columns,
      part,
      threshold,
    }),
    slices: await thread.ask("slices", { part, threshold, sliced }),
    contributions: await thread.ask("contributions", {
      model: encodeModel(model),
      columns: testRows.columns,
      rows: testRows.rows,
    }),
    learning: await learning,
  };
}

async function answered(
  { model, onnx }: JudgeRequest,
  { scorer }: Judges,
  { columns, labels, rows }: TrainingMatrix,
): Promise<AnsweredPart> {
  requireJudgeable(labels, model.objective);
  const predictions = await scorer.score(columns, rows);
  await verifyExport(onnx, { columns, answers: predictions, rows });
  return { objective: model.objective, classes: model.classes.map(String), labels, predictions };
}

/** A row of a class that was not learned is called wrong; one that has no such label at all cannot be judged. */
function requireJudgeable(labels: Float32Array, objective: Objective): void {
  if (objective === "softmax") return;
  const isWrong = (label: number) => (objective === "binary" ? label !== 0 && label !== 1 : !Number.isFinite(label));
  const wrong = labels.findIndex(isWrong);
  if (wrong < 0) return;
  throw trainingErrors.create(objective === "binary" ? "training/label-not-binary" : "training/wrong-label", {
    because: `held-out row ${wrong + 1} has ${Number.isNaN(labels[wrong]) ? "none" : labels[wrong]}`,
  });
}
