import type { BaselineName } from "./baselines.ts";
import type { CalibrationBin, ClassRates, MetricName, Metrics, Objective } from "./metrics.ts";
import type { MeanContribution } from "./mean-contributions.ts";
import type { Curves, Cut } from "./sweep.ts";

/** All that is known of how good a version is, bounded to some hundreds of points. Kept beside the model as `judgement.json`. */
export interface Judgement {
  readonly objective: Objective;
  /** By which the version is told in a word. */
  readonly metric: MetricName;
  /** From which probability on a row is called positive; null where the label is no yes or no. */
  readonly threshold: number | null;
  readonly validation: PartJudgement;
  readonly test: PartJudgement;
  readonly baselines: readonly BaselineJudgement[];
  readonly slices: readonly Slice[];
  readonly learning: LearningCurve;
  /** How much each feature adds or takes on some of the test rows; absent in judgements of older versions. */
  readonly contributions?: readonly MeanContribution[];
}

export interface PartJudgement {
  readonly metrics: Metrics;
  readonly plots: Plots;
}

/** What is drawn of one part's predictions, by what the label is. */
export type Plots =
  | {
      readonly kind: "binary";
      readonly curves: Curves;
      /** What the chosen threshold comes to. */
      readonly chosen: Cut;
      readonly calibration: readonly CalibrationBin[];
      readonly scores: readonly ScoreBin[];
    }
  | { readonly kind: "squared"; readonly residuals: readonly CountBin[]; readonly fitted: readonly FittedBin[] }
  | {
      readonly kind: "softmax";
      readonly rates: readonly ClassRates[];
      /** For each class its rows by the class that was called. */
      readonly confusion: readonly (readonly number[])[];
    };

/** How many rows of each label have a probability in a range. */
export interface ScoreBin {
  readonly from: number;
  readonly to: number;
  readonly positives: number;
  readonly negatives: number;
}

export interface CountBin {
  readonly from: number;
  readonly to: number;
  readonly rows: number;
}

/** Rows of like predictions: what was predicted of them and what they were. */
export interface FittedBin {
  readonly rows: number;
  readonly predicted: number;
  readonly actual: number;
}

/** A baseline on the same test rows. */
export interface BaselineJudgement {
  readonly name: BaselineName;
  readonly title: string;
  readonly metrics: Metrics;
}

/** The test rows by the values of a column: the most frequent ones, then the rest together. */
export interface Slice {
  readonly column: string;
  readonly values: readonly { readonly value: string; readonly metrics: Metrics }[];
}

/** The loss after each of some trees, on a sample of the rows that were learned from and of those that were not. */
export interface LearningCurve {
  readonly loss: "log loss" | "squared error";
  readonly rows: number;
  readonly points: readonly { readonly trees: number; readonly train: number; readonly validation: number }[];
}
