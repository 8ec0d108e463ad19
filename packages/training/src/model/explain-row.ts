import { trainingErrors } from "../errors.ts";
import type { RowPlace } from "./score-rows.ts";
import { goesLeft, outputsOf, type TreeModel } from "./tree-model.ts";

/** Why an output is what it is: the mean over the rows learned from, and what each feature adds to it, in the model's order. */
export interface Explanation {
  /** What the model answers on average, before its link: log odds, the number, or a class's score. */
  readonly expected: number;
  /** Together with `expected` they are the row's sum before its link. */
  readonly contributions: Float64Array;
}

/** Trees whose sum is explained, in flat arrays: a leaf's left child is below 0. */
export interface ExplainedTrees {
  /** How many features a row has. */
  readonly features: number;
  /** The first nodes of the trees that add to the output. */
  readonly roots: readonly number[];
  /** What the output is before its first tree. */
  readonly base: number;
  readonly feature: Int32Array;
  readonly left: Int32Array;
  readonly right: Int32Array;
  readonly value: Float32Array | Float64Array;
  /** How many of the rows that were learned from came by, or their weight. */
  readonly cover: Float32Array | Float64Array;
  /** Which way a row's value goes at a node. */
  goesLeft(node: number, value: number): boolean;
}

/** A row's features from `offset` on; NaN for missing. */
export interface ExplainedRow {
  readonly row: Float32Array | Float64Array;
  readonly offset: number;
}

/** Makes explanations of one output of a model. Throws `training/not-explainable`. */
export function createExplainer(model: TreeModel, output = 0): (place: RowPlace) => Explanation {
  const step = outputsOf(model);
  const { feature, left, right, value, cover } = model;
  return explainTrees({
    feature,
    left,
    right,
    value,
    cover,
    features: model.features.length,
    roots: Array.from(model.roots).filter((_root, tree) => tree % step === output),
    base: model.bases[output] as number,
    goesLeft: (node, x) => goesLeft(model, node, x),
  });
}

/** Makes explanations of trees. Throws `training/not-explainable`. */
export function explainTrees(trees: ExplainedTrees): (place: ExplainedRow) => Explanation {
  if (trees.cover.length < trees.left.length)
    throw trainingErrors.create("training/not-explainable", { because: "it has no numbers of rows" });
  const { roots, base, features } = trees;
  const expected = roots.reduce((sum, root) => sum + meanOf(trees, root), base);
  const walk = new PathWalk(trees, Math.max(0, ...roots.map((root) => depthOf(trees, root))));
  return (place) => {
    const contributions = new Float64Array(features);
    for (const root of roots) walk.addTree(root, { place, contributions });
    return { expected, contributions };
  };
}

/** A tree's answer over the rows that it was grown on. */
function meanOf(trees: ExplainedTrees, node: number): number {
  const { left, right, cover, value } = trees;
  if ((left[node] as number) < 0) return value[node] as number;
  return [left, right].reduce((sum, children) => {
    const child = children[node] as number;
    return sum + ((cover[child] as number) / (cover[node] as number)) * meanOf(trees, child);
  }, 0);
}

function depthOf(trees: ExplainedTrees, node: number): number {
  const child = trees.left[node] as number;
  return child < 0 ? 0 : 1 + Math.max(depthOf(trees, child), depthOf(trees, trees.right[node] as number));
}

interface Explained {
  readonly place: ExplainedRow;
  readonly contributions: Float64Array;
}

/** Where a path begins, and the number of its last step. */
interface Path {
  readonly at: number;
  readonly length: number;
}

/**
 * Shapley values of trees, exactly, where what is not known follows the rows learned from: algorithm 2 of Lundberg, Erion
 * and Lee, "Consistent individualized feature attribution for tree ensembles" (2018). A path is of the ways into its branches:
 * by which feature, and the shares of rows that take it without knowing, and knowing, its value. Depth d's lies in its own
 * stretch of the arrays, so that a branch leaves its parent's as it was.
 */
class PathWalk {
  readonly #trees: ExplainedTrees;
  readonly #width: number;
  readonly #feature: Int32Array;
  readonly #zero: Float64Array;
  readonly #one: Float64Array;
  readonly #weight: Float64Array;

  constructor(trees: ExplainedTrees, depth: number) {
    this.#trees = trees;
    this.#width = depth + 2;
    const cells = this.#width * this.#width;
    this.#feature = new Int32Array(cells);
    this.#zero = new Float64Array(cells);
    this.#one = new Float64Array(cells);
    this.#weight = new Float64Array(cells);
  }

  addTree(root: number, explained: Explained): void {
    this.#feature[0] = -1;
    this.#zero[0] = 1;
    this.#one[0] = 1;
    this.#visit(root, { at: 0, length: 0, explained });
  }

