import type { Link } from "./links.ts";
import type { TreeFile } from "./tree-file.ts";
import { layOut, requireOutputs, RULE, type FileNode, type FileTree, type LinearLeaf } from "./tree-ensemble.ts";

/**
 * Reads LightGBM's text format (`Booster.save_model`, versions v2 to v4): a head of `name=value` lines, the same for each
 * tree after `Tree=N`, until `end of trees`. Throws an `Error` for anything else.
 */
export function readLightGbmText(text: string): TreeFile {
  const { head, trees } = sectionsOf(text);
  const perIteration = requireOutputs(wholeNumber(head, "num_tree_per_iteration"));
  const features = featuresOf(head);
  const count = trees.length / perIteration;
  if (!Number.isInteger(count)) throw new Error(`${trees.length} trees are not ${perIteration} an iteration`);
  const ensemble = layOut(
    {
      features,
      outputs: perIteration,
      precision: "double",
      bases: new Float64Array(perIteration),
      areBasesLast: false,
      weights: undefined,
    },
    trees.map((fields, tree) => fileTree(fields, tree % perIteration)),
  );
  const objective = head.get("objective") ?? "";
  const sums = linkOf(objective, perIteration);
  // A random forest's answer is its trees' mean.
  const link: Link = head.has("average_output") ? { by: "mean", of: sums, count } : sums;
  return {
    madeBy: "lightgbm",
    ensemble,
    link,
    probabilities: objective.startsWith("multiclass")
      ? link
      : objective.startsWith("binary")
        ? { by: "both", of: link, isSingle: false }
        : undefined,
    zeroBelow: ZERO_BELOW,
  };
}

type Fields = ReadonlyMap<string, string>;

/** What LightGBM takes for 0: 1e-35 as a float32. */
const ZERO_BELOW = Math.fround(1e-35);

function sectionsOf(text: string): { readonly head: Fields; readonly trees: readonly Fields[] } {
  const lines = text.split("\n");
  if (lines[0]?.trim() !== "tree") throw new Error("it does not begin as LightGBM's text does");
  const head = new Map<string, string>();
  const trees: Map<string, string>[] = [];
  let fields = head;
  for (const line of lines) {
    const told = line.trim();
    if (told === "end of trees") return { head, trees };
    const [, name = told, value = ""] = /^([^=]+)=(.*)$/.exec(told) ?? [];
    if (name === "Tree") trees.push((fields = new Map()));
    else fields.set(name, value);
  }
  throw new Error("it ends before its trees do");
}

function featuresOf(head: Fields): readonly string[] {
  const count = wholeNumber(head, "max_feature_idx") + 1;
  const names = (head.get("feature_names") ?? "").split(" ").filter((name) => name !== "");
  if (names.length !== count) throw new Error(`it has ${names.length} names for ${count} features`);
  return names;
}

function wholeNumber(fields: Fields, name: string): number {
  const text = fields.get(name) ?? "";
  if (!/^\d{1,9}$/.test(text)) throw new Error(`${name} is ${JSON.stringify(text.slice(0, 40))}, no whole number`);
  return Number(text);
}

function numbersOf(fields: Fields, name: string, count: number): Float64Array {
  const text = fields.get(name) ?? "";
  const numbers = text === "" ? new Float64Array() : Float64Array.from(text.split(" "), numberOf);
  if (numbers.length !== count) throw new Error(`${name} has ${numbers.length} numbers for ${count}`);
  return numbers;
}

function numberOf(text: string): number {
  const number = Number(text);
  if (text !== "" && !Number.isNaN(number)) return number;
  const found = NOT_FINITE[text.toLowerCase()];
  if (found === undefined) throw new Error(`${JSON.stringify(text.slice(0, 40))} is no number`);
  return found;
}

const NOT_FINITE: Readonly<Record<string, number>> = {
  inf: Number.POSITIVE_INFINITY,
  "-inf": Number.NEGATIVE_INFINITY,
  nan: Number.NaN,
  "-nan": Number.NaN,
};

/** Inner nodes are numbered from 0; a child below 0 is leaf `~child`. */
function fileTree(fields: Fields, output: number): FileTree {
  const leaves = wholeNumber(fields, "num_leaves");
  const values = numbersOf(fields, "leaf_value", leaves);
  const counts = fields.has("leaf_count") && leaves > 1 ? numbersOf(fields, "leaf_count", leaves) : undefined;
  const linear = fields.get("is_linear") === "1" ? linearLeavesOf(fields, leaves) : undefined;
  const split = leaves > 1 ? splitsOf(fields, leaves - 1) : undefined;
  return {
    output,
    root: leaves > 1 ? 0 : -1,
    nodes: leaves * 2 - 1,
    read: (node) => {
      if (node >= 0) return split?.(node) ?? missing(node);
      const leaf = ~node;
      if (leaf >= leaves) return missing(node);
      // A tree of one leaf has no rows: their share is of nothing.
      const cover = leaves > 1 ? counts?.[leaf] : 1;
      return { value: values[leaf] as number, leaf, cover, linear: linear?.[leaf] };
    },
  };
}

