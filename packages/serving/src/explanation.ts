import { createExplainer, type ClassLabel, type TreeModel } from "@millwright/training/serving";
import type { Answer } from "./answer.ts";

/** Why an answer is what it is: `base` and all contributions add up to the answer before its link. */
export interface AnswerExplanation {
  /** Of what: log odds (whose logistic function is the probability), the number itself, or the score of a class. */
  readonly scale: "log_odds" | "number" | "score";
  /** The class that was called, whose score this is. */
  readonly class?: ClassLabel;
  /** What the model answers on average over the rows it learned from. */
  readonly base: number;
  /** What each feature adds, the largest first. */
  readonly contributions: readonly Contribution[];
}

export interface Contribution {
  readonly feature: string;
  /** As it was looked up; null where it was missing. */
  readonly value: number | string | null;
  readonly contribution: number;
}

export interface ExplainedRow {
  /** The row as the model reads it. */
  readonly row: Float32Array;
  /** The same as it was looked up. */
  readonly values: readonly (number | string | null)[];
  readonly answer: Answer;
}

const SCALES = { binary: "log_odds", squared: "number", softmax: "score" } as const;

/** Explains a model's answers by Shapley values; of several classes the one that was called. */
export function createAnswerExplainer(model: TreeModel): (explained: ExplainedRow) => AnswerExplanation {
  const explainers = new Map<number, ReturnType<typeof createExplainer>>();
  const explainerOf = (output: number) => {
    const explainer = explainers.get(output) ?? createExplainer(model, output);
    explainers.set(output, explainer);
    return explainer;
  };
  return ({ row, values, answer }) => {
    const called = "probabilities" in answer ? answer.prediction : undefined;
    const output = called === undefined ? 0 : model.classes.indexOf(called);
    const { expected, contributions } = explainerOf(output)({ row, offset: 0 });
    const all = model.features.map((feature, place) => ({
      feature,
      value: values[place] ?? null,
      contribution: contributions[place] ?? 0,
    }));
    return {
      scale: SCALES[model.objective],
      ...(called === undefined ? {} : { class: called }),
      base: expected,
      contributions: all.toSorted((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution)),
    };
  };
}
