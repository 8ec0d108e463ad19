import type { Objective } from "../judgement/metrics.ts";

/** A class's name: the label as the population has it. */
export type ClassLabel = string | number | boolean;

/** A value of a categorical feature: text, or a number of a feature that was declared categorical. */
export type Category = string | number;

/**
 * An ensemble of binary trees, all nodes in flat arrays. A node's children are numbers into the same arrays; a leaf's left
 * is -1. A number goes left when it is `<= threshold` (float32), a categorical feature's value when the node's set has it, a
 * missing one as `missingLeft` says. Tree t adds to the output `t % outputs`.
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
  /** Where a node's set of values begins in `sets`; -1 where it compares a number. */
  readonly set: Int32Array;
  /** Sets of `SET_WORDS` words each: value v's bit is bit `v % 32` of word `v / 32`. */
  readonly sets: Uint32Array;
  readonly left: Int32Array;
  readonly right: Int32Array;
  readonly missingLeft: Uint8Array;
  /** The leaf's share of the output, float32. */
  readonly value: Float32Array;
  /** What a split gained; for importance. */
  readonly gain: Float32Array;
  /** How many of the rows that were learned from came by; for explanations. Empty in files of older versions. */
  readonly cover: Float32Array;
}

/** What a model is, beside its trees. */
export type ModelDescription = Pick<TreeModel, "features" | "objective" | "classes" | "categories" | "bases">;

/** Words of a set of categories: room for 256 values. */
export const SET_WORDS = 8;

/** Whether a set has a value of a categorical feature. */
export function isInSet(sets: Uint32Array, first: number, value: number): boolean {
  return (((sets[first + (value >>> 5)] as number) >>> (value & 31)) & 1) === 1;
}

/** Which way a value goes at a node that splits. */
export function goesLeft(
  { threshold, set, sets, missingLeft }: Pick<TreeModel, "threshold" | "set" | "sets" | "missingLeft">,
  node: number,
  value: number,
): boolean {
  if (value !== value) return missingLeft[node] === 1;
  const first = set[node] as number;
  return first < 0 ? value <= (threshold[node] as number) : isInSet(sets, first, value);
}

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
