import type { TrainingDefinition } from "../define-training.ts";
import { encodeModel } from "../model/model-file.ts";
import type { TreeModel } from "../model/tree-model.ts";
import { verifyExport } from "../onnx/verify-export.ts";
import type { OpenPart, RowValues } from "../rows/part-rows.ts";
import { startScorer, type Scorer } from "../scoring/scorer.ts";
import { answerPart, type HeldOut } from "./answer-part.ts";
import { constantOf } from "./baselines.ts";
import { startJudgeThread, type JudgeThread } from "./judge-thread.ts";
import type { Judgement } from "./judgement.ts";
import { sampleRows } from "./learning-curve.ts";
import { MAIN_METRIC } from "./metrics.ts";
import type { SliceValues } from "./slice-values.ts";

export interface JudgeRequest {
  readonly definition: TrainingDefinition;
  readonly model: TreeModel;
  readonly onnx: Uint8Array;
  /** Some of the rows that the model learned from. */
  readonly sample: RowValues;
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
 * Scores the held-out rows and measures the answers, a batch of rows at a time, so that of the rows only labels and answers
 * are kept; the export is held against them too, and the baselines learn and answer beside the model.
 */
export async function judgeModel(open: OpenPart, request: JudgeRequest): Promise<Judgement> {
  const judges: Judges = { scorer: startScorer(request.model, request.threads), thread: startJudgeThread() };
  try {
    return await judgeParts(open, request, judges);
  } finally {
    await Promise.all([judges.scorer.close(), judges.thread.close()]);
  }
}

async function judgeParts(open: OpenPart, request: JudgeRequest, judges: Judges): Promise<Judgement> {
  const { definition, model, sample, parts, slices } = request;
  const { thread } = judges;
  const fitted = thread.ask("fit", {
    objective: model.objective,
    constant: constantOf(model),
    columns: sample.columns,
    numeric: model.features.flatMap((name, place) => (name in model.categories ? [] : [place])),
    labels: sample.labels,
    weights: sample.weights,
  });
  const validated = await answered(await open(parts.validation), request, { ...judges });
  const bytes = encodeModel(model);
  const learning = thread.ask("learning", {
    model: bytes,
    train: sampleRows(sample),
    validation: sampleRows(validated.some),
  });
  const threshold = definition.threshold ?? (await thread.ask("threshold", validated.part));
  const validation = thread.ask("part", { part: validated.part, threshold });
  const baselines = await fitted;
  const beside = slices.map(({ code }) => code);
  const held = await answered(await open(parts.test), request, { ...judges, beside, baselines });
  const { part } = held;
  const sliced = slices.map(({ column, values }, place) => ({
    column,
    values,
    codes: held.beside[place] ?? new Float32Array(),
  }));
  return {
    objective: model.objective,
    metric: definition.metric ?? MAIN_METRIC[model.objective],
    threshold,
    validation: await validation,
    test: await thread.ask("part", { part, threshold }),
    baselines: await thread.ask("baselines", { answers: held.baselines, part, threshold }),
    slices: await thread.ask("slices", { part, threshold, sliced }),
    contributions: await thread.ask("contributions", {
      model: bytes,
      columns: held.some.columns,
      rows: held.some.labels.length,
    }),
    learning: await learning,
  };
}

async function answered(
  part: Awaited<ReturnType<OpenPart>>,
  { model, onnx }: JudgeRequest,
  asked: Parameters<typeof answerPart>[2],
): Promise<HeldOut> {
  const held = await answerPart(part, model, asked);
  await verifyExport(onnx, { columns: held.some.columns, answers: held.someAnswers, rows: held.some.labels.length });
  return held;
}
