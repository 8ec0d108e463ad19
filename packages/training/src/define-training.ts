import type { ColumnOf, NameOf, TableReference, Tables } from "@millwright/kernel";
import type { FeatureSelection } from "@millwright/feature-store/define";
import { requireSplit } from "./require-split.ts";
import type { MetricName, Objective } from "./judgement/metrics.ts";

export interface TrainingDefinition {
  readonly kind: "training";
  readonly name: string;
  readonly population: TableReference;
  /** The population's column that says when each row asks; absent where rows have no time. */
  readonly timestamp?: string;
  readonly label: string;
  readonly features: readonly FeatureSelection[];
  /** The population's column that says how much each row counts. */
  readonly weight?: string;
  /** Features, numbers by their type, whose values name kinds. Text features do so by themselves. */
  readonly categorical?: readonly string[];
  readonly split: TrainingSplit;
  readonly trainer: GradientBoosting;
  readonly gates: readonly Gate[];
  readonly metric?: MetricName;
  readonly threshold?: number;
  readonly slices?: readonly string[];
}

export type TrainingSplit = TimeSplit | ShareSplit;

/** Dates or times in UTC: train is before the first, validation before the second, test from there on. */
interface TimeSplit {
  readonly validationFrom: string;
  readonly testFrom: string;
}

/**
 * Shares of the rows, from 0 to 1; train has the rest. A row's part follows from a hash of what is in it: it is the same
 * at every run, and equal rows are in one part.
 */
export interface ShareSplit {
  readonly validation: number;
  readonly test: number;
  /** The hash is of the whole row, or of these columns: rows that agree in them are in one part. */
  readonly by: "hash" | readonly string[];
  /** Each value of the label has these shares, which a rare one might miss. A row's part then depends on the others. */
  readonly stratify?: boolean;
}

export interface TrainingOptions<Name extends string> {
  readonly name: string;
  readonly population: TableReference<Name>;
  /** Says when each row asks. Without it the features are those of the request, and the split is by shares. */
  readonly timestamp?: ColumnOf<Name>;
  readonly label: ColumnOf<Name>;
  readonly features: readonly FeatureSelection<ColumnOf<Name>>[];
  /** A column of numbers above 0: a row of weight 2 counts as if it were there twice, in learning and in all metrics. */
  readonly weight?: ColumnOf<Name>;
  /** Features by their names here, prefix included: numbers that name kinds, like a month. Text is always categorical. */
  readonly categorical?: readonly string[];
  readonly split: TrainingSplit;
  readonly trainer: GradientBoosting;
  /** What must hold before a version becomes the champion; none given, that it is not worse than the champion. */
  readonly gates?: readonly Gate[];
  /** By which versions are told in a word and compared: `auc` of a yes or no, unless told otherwise. */
  readonly metric?: MetricName;
  /** From which probability on a row counts as called positive; unless given, where F1 is best on the validation rows. */
  readonly threshold?: number;
  /** Columns of the training table: the test rows' metrics are also told for each of their values. */
  readonly slices?: readonly ColumnOf<Name>[];
}

/**
 * Declares a training: which rows, which features as known at each row's time, what is learned and what must hold. Throws
 * `training/invalid-split`.
 */
export function defineTraining<const Name extends NameOf<Tables>>(options: TrainingOptions<Name>): TrainingDefinition {
  const definition: TrainingDefinition = { kind: "training", ...options, gates: options.gates ?? [] };
  requireSplit(definition);
  return definition;
}

/** Settings of the gradient boosting. Names are LightGBM's, written out. */
export interface GradientBoosting {
  readonly kind: "gradient_boosting";
  readonly objective: Objective;
  /** Rounds; `softmax` grows one tree a class in each. */
  readonly trees: number;
  readonly leaves: number;
  readonly learningRate: number;
  readonly minDataInLeaf: number;
  readonly minHessianInLeaf: number;
  readonly lambda: number;
  readonly bins: number;
  /** A categorical feature of at most so many values is split one value against the others. */
  readonly maxCategoriesToOneHot: number;
  /** At most so many values go to one side of any other categorical split. */
  readonly maxCategoriesOnASide: number;
  /** Rows that a value needs to be put in order by its gradients, and what is added to its hessian in that order. */
  readonly categorySmoothing: number;
  /** Added to `lambda` in such splits. */
  readonly categoryLambda: number;
  /** Rows that a group of values needs; 100, or `minDataInLeaf` where that is less. */
  readonly minDataPerGroup: number;
  readonly seed: number;
  /** Ends when so many rounds in a row did not lower the objective's loss on the validation rows; the best number is kept. */
  readonly earlyStopping?: number;
}

export function gradientBoosting(options: Partial<Omit<GradientBoosting, "kind">> = {}): GradientBoosting {
  return {
    kind: "gradient_boosting",
    objective: "binary",
    trees: 100,
    leaves: 31,
    learningRate: 0.1,
    minDataInLeaf: 100,
    minHessianInLeaf: 1e-3,
    lambda: 0,
    bins: 255,
    maxCategoriesToOneHot: 4,
    maxCategoriesOnASide: 32,
    categorySmoothing: 10,
    categoryLambda: 10,
    minDataPerGroup: Math.min(100, options.minDataInLeaf ?? 100),
    seed: 1,
    ...options,
  };
}

/** What a version must show on the test rows before it may become the champion. */
export type Gate =
  | { readonly kind: "at_least" | "at_most"; readonly metric: MetricName; readonly bound: number }
  | {
      readonly kind: "not_worse_than";
      readonly alias: string;
      readonly metric: MetricName;
      readonly tolerance: number;
    }
  | { readonly kind: "better_than_baseline"; readonly metric: MetricName; readonly margin: number }
  | ({
      readonly kind: "slice";
      readonly is: "at_least" | "at_most";
      readonly metric: MetricName;
      readonly bound: number;
    } & SliceOptions);

interface SliceOptions {
  /** By whose values the test rows are sliced. */
  readonly column: string;
  /** Slices of fewer rows do not count. */
  readonly minRows: number;
}

export function atLeast(metric: MetricName, bound: number): Gate {
  return { kind: "at_least", metric, bound };
}

export function atMost(metric: MetricName, bound: number): Gate {
  return { kind: "at_most", metric, bound };
}

/** Not worse than the version of an alias by more than a tolerance; holds when there is no such version yet. */
export function notWorseThan(alias: string, metric: MetricName, tolerance: number): Gate {
  return { kind: "not_worse_than", alias, metric, tolerance };
}

/** Better, by more than a margin, than each of the baselines that were judged on the same rows. */
export function betterThanBaseline(metric: MetricName, margin = 0): Gate {
  return { kind: "better_than_baseline", metric, margin };
}

/** At least so much on the rows of each of a column's values. */
export function sliceAtLeast(metric: MetricName, bound: number, { column, minRows }: SliceOptions): Gate {
  return { kind: "slice", is: "at_least", metric, bound, column, minRows };
}

/** At most so much on the rows of each of a column's values. */
export function sliceAtMost(metric: MetricName, bound: number, { column, minRows }: SliceOptions): Gate {
  return { kind: "slice", is: "at_most", metric, bound, column, minRows };
}