function missing(node: number): never {
  throw new Error(`a node has the child ${node}, which there is not`);
}

function splitsOf(fields: Fields, count: number): (node: number) => FileNode {
  const read = (name: string) => numbersOf(fields, name, count);
  const [feature, threshold, left, right] = ["split_feature", "threshold", "left_child", "right_child"].map(read) as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const types = fields.has("decision_type") ? read("decision_type") : new Float64Array(count);
  const counts = fields.has("internal_count") ? read("internal_count") : undefined;
  const sets = setsOf(fields);
  return (node) => {
    if (node >= count) return missing(node);
    const type = types[node] as number;
    const isSet = (type & DECISION.CATEGORICAL) !== 0;
    const own = threshold[node] as number;
    return {
      feature: feature[node] as number,
      threshold: own,
      rule: isSet ? RULE.SET | RULE.SET_LEFT : ruleOf(type, own),
      set: isSet ? sets(own) : undefined,
      left: left[node] as number,
      right: right[node] as number,
      cover: counts?.[node],
    };
  };
}

/** The bits of a decision, and what in the two above them is missing. */
const DECISION = { CATEGORICAL: 1, DEFAULT_LEFT: 2, MISSING: 12, MISSING_IS_ZERO: 4, MISSING_IS_NAN: 8 } as const;

/** Where NaN is not what is missing, it is 0. */
function ruleOf(type: number, threshold: number): number {
  const missingIs = type & DECISION.MISSING;
  const isLeft = missingIs === 0 ? threshold >= 0 : (type & DECISION.DEFAULT_LEFT) !== 0;
  return (isLeft ? RULE.NAN_LEFT : 0) | (missingIs === DECISION.MISSING_IS_ZERO ? RULE.ZERO_MISSING : 0);
}

function setsOf(fields: Fields): (index: number) => Float64Array {
  const count = fields.has("num_cat") ? wholeNumber(fields, "num_cat") : 0;
  if (count === 0) return () => missingSet();
  const bounds = numbersOf(fields, "cat_boundaries", count + 1);
  const words = numbersOf(fields, "cat_threshold", bounds[count] as number);
  return (index) => (index < count ? words.subarray(bounds[index], bounds[index + 1]) : missingSet());
}

function missingSet(): never {
  throw new Error("a node has a set of categories that there is not");
}

function linearLeavesOf(fields: Fields, leaves: number): readonly LinearLeaf[] {
  const constants = numbersOf(fields, "leaf_const", leaves);
  const counts = numbersOf(fields, "num_features", leaves);
  const total = counts.reduce((sum, count) => sum + count, 0);
  const listed = (name: string) =>
    (fields.get(name) ?? "")
      .split(" ")
      .filter((text) => text !== "")
      .map(numberOf);
  const [features, coefficients] = [listed("leaf_features"), listed("leaf_coeff")];
  if (features.length !== total || coefficients.length !== total)
    throw new Error(`its linear leaves have ${features.length} features for ${total}`);
  let at = 0;
  return Array.from(constants, (constant, leaf) => {
    const end = at + (counts[leaf] as number);
    const own = { constant, features: features.slice(at, end), coefficients: coefficients.slice(at, end) };
    at = end;
    return own;
  });
}

/** What `predict` does to the sums, by the objective: `name setting:value …`. */
function linkOf(objective: string, outputs: number): Link {
  const [name = "", ...settings] = objective.split(" ");
  const told = settings.map((setting) => setting.split(":"));
  const steepness = Number(told.find(([key]) => key === "sigmoid")?.[1] ?? 1);
  const each = (step: Extract<Link, { by: "each" }>["step"]): Link => ({ by: "each", outputs, step });
  if (name === "binary" || name === "multiclassova") return each({ name: "sigmoid", steepness });
  if (name === "cross_entropy") return each({ name: "sigmoid", steepness: 1 });
  if (name === "cross_entropy_lambda") return each({ name: "logarithmOfOnePlusExp" });
  if (name === "multiclass") return { by: "softmax", outputs, powers: "exact" };
  if (EXPONENTIAL.has(name)) return each({ name: "exp" });
  if (!SUMS.has(name)) throw new Error(`its objective is ${JSON.stringify(name.slice(0, 40))}, which is not known`);
  return settings.includes("sqrt") ? each({ name: "signedSquare" }) : { by: "identity", outputs };
}

const EXPONENTIAL = new Set(["poisson", "gamma", "tweedie"]);
const SUMS = new Set([
  "",
  ..."none custom regression regression_l1 huber fair quantile mape lambdarank rank_xendcg".split(" "),
]);
