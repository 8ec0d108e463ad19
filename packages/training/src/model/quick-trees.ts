import type { TreeModel } from "./tree-model.ts";

/**
 * The trees of a model taken apart by feature, for scoring many rows (QuickScorer: Lucchese and others, SIGIR 2015). In each
 * tree a row keeps a set of the leaves that it may yet reach, as bits; a split that it does not take to the left takes the
 * left side's leaves away, and the first leaf that is left is the row's. A feature's splits lie by rising threshold, so that
 * those a value goes right at are the first ones: no jump is hard to foresee, which walking down a tree is made of.
 */
export interface QuickTrees {
  /** By feature where its splits begin; then one more, where the last one's end. */
  readonly starts: Int32Array;
  readonly thresholds: Float32Array;
  readonly splits: Removals;
  /** By feature where begin the splits at which a missing value goes right. */
  readonly missingStarts: Int32Array;
  readonly missing: Removals;
  /** Each tree's leaves' values from left to right, in 32 places a tree. */
  readonly values: Float32Array;
}

/** Which leaves of which tree a split takes away: the bits that stay. */
interface Removals {
  readonly trees: Int32Array;
  readonly staying: Int32Array;
}

interface Split {
  readonly tree: number;
  readonly threshold: number;
  readonly staying: number;
  readonly missingLeft: boolean;
}

const LEAVES_MAX = 32;

/** Undefined for a model with splits by categories, or with trees of more leaves than a number has bits. */
export function quickTrees(model: TreeModel): QuickTrees | undefined {
  if (model.sets.length > 0) return undefined;
  const byFeature: Split[][] = model.features.map(() => []);
  const values = new Float32Array(model.roots.length * LEAVES_MAX);
  for (const [tree, root] of model.roots.entries()) {
    const leaves = leavesBelow(model, { tree, node: root, values, from: 0, byFeature });
    if (leaves > LEAVES_MAX) return undefined;
  }
  const rising = byFeature.map((splits) => splits.toSorted((one, other) => one.threshold - other.threshold));
  const toTheRight = rising.map((splits) => splits.filter(({ missingLeft }) => !missingLeft));
  return {
    starts: startsOf(rising),
    thresholds: Float32Array.from(rising.flat(), ({ threshold }) => threshold),
    splits: removalsOf(rising),
    missingStarts: startsOf(toTheRight),
    missing: removalsOf(toTheRight),
    values,
  };
}

interface Below {
  readonly tree: number;
  readonly node: number;
  readonly values: Float32Array;
  /** How many leaves are to the left of the node's. */
  readonly from: number;
  readonly byFeature: Split[][];
}

/** Tells the splits and leaves below a node; returns how many leaves there are. */
function leavesBelow(model: TreeModel, below: Below): number {
  const { tree, node, values, from, byFeature } = below;
  const left = model.left[node] as number;
  if (left < 0) {
    if (from < LEAVES_MAX) values[tree * LEAVES_MAX + from] = model.value[node] as number;
    return 1;
  }
  const toTheLeft = leavesBelow(model, { ...below, node: left });
  const toTheRight = leavesBelow(model, { ...below, node: model.right[node] as number, from: from + toTheLeft });
  byFeature[model.feature[node] as number]?.push({
    tree,
    threshold: model.threshold[node] as number,
    staying: ~bits(from, from + toTheLeft),
    missingLeft: model.missingLeft[node] === 1,
  });
  return toTheLeft + toTheRight;
}

function bits(from: number, to: number): number {
  let set = 0;
  for (let bit = from; bit < to; bit += 1) set |= 1 << bit;
  return set;
}

function startsOf(groups: readonly (readonly Split[])[]): Int32Array {
  const starts = new Int32Array(groups.length + 1);
  groups.forEach(({ length }, feature) => (starts[feature + 1] = (starts[feature] as number) + length));
  return starts;
}

function removalsOf(groups: readonly (readonly Split[])[]): Removals {
  const all = groups.flat();
  return { trees: Int32Array.from(all, ({ tree }) => tree), staying: Int32Array.from(all, ({ staying }) => staying) };
}

/** Puts into `leaves`, a number a tree, the set of leaves that a row may reach: the lowest bit is the one that it does. */
export function reachable(
  { starts, thresholds, splits, missingStarts, missing }: QuickTrees,
  {
    columns,
    row,
    leaves,
  }: { readonly columns: readonly Float32Array[]; readonly row: number; readonly leaves: Int32Array },
): void {
  leaves.fill(-1);
  for (let feature = 0; feature < columns.length; feature += 1) {
    const value = (columns[feature] as Float32Array)[row] as number;
    if (value !== value) {
      const end = missingStarts[feature + 1] as number;
      for (let at = missingStarts[feature] as number; at < end; at += 1) remove(missing, at, leaves);
      continue;
    }
    const end = starts[feature + 1] as number;
    for (let at = starts[feature] as number; at < end && value > (thresholds[at] as number); at += 1)
      remove(splits, at, leaves);
  }
}

function remove({ trees, staying }: Removals, at: number, leaves: Int32Array): void {
  const tree = trees[at] as number;
  leaves[tree] = (leaves[tree] as number) & (staying[at] as number);
}

/** The value of the first leaf in a tree's set. */
export function firstLeafValue({ values }: QuickTrees, tree: number, leaves: Int32Array): number {
  const set = leaves[tree] as number;
  return values[tree * LEAVES_MAX + (LEAVES_MAX - 1 - Math.clz32(set & -set))] as number;
}
