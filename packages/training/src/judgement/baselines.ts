import { fitLinear, predictLinear, type LinearModel } from "./linear-model.ts";
import type { TreeModel } from "../model/tree-model.ts";
import type { Objective } from "./metrics.ts";

/** What a trained model is held against: a guess that looks at nothing, and a line through the numbers. */
export interface Baselines {
  readonly objective: Objective;
  /** For each output what is always answered: the base rate, the mean, the classes' shares. */
  readonly constant: readonly number[];
  /** Undefined where no feature is a number. */
  readonly linear: LinearModel | undefined;
}

export interface BaselineRequest {
  readonly objective: Objective;
  /** What is always answered: a number for each output. */
  readonly constant: readonly number[];
  readonly columns: readonly Float32Array[];
  /** The columns whose values are amounts, by their place. */
  readonly numeric: readonly number[];
  readonly labels: Float32Array;
  readonly weights?: Float32Array | undefined;
}

export type BaselineName = "constant" | "linear";

/** What a model answers before its first tree: the base rate, the mean, or the classes' shares. */
export function constantOf({ objective, bases }: Pick<TreeModel, "objective" | "bases">): readonly number[] {
  if (objective === "squared") return bases;
  return bases.map((base) => (objective === "binary" ? 1 / (1 + Math.exp(-base)) : Math.exp(base)));
}

/** Learns the baselines from some of the rows that the model learned from. */
export function fitBaselines({ objective, constant, columns, numeric, labels, weights }: BaselineRequest): Baselines {
  const rows = labels.length;
  const isClass = objective === "softmax";
  if (numeric.length === 0) return { objective, constant, linear: undefined };
  const targets = constant.map(
    (_share, output) => (row: number) => (isClass ? Number(labels[row] === output) : (labels[row] as number)),
  );
  return {
    objective,
    constant,
    linear: fitLinear({ columns, numeric, rows, targets, weights, isLogistic: objective !== "squared" }),
  };
}

/** What each baseline answers for some rows, as the trained model would. */
export function predictBaselines(
  { constant, linear }: Baselines,
  data: { readonly columns: readonly Float32Array[]; readonly rows: number },
): readonly { readonly name: BaselineName; readonly predictions: Float32Array }[] {
  const outputs = constant.length;
  const same = new Float32Array(data.rows * outputs);
  for (let at = 0; at < same.length; at += 1) same[at] = constant[at % outputs] as number;
  return [
    { name: "constant", predictions: same },
    ...(linear === undefined ? [] : [{ name: "linear" as const, predictions: predictLinear(linear, data) }]),
  ];
}

/** What a baseline is, in words. */
export function baselineTitle(name: BaselineName, objective: Objective): string {
  if (name === "linear") return objective === "squared" ? "linear regression" : "logistic regression";
  if (objective === "squared") return "always the mean";
  return objective === "binary" ? "a constant guess" : "always the classes' shares";
}
