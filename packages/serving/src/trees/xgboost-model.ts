import { logf } from "./float32-math.ts";
import type { Link } from "./links.ts";
import type { TreeFile } from "./tree-file.ts";
import { layOut, requireOutputs, RULE, type FileNode, type FileTree } from "./tree-ensemble.ts";

type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads a model as XGBoost saves it in JSON or UBJSON (since 1.0; the schema is `doc/model.schema` of its sources). Throws an
 * `Error` for what is none or cannot be served.
 */
export function readXgBoostModel(model: unknown): TreeFile {
  const learner = fieldsOf(fieldsOf(model, "the model")["learner"], "learner");
  const parameters = fieldsOf(learner["learner_model_param"], "learner_model_param");
  const outputs = requireOutputs(
    Math.max(1, numberIn(parameters, "num_class", 0), numberIn(parameters, "num_target", 1)),
  );
  const objective = objectiveOf(learner, outputs);
  const { trees, weights } = boosterOf(learner);
  const ensemble = layOut(
    {
      features: featuresOf(learner, numberIn(parameters, "num_feature")),
      outputs,
      precision: "single",
      bases: basesOf(parameters["base_score"], outputs).map(objective.margin),
      areBasesLast: false,
      weights: weights?.slice(0, trees.length),
    },
    trees,
  );
  return { madeBy: "xgboost", ensemble, link: objective.link, probabilities: objective.probabilities, zeroBelow: 0 };
}

function fieldsOf(value: unknown, name: string): Fields {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Fields;
  throw new Error(`it has no ${name}: that is no model of XGBoost`);
}

/** Numbers stand as text in most places. */
function numberIn(fields: Fields, name: string, fallback?: number): number {
  const value = Number(fields[name] ?? fallback);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new Error(`${name} is ${JSON.stringify(fields[name])}, no whole number`);
}

function listOf(fields: Fields, name: string): ArrayLike<number> {
  const value = fields[name];
  if (Array.isArray(value) || ArrayBuffer.isView(value)) return value as unknown as ArrayLike<number>;
  throw new Error(`${name} is no list`);
}

/** Without names XGBoost calls them f0, f1, …. */
function featuresOf(learner: Fields, count: number): readonly string[] {
  if (count > FEATURES_MAX) throw new Error(`it has ${count} features; ${FEATURES_MAX} are the most`);
  const names = (learner["feature_names"] ?? []) as readonly unknown[];
  if (names.length === count && names.length > 0) return names.map(String);
  return Array.from({ length: count }, (_, place) => `f${place}`);
}

const FEATURES_MAX = 1_000_000;

/** One number for all outputs, or one for each: `5E-1`, `[5E-1]`, `[1E0,2E0]`. */
function basesOf(text: unknown, outputs: number): Float64Array {
  const bases = String(text)
    .replaceAll(/[[\]\s]/g, "")
    .split(",")
    .map(Number);
  if (bases.some(Number.isNaN) || (bases.length !== 1 && bases.length !== outputs))
    throw new Error(`base_score is ${JSON.stringify(text)}, for ${outputs} outputs`);
  return Float64Array.from({ length: outputs }, (_, output) => Math.fround(bases[output] ?? (bases[0] as number)));
}

interface Objective {
  /** What `base_score` is before the link. */
  readonly margin: (base: number) => number;
  readonly link: Link;
  readonly probabilities?: Link;
}

function objectiveOf(learner: Fields, outputs: number): Objective {
  const name = String(fieldsOf(learner["objective"], "objective")["name"]);
  const same = (base: number) => base;
  if (LOGISTIC.has(name)) {
    const link: Link = { by: "each", outputs, step: { name: "sigmoidSingle" } };
    const isClassifier = name === "binary:logistic" && outputs === 1;
    return isClassifier
      ? { margin: logit, link, probabilities: { by: "both", of: link, isSingle: true } }
      : { margin: logit, link };
  }
  if (EXPONENTIAL.has(name)) return { margin: logf, link: { by: "each", outputs, step: { name: "expSingle" } } };
  if (name === "binary:hinge") return { margin: same, link: { by: "each", outputs, step: { name: "hinge" } } };
  if (name === "multi:softprob" || name === "multi:softmax") {
    const probabilities: Link = { by: "softmaxSingle", outputs };
    return { margin: same, link: name === "multi:softmax" ? { by: "highest", outputs } : probabilities, probabilities };
  }
  if (SUMS.has(name) || name.startsWith("rank:")) return { margin: same, link: { by: "identity", outputs } };
  throw new Error(`its objective is ${JSON.stringify(name.slice(0, 40))}, which is not known`);
}

const LOGISTIC = new Set(["binary:logistic", "reg:logistic"]);
const EXPONENTIAL = new Set(["count:poisson", "reg:gamma", "reg:tweedie", "survival:cox", "survival:aft"]);
const SUMS = new Set(
  "reg:squarederror reg:linear reg:squaredlogerror reg:pseudohubererror reg:absoluteerror reg:quantileerror reg:expectileerror binary:logitraw".split(
    " ",
  ),
);

const SHARE_MIN = Math.fround(1e-6);

/** The log odds of a share, in float32's steps. */
function logit(share: number): number {
  const inside = Math.min(Math.max(share, SHARE_MIN), Math.fround(1 - SHARE_MIN));
  return -logf(Math.fround(Math.fround(1 / inside) - 1));
}

