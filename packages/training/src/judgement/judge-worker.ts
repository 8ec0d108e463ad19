import { parentPort } from "node:worker_threads";
import { decodeModel } from "../model/model-file.ts";
import {
  baselineTitle,
  fitBaselines,
  predictBaselines,
  type BaselineName,
  type BaselineRequest,
  type Baselines,
} from "./baselines.ts";
import { judgePart, metricsOf, thresholdFor, type AnsweredPart } from "./judge-part.ts";
import { judgeSlice, type SlicedColumn } from "./judge-slices.ts";
import type { BaselineJudgement, LearningCurve, PartJudgement, Slice } from "./judgement.ts";
import type { Metrics } from "./metrics.ts";
import { meanContributions, type MeanContribution } from "./mean-contributions.ts";
import { learningCurve, type SampledRows } from "./learning-curve.ts";

// The thread that judges: millions of rows are sorted and summed here, off the caller's loop.

/** What may be asked, and what is answered. Rows come in shared memory. */
export interface JudgeWork {
  readonly fit: (request: BaselineRequest) => Baselines;
  readonly threshold: (part: AnsweredPart) => number | null;
  readonly metrics: (request: { readonly part: AnsweredPart; readonly threshold: number | null }) => Metrics;
  readonly part: (request: { readonly part: AnsweredPart; readonly threshold: number | null }) => PartJudgement;
  readonly answer: (request: BaselineRows) => readonly BaselineAnswers[];
  readonly baselines: (request: BaselinePart) => readonly BaselineJudgement[];
  readonly slices: (request: SlicesRequest) => readonly Slice[];
  readonly learning: (request: LearningRequest) => LearningCurve;
  readonly contributions: (request: ContributionsRequest) => readonly MeanContribution[];
}

interface BaselineRows {
  readonly baselines: Baselines;
  readonly columns: readonly Float32Array[];
  readonly rows: number;
}

/** What a baseline answers for some rows. */
export interface BaselineAnswers {
  readonly name: BaselineName;
  readonly predictions: Float32Array;
}

interface BaselinePart {
  readonly answers: readonly BaselineAnswers[];
  readonly part: AnsweredPart;
  readonly threshold: number | null;
}

interface SlicesRequest {
  readonly part: AnsweredPart;
  readonly threshold: number | null;
  readonly sliced: readonly SlicedColumn[];
}

interface ContributionsRequest {
  readonly model: Uint8Array;
  readonly columns: readonly Float32Array[];
  readonly rows: number;
}

interface LearningRequest {
  readonly model: Uint8Array;
  readonly train: SampledRows;
  readonly validation: SampledRows;
}

const work: JudgeWork = {
  fit: fitBaselines,
  threshold: thresholdFor,
  metrics: ({ part, threshold }) => metricsOf(part, threshold),
  part: ({ part, threshold }) => judgePart(part, threshold),
  answer: ({ baselines, ...rows }) => predictBaselines(baselines, rows),
  baselines: ({ answers, part, threshold }) =>
    answers.map(({ name, predictions }) => ({
      name,
      title: baselineTitle(name, part.objective),
      metrics: metricsOf({ ...part, predictions }, threshold),
    })),
  slices: ({ part, threshold, sliced }) => sliced.map((one) => judgeSlice(part, { threshold, sliced: one })),
  contributions: ({ model, ...rows }) => meanContributions(decodeModel(model), rows),
  learning: ({ model, ...rows }) => learningCurve(decodeModel(model), rows),
};

parentPort?.on("message", ({ kind, request }: { readonly kind: keyof JudgeWork; readonly request: never }) => {
  parentPort?.postMessage(work[kind](request));
});
