import { decodeModel, type TreeModel } from "@millwright/training/serving";
import type { Link } from "./links.ts";
import type { TreeFile } from "./tree-file.ts";
import { layOut, RULE, type FileNode } from "./tree-ensemble.ts";

/** Words of a set of categories in our own files. */
const SET_WORDS = 8;

/** Reads a model of our own training (`model.mwt`). A categorical feature is given as its value's place in the model's list. */
export function readOwnTrees(bytes: Uint8Array): TreeFile {
  const model = decodeModel(bytes);
  const outputs = model.bases.length;
  const ensemble = layOut(
    {
      features: model.features,
      outputs,
      precision: "single",
      bases: Float64Array.from(model.bases),
      areBasesLast: true,
      weights: undefined,
    },
    Array.from(model.roots, (root, tree) => ({
      output: tree % outputs,
      root,
      nodes: model.left.length,
      read: (node: number) => nodeOf(model, node),
    })),
  );
  const link = linkOf(model, outputs);
  const both: Link | undefined = model.objective === "binary" ? { by: "both", of: link, isSingle: true } : undefined;
  const probabilities = model.objective === "softmax" ? link : both;
  return { madeBy: "millwright", ensemble, link, probabilities, zeroBelow: 0 };
}

function nodeOf(model: TreeModel, node: number): FileNode {
  const { left, right, feature, threshold, set, sets, missingLeft, value, cover } = model;
  if (!(node >= 0 && node < left.length)) throw new Error(`a node has the child ${node}, which there is not`);
  const own = { cover: cover[node] };
  if ((left[node] as number) < 0) return { ...own, value: value[node] as number, leaf: node };
  const first = set[node] as number;
  const nanLeft = missingLeft[node] === 1 ? RULE.NAN_LEFT : 0;
  return {
    ...own,
    feature: feature[node] as number,
    threshold: threshold[node] as number,
    rule: first < 0 ? nanLeft : nanLeft | RULE.SET | RULE.SET_LEFT,
    set: first < 0 ? undefined : sets.subarray(first, first + SET_WORDS),
    left: left[node] as number,
    right: right[node] as number,
  };
}

function linkOf({ objective }: TreeModel, outputs: number): Link {
  if (objective === "softmax") return { by: "softmax", outputs, powers: "own" };
  return objective === "binary" ? { by: "each", outputs, step: { name: "sigmoidOwn" } } : { by: "identity", outputs };
}
