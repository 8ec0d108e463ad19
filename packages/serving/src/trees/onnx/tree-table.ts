import { readFloats, readIntegers, readTextMarks, textMark } from "./onnx-graph.ts";
import type { ProtoReader } from "./proto-reader.ts";
import type { Scratch } from "./scratch.ts";

/** The nodes of all trees side by side, as a file has them, each tree's together. */
export interface TreeTable {
  /** Where each tree's nodes begin, and last where they end. */
  readonly starts: readonly number[];
  readonly features: Int32Array;
  readonly values: Float32Array;
  readonly modes: Int32Array;
  readonly missingIsTrue: Int32Array;
  /** The places of the two nodes behind one. */
  readonly whenTrue: Int32Array;
  readonly whenFalse: Int32Array;
  /** By a leaf's place what it adds, and to which output; -1 of a node that is no leaf. */
  readonly weights: Float32Array;
  readonly outputs: Int32Array;
}

/** The modes that are known, as `textMark` has them. */
export const MODE = { leaf: textMark("LEAF"), atMost: textMark("BRANCH_LEQ"), below: textMark("BRANCH_LT") } as const;

export function unusual(): Error {
  return new Error("the trees are not as usual");
}

/** Reads the table of `TreeEnsembleRegressor`'s attributes. Throws an `Error` where something of it is not as usual. */
export function readTreeTable(attributes: ReadonlyMap<string, ProtoReader>, scratch: Scratch): TreeTable {
  const of = (name: string) => {
    const attribute = attributes.get(name);
    if (attribute === undefined) throw unusual();
    return attribute;
  };
  const integers = (name: string) => readIntegers(of(name), scratch);
  const trees = integers("nodes_treeids");
  const count = trees.length;
  const table = {
    ids: integers("nodes_nodeids"),
    features: integers("nodes_featureids"),
    values: readFloats(of("nodes_values"), scratch),
    modes: readTextMarks(of("nodes_modes"), scratch),
    missingIsTrue: attributes.has("nodes_missing_value_tracks_true")
      ? integers("nodes_missing_value_tracks_true")
      : scratch.integers(count).fill(0),
    whenTrue: integers("nodes_truenodeids"),
    whenFalse: integers("nodes_falsenodeids"),
  };
  if (Object.values(table).some(({ length }) => length !== count)) throw unusual();
  const starts = startsOf(trees);
  const places = placesOf(starts, table.ids);
  for (let tree = 0; tree + 1 < starts.length; tree += 1)
    for (let at = starts[tree] as number; at < (starts[tree + 1] as number); at += 1) {
      if (table.modes[at] === MODE.leaf) continue;
      table.whenTrue[at] = places(tree, table.whenTrue[at] as number);
      table.whenFalse[at] = places(tree, table.whenFalse[at] as number);
    }
  const leaves = {
    trees: integers("target_treeids"),
    ids: integers("target_nodeids"),
    outputs: integers("target_ids"),
    weights: readFloats(of("target_weights"), scratch),
  };
  return { ...table, starts, ...leavesOf(leaves, { starts, trees, places, scratch }) };
}

/** Throws where a tree's nodes do not lie together. */
function startsOf(trees: Int32Array): readonly number[] {
  const starts: number[] = [];
  const seen = new Set<number>();
  for (let at = 0; at < trees.length; at += 1) {
    const tree = trees[at] as number;
    if (at > 0 && tree === trees[at - 1]) continue;
    if (seen.has(tree)) throw unusual();
    seen.add(tree);
    starts.push(at);
  }
  return [...starts, trees.length];
}

/** Where a tree's node of a number lies. Most files number them as they lie. */
type Places = (tree: number, id: number) => number;

function placesOf(starts: readonly number[], ids: Int32Array): Places {
  const isAsTheyLie = starts
    .slice(0, -1)
    .every((start, tree) => ids.subarray(start, starts[tree + 1]).every((id, at) => id === at));
  if (isAsTheyLie)
    return (tree, id) => {
      const place = (starts[tree] as number) + id;
      if (!(id >= 0 && place < (starts[tree + 1] as number))) throw unusual();
      return place;
    };
  const maps = starts.slice(0, -1).map((start, tree) => {
    const own = ids.subarray(start, starts[tree + 1]);
    const map = new Map(Array.from(own, (id, at) => [id, start + at]));
    if (map.size !== own.length) throw unusual();
    return map;
  });
  return (tree, id) => maps[tree]?.get(id) ?? nowhere();
}

function nowhere(): never {
  throw unusual();
}

function leavesOf(
  told: {
    readonly trees: Int32Array;
    readonly ids: Int32Array;
    readonly outputs: Int32Array;
    readonly weights: Float32Array;
  },
  nodes: {
    readonly starts: readonly number[];
    readonly trees: Int32Array;
    readonly places: Places;
    readonly scratch: Scratch;
  },
): Pick<TreeTable, "weights" | "outputs"> {
  const { starts, trees, places, scratch } = nodes;
  if (Object.values(told).some(({ length }) => length !== told.trees.length)) throw unusual();
  const treeOf = new Map(starts.slice(0, -1).map((start, tree) => [trees[start], tree]));
  const weights = scratch.floats(trees.length);
  const outputs = scratch.integers(trees.length).fill(-1);
  for (let at = 0; at < told.trees.length; at += 1) {
    const place = places(treeOf.get(told.trees[at] as number) ?? nowhere(), told.ids[at] as number);
    // A leaf that adds to several outputs is ONNX Runtime's.
    if (outputs[place] !== -1) throw unusual();
    weights[place] = told.weights[at] as number;
    outputs[place] = told.outputs[at] as number;
  }
  return { weights, outputs };
}
