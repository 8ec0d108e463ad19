import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { compactRoom, NARROW, WIDE, type CompactTrees, type SplitForm } from "./compact-trees.ts";
import { readFloats, readInteger, readOnnxGraph, readText, type OnnxNode, type OnnxValue } from "./onnx-graph.ts";
import { Scratch } from "./scratch.ts";
import { MODE, readTreeTable, unusual, type TreeTable } from "./tree-table.ts";

/** A graph that sums trees, and what goes in and comes out. */
export interface OnnxTrees {
  readonly input: OnnxValue;
  readonly output: OnnxValue;
  readonly trees: CompactTrees;
}

const FLOAT = 1;
const OUTPUTS_MAX = 2 ** 16;
const DEPTH_MAX = 1_000;
/** A file names its operators before what they have. */
const HEAD_BYTES = 65_536;
const OPERATOR = "TreeEnsembleRegressor";

const SCRATCH = new Scratch();

/**
 * The trees of a file of ONNX that is nothing but one `TreeEnsembleRegressor` over float32, whose sums are its answer. Undefined
 * for every other file, and for whatever is unusual: ONNX Runtime reads it then, and says what is wrong with it. It is read
 * in one go: a thread does nothing else meanwhile.
 */
export function readOnnxTrees(file: string): OnnxTrees | undefined {
  const handle = openSync(file, "r");
  try {
    const { size } = fstatSync(handle);
    const bytes = SCRATCH.bytes(size);
    const head = readSync(handle, bytes, 0, Math.min(size, HEAD_BYTES), 0);
    if (!Buffer.from(bytes.buffer, bytes.byteOffset, head).includes(OPERATOR)) return undefined;
    for (let at = head; at < size;) {
      const read = readSync(handle, bytes, at, size - at, at);
      if (read === 0) return undefined;
      at += read;
    }
    return recognised(bytes);
  } catch {
    return undefined;
  } finally {
    closeSync(handle);
    SCRATCH.empty();
  }
}

function recognised(bytes: Uint8Array): OnnxTrees | undefined {
  const graph = readOnnxGraph(bytes);
  const [input, ...inputs] = graph?.inputs ?? [];
  const [output, ...outputs] = graph?.outputs ?? [];
  const [first, ...others] = graph?.nodes ?? [];
  if (input === undefined || output === undefined || first === undefined) return undefined;
  if (inputs.length > 0 || outputs.length > 0) return undefined;
  if (first.operator !== OPERATOR || first.domain !== "ai.onnx.ml") return undefined;
  if (!isChain([first, ...others], { from: input.name, to: output.name })) return undefined;
  const features = widthOf(input);
  if (features === undefined || features > WIDE.featuresMax) return undefined;
  const trees = treesOf(first, features);
  return trees === undefined || widthOf(output) !== trees.outputs ? undefined : { input, output, trees };
}

/** Whether each node goes on with what the one before it gives, and those behind the first change nothing. */
function isChain(nodes: readonly OnnxNode[], { from, to }: { readonly from: string; readonly to: string }): boolean {
  let given = from;
  for (const [at, { operator, domain, inputs, outputs }] of nodes.entries()) {
    if (inputs.length !== 1 || inputs[0] !== given || outputs.length !== 1) return false;
    if (at > 0 && (operator !== "Identity" || domain !== "")) return false;
    given = outputs[0] ?? "";
  }
  return given === to;
}

/** Of a tensor of float32 of [rows, width] its width. */
function widthOf({ elementType, dimensions }: OnnxValue): number | undefined {
  const width = dimensions?.[1];
  const isMatrix = elementType === FLOAT && dimensions?.length === 2;
  return isMatrix && typeof width === "number" && width > 0 ? width : undefined;
}

const KNOWN: ReadonlySet<string> = new Set(
  [
    ["n_targets", "aggregate_function", "post_transform", "base_values"],
    ["nodes_treeids", "nodes_nodeids", "nodes_featureids", "nodes_values", "nodes_modes", "nodes_hitrates"],
    ["nodes_truenodeids", "nodes_falsenodeids", "nodes_missing_value_tracks_true"],
    ["target_treeids", "target_nodeids", "target_ids", "target_weights"],
  ].flat(),
);

