import { fitLinear, predictLinear, type LinearModel } from "./linear-model.ts";
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
  /** How many classes there are; 1 where the label is none. */
  readonly outputs: number;
  readonly columns: readonly Float32Array[];
  /** The columns whose values are amounts, by their place. */
  readonly numeric: readonly number[];
  readonly labels: Float32Array;
}

export type BaselineName = "constant" | "linear";

/** Learns the baselines from the rows that the model learns from. */
export function fitBaselines({ objective, outputs, columns, numeric, labels }: BaselineRequest): Baselines {
  const rows = labels.length;
  const isClass = objective === "softmax";
  const constant = Array.from({ length: outputs }, (_, output) => {
    const sum = labels.reduce((total, label) => total + (isClass ? Number(label === output) : label), 0);
    return sum / rows;
  });
  if (numeric.length === 0) return { objective, constant, linear: undefined };
  const targets = constant.map(
    (_share, output) => (row: number) => (isClass ? Number(labels[row] === output) : (labels[row] as number)),
  );
  return {
    objective,
    constant,
    linear: fitLinear({ columns, numeric, rows, targets, isLogistic: objective !== "squared" }),
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