interface Booster {
  readonly trees: readonly FileTree[];
  /** Of dart: what each tree counts. */
  readonly weights: Float64Array | undefined;
}

function boosterOf(learner: Fields): Booster {
  const booster = fieldsOf(learner["gradient_booster"], "gradient_booster");
  const name = String(booster["name"]);
  if (name === "gblinear") throw new Error("its booster is gblinear, a linear model and no trees; save it as ONNX");
  if (name === "dart") {
    const weights = Float64Array.from(listOf(booster, "weight_drop"), Math.fround);
    return { trees: treesOf(fieldsOf(booster["gbtree"], "gbtree"), learner), weights };
  }
  return { trees: treesOf(booster, learner), weights: undefined };
}

function treesOf(booster: Fields, learner: Fields): readonly FileTree[] {
  const model = fieldsOf(booster["model"], "gradient_booster.model");
  const outputs = listOf(model, "tree_info");
  const trees = model["trees"];
  if (!Array.isArray(trees) || trees.length !== outputs.length)
    throw new Error(`it has ${outputs.length} outputs of trees, and other trees`);
  const served = servedTrees({ model, learner, trees: trees.length });
  return trees.slice(0, served).map((tree, index) => fileTree(fieldsOf(tree, "trees"), outputs[index] as number));
}

/** A model that scikit-learn's wrapper saved is asked up to its best iteration, as the wrapper does; any other in full. */
function servedTrees({
  model,
  learner,
  trees,
}: {
  readonly model: Fields;
  readonly learner: Fields;
  readonly trees: number;
}) {
  const attributes = fieldsOf(learner["attributes"] ?? {}, "attributes");
  if (attributes["scikit_learn"] === undefined || attributes["best_iteration"] === undefined) return trees;
  const starts = model["iteration_indptr"] === undefined ? undefined : listOf(model, "iteration_indptr");
  return starts?.[numberIn(attributes, "best_iteration") + 1] ?? trees;
}

/** Nodes are numbered from 0, the root; a leaf's left child is -1 and its value stands for the threshold. */
function fileTree(tree: Fields, output: number): FileTree {
  const parameters = fieldsOf(tree["tree_param"], "tree_param");
  if (numberIn(parameters, "size_leaf_vector", 1) > 1)
    throw new Error("its trees have a vector in each leaf (multi_output_tree), which are not served; save it as ONNX");
  const read = (name: string) => listOf(tree, name);
  const [left, right] = [read("left_children"), read("right_children")];
  const [feature, condition, defaultLeft] = [read("split_indices"), read("split_conditions"), read("default_left")];
  const cover = tree["sum_hessian"] === undefined ? undefined : read("sum_hessian");
  const sets = setsOf(tree);
  return {
    output,
    root: 0,
    nodes: left.length,
    read: (node): FileNode => {
      if (!(node >= 0 && node < left.length)) throw new Error(`a node has the child ${node}, which there is not`);
      const own = { cover: cover?.[node] };
      if ((left[node] as number) < 0) return { ...own, value: Math.fround(condition[node] as number), leaf: node };
      const set = sets.get(node);
      const nanLeft = Number(defaultLeft[node]) === 0 ? 0 : RULE.NAN_LEFT;
      return {
        ...own,
        feature: feature[node] as number,
        threshold: floatBelow(Math.fround(condition[node] as number)),
        rule: set === undefined ? nanLeft : nanLeft | RULE.SET,
        set,
        left: left[node] as number,
        right: right[node] as number,
      };
    },
  };
}

/** The categories of the nodes that split by them, as bits. */
function setsOf(tree: Fields): ReadonlyMap<number, Uint32Array> {
  const sets = new Map<number, Uint32Array>();
  if (tree["categories_nodes"] === undefined) return sets;
  const [nodes, starts, sizes, categories] = [
    "categories_nodes",
    "categories_segments",
    "categories_sizes",
    "categories",
  ].map((name) => Array.from(listOf(tree, name), Number)) as [number[], number[], number[], number[]];
  for (const [index, node] of nodes.entries()) {
    const from = starts[index] as number;
    sets.set(node, bitsOf(categories.slice(from, from + (sizes[index] as number))));
  }
  return sets;
}

/** Beyond it a float32 does not tell one category from the next. */
const CATEGORY_MAX = 2 ** 24;

function bitsOf(categories: readonly number[]): Uint32Array {
  const highest = categories.reduce((most, category) => Math.max(most, category), 0);
  if (!(highest < CATEGORY_MAX)) throw new Error(`a category is ${highest}; ${CATEGORY_MAX} are the most`);
  const words = new Uint32Array((highest >>> 5) + 1);
  for (const category of categories) words[category >>> 5] = (words[category >>> 5] as number) | (1 << (category & 31));
  return words;
}

const BITS = new DataView(new ArrayBuffer(4));

/** The float32 before a number: what is `<` the number is `<=` it. */
function floatBelow(number: number): number {
  if (number !== number || number === Number.NEGATIVE_INFINITY) return Number.NaN;
  if (number === 0) return -(2 ** -149);
  BITS.setFloat32(0, number);
  BITS.setInt32(0, BITS.getInt32(0) + (number > 0 ? -1 : 1));
  return BITS.getFloat32(0);
}