function treesOf({ attributes }: OnnxNode, features: number): CompactTrees | undefined {
  if ([...attributes.keys()].some((name) => !KNOWN.has(name))) return undefined;
  const [aggregate, transform] = [attributes.get("aggregate_function"), attributes.get("post_transform")];
  if (aggregate !== undefined && readText(aggregate) !== "SUM") return undefined;
  if (transform !== undefined && readText(transform) !== "NONE") return undefined;
  const [targets, given] = [attributes.get("n_targets"), attributes.get("base_values")];
  const outputs = targets === undefined ? 1 : readInteger(targets);
  const bases = given === undefined ? [] : readFloats(given, SCRATCH);
  if (!(outputs >= 1 && outputs <= OUTPUTS_MAX) || ![0, outputs].includes(bases.length)) return undefined;
  const table = readTreeTable(attributes, SCRATCH);
  return compacted(table, { features, outputs, bases });
}

interface Told {
  readonly features: number;
  readonly outputs: number;
  readonly bases: ArrayLike<number>;
}

function compacted(table: TreeTable, { features, outputs, bases }: Told): CompactTrees {
  const { starts } = table;
  const trees = starts.length - 1;
  const largest = starts.reduce((most, start, tree) => Math.max(most, start - (starts[tree - 1] ?? start)), 0);
  const splits = (table.features.length - trees) / 2;
  if (trees === 0 || !Number.isInteger(splits)) throw unusual();
  const isNarrow = features <= NARROW.featuresMax && largest <= NARROW.leftMax;
  const into = compactRoom({ features, outputs, bases, trees, splits, isNarrow });
  const writer = new TreeWriter(table, { into, form: isNarrow ? NARROW : WIDE });
  for (let tree = 0; tree < trees; tree += 1) {
    into.outputOf[tree] = writer.add(starts[tree] as number, starts[tree + 1] as number);
    into.starts[tree + 1] = writer.split;
  }
  return into;
}

/** Lays trees out one after the other. */
class TreeWriter {
  readonly #table: TreeTable;
  readonly #into: CompactTrees;
  readonly #form: SplitForm;
  split = 0;
  #leaf = 0;
  #output = -1;

  constructor(table: TreeTable, { into, form }: { readonly into: CompactTrees; readonly form: SplitForm }) {
    this.#table = table;
    this.#into = into;
    this.#form = form;
  }

  /** Puts the tree of some nodes, the first of which is its root, and tells its output. Throws where it is no tree of all of them. */
  add(from: number, to: number): number {
    this.#output = -1;
    if (this.#put(from, 0) * 2 + 1 !== to - from) throw unusual();
    if (this.#output >= this.#into.outputs) throw unusual();
    return this.#output;
  }

  /** Puts a node and all behind it, and tells how many of them are splits. */
  #put(place: number, depth: number): number {
    const { modes, features, values, whenTrue, whenFalse, missingIsTrue } = this.#table;
    const { thresholds, splits } = this.#into;
    const { words, featureShift, missingLeft, leftMax } = this.#form;
    const mode = modes[place] as number;
    if (mode === MODE.leaf) return this.#putLeaf(place);
    const at = this.split;
    const feature = features[place] as number;
    if (depth > DEPTH_MAX || at >= thresholds.length || !(feature >= 0 && feature < this.#into.features))
      throw unusual();
    this.split += 1;
    thresholds[at] = thresholdOf(mode, values[place] as number);
    const left = this.#put(whenTrue[place] as number, depth + 1);
    if (left > leftMax) throw unusual();
    const missing = missingIsTrue[place] === 1 ? missingLeft : 0;
    splits[at * words] = (feature << featureShift) + missing + (words === 1 ? left : 0);
    if (words === 2) splits[at * 2 + 1] = left;
    return left + 1 + this.#put(whenFalse[place] as number, depth + 1);
  }

  #putLeaf(place: number): number {
    const { weights, outputs } = this.#table;
    const output = outputs[place] as number;
    // All leaves of a tree add to one output.
    if (this.#leaf >= this.#into.leaves.length || output < 0 || ![-1, output].includes(this.#output)) throw unusual();
    this.#output = output;
    this.#into.leaves[this.#leaf] = weights[place] as number;
    this.#leaf += 1;
    return 0;
  }
}

const BITS = new DataView(new ArrayBuffer(4));

/** Below a number of float32 is what is at most the one before it. */
function thresholdOf(mode: number, value: number): number {
  if (mode === MODE.atMost || Number.isNaN(value)) return value;
  if (mode !== MODE.below) throw unusual();
  if (value === Number.NEGATIVE_INFINITY) return Number.NaN;
  if (value === 0) return -(2 ** -149);
  BITS.setFloat32(0, value);
  BITS.setInt32(0, BITS.getInt32(0) + (value > 0 ? -1 : 1));
  return BITS.getFloat32(0);
}
