import type { Objective } from "../judgement/metrics.ts";

/** A class's name: the label as the population has it. */
export type ClassLabel = string | number | boolean;

/** A value of a categorical feature: text, or a number of a feature that was declared categorical. */
export type Category = string | number;

/**
 * An ensemble of binary trees, all nodes in flat arrays. A node's children are numbers into the same arrays; a leaf's left
 * is -1. A value goes left when it is `<= threshold` (float32), a missing one as `missingLeft` says. Tree t adds to the
 * output `t % outputs`.
 */
export interface TreeModel {
  readonly features: readonly string[];
  readonly objective: Objective;
  /** Of softmax the labels, one an output; of binary no and yes, where they are not 0 and 1; else none. */
  readonly classes: readonly ClassLabel[];
  /** Of each categorical feature its values. A row holds a value's place in this list; one that is not in it is missing. */
  readonly categories: Readonly<Record<string, readonly Category[]>>;
  /** What each output is before its first tree, float32: log odds, the mean, or the log of a class's share. */
  readonly bases: readonly number[];
  /** The first node of each tree. */
  readonly roots: Int32Array;
  readonly feature: Int32Array;
  readonly threshold: Float32Array;
  readonly left: Int32Array;
  readonly right: Int32Array;
  readonly missingLeft: Uint8Array;
  /** The leaf's share of the output, float32. */
  readonly value: Float32Array;
  /** What a split gained; for importance. */
  readonly gain: Float32Array;
}

/** What a model is, beside its trees. */
export type ModelDescription = Pick<TreeModel, "features" | "objective" | "classes" | "categories" | "bases">;

/** How many numbers a model answers a row with: one, or one a class. */
export function outputsOf({ bases }: Pick<TreeModel, "bases">): number {
  return bases.length;
}

/** Total gain of each feature's splits, as shares of one, largest first. */
export function importance(model: TreeModel): readonly { readonly feature: string; readonly gain: number }[] {
  const gains = new Float64Array(model.features.length);
  model.left.forEach((child, node) => {
    const feature = model.feature[node] ?? 0;
    if (child >= 0) gains[feature] = (gains[feature] ?? 0) + (model.gain[node] ?? 0);
  });
  const total = gains.reduce((sum, gain) => sum + gain, 0) || 1;
  return model.features
    .map((feature, index) => ({ feature, gain: (gains[index] ?? 0) / total }))
    .toSorted((a, b) => b.gain - a.gain || (a.feature < b.feature ? -1 : 1));
}