  /** The node's path begins at `at`, and its last step is number `length`: a feature met again counts once. */
  #visit(
    node: number,
    { at, length, explained }: { readonly at: number; readonly length: number; readonly explained: Explained },
  ): void {
    const { left, right, feature, cover, value } = this.#trees;
    this.#extend(at, length);
    if ((left[node] as number) < 0) {
      this.#addLeaf(value[node] as number, { at, length, contributions: explained.contributions });
      return;
    }
    const own = feature[node] as number;
    const { row, offset } = explained.place;
    const isLeft = this.#trees.goesLeft(node, row[offset + own] as number);
    const hot = (isLeft ? left[node] : right[node]) as number;
    const cold = (isLeft ? right[node] : left[node]) as number;
    const known = this.#find(own, { at, length });
    const zero = known < 0 ? 1 : (this.#zero[at + known] as number);
    const one = known < 0 ? 1 : (this.#one[at + known] as number);
    if (known >= 0) this.#unwind(known, { at, length });
    const next = known < 0 ? length + 1 : length;
    const rows = cover[node] as number;
    this.#step(at, { length: next, feature: own, zero: (zero * (cover[hot] as number)) / rows, one });
    this.#visit(hot, { at: at + this.#width, length: next, explained });
    this.#step(at, { length: next, feature: own, zero: (zero * (cover[cold] as number)) / rows, one: 0 });
    this.#visit(cold, { at: at + this.#width, length: next, explained });
  }

  /** Begins a branch's path: its parent's, which has `length` steps, and one more. */
  #step(
    from: number,
    {
      length,
      feature,
      zero,
      one,
    }: { readonly length: number; readonly feature: number; readonly zero: number; readonly one: number },
  ): void {
    const to = from + this.#width;
    // Paths are short: a loop is done before `copyWithin` is called.
    for (let index = 0; index < length; index += 1) {
      this.#feature[to + index] = this.#feature[from + index] as number;
      this.#zero[to + index] = this.#zero[from + index] as number;
      this.#one[to + index] = this.#one[from + index] as number;
      this.#weight[to + index] = this.#weight[from + index] as number;
    }
    this.#feature[to + length] = feature;
    this.#zero[to + length] = zero;
    this.#one[to + length] = one;
  }

  #find(feature: number, { at, length }: Path): number {
    for (let index = 1; index <= length; index += 1) if (this.#feature[at + index] === feature) return index;
    return -1;
  }

  /** Has the weights count a path's last step: each is of the subsets of so many steps. */
  #extend(at: number, length: number): void {
    const weight = this.#weight;
    const [zero, one] = [this.#zero[at + length] as number, this.#one[at + length] as number];
    weight[at + length] = length === 0 ? 1 : 0;
    for (let index = length - 1; index >= 0; index -= 1) {
      const own = weight[at + index] as number;
      weight[at + index + 1] = (weight[at + index + 1] as number) + (one * own * (index + 1)) / (length + 1);
      weight[at + index] = (zero * own * (length - index)) / (length + 1);
    }
  }

  /** Takes a step out of a path. */
  #unwind(index: number, { at, length }: Path): void {
    const weight = this.#weight;
    const [zero, one] = [this.#zero[at + index] as number, this.#one[at + index] as number];
    let next = weight[at + length] as number;
    for (let place = length - 1; place >= 0; place -= 1) {
      const own = weight[at + place] as number;
      if (one === 0) weight[at + place] = (own * (length + 1)) / (zero * (length - place));
      else {
        weight[at + place] = (next * (length + 1)) / ((place + 1) * one);
        next = own - ((weight[at + place] as number) * zero * (length - place)) / (length + 1);
      }
    }
    for (let place = at + index; place < at + length; place += 1) {
      this.#feature[place] = this.#feature[place + 1] as number;
      this.#zero[place] = this.#zero[place + 1] as number;
      this.#one[place] = this.#one[place + 1] as number;
    }
  }

  #addLeaf(
    value: number,
    {
      at,
      length,
      contributions,
    }: { readonly at: number; readonly length: number; readonly contributions: Float64Array },
  ): void {
    // All ways that the row does not take add the same: what is left of the weights by their shares, times these shares.
    const missed = -this.#unwoundSum(0, 0, { at, length }) * value;
    for (let index = 1; index <= length; index += 1) {
      const feature = this.#feature[at + index] as number;
      const [zero, one] = [this.#zero[at + index] as number, this.#one[at + index] as number];
      const added = one === 0 ? missed : this.#unwoundSum(zero, one, { at, length }) * (one - zero) * value;
      contributions[feature] = (contributions[feature] as number) + added;
    }
  }

  /** What the weights would add up to without a step; of one that the row does not take, times its share of rows. */
  #unwoundSum(zero: number, one: number, { at, length }: Path): number {
    const weight = this.#weight;
    let next = weight[at + length] as number;
    let total = 0;
    for (let place = length - 1; place >= 0; place -= 1) {
      const own = weight[at + place] as number;
      if (one === 0) total += (own * (length + 1)) / (length - place);
      else {
        const without = (next * (length + 1)) / ((place + 1) * one);
        total += without;
        next = own - (without * zero * (length - place)) / (length + 1);
      }
    }
    return total;
  }
}
