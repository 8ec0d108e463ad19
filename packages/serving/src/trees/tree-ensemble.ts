/**
 * Trees of any library in flat arrays, laid out for walking: a node's right child lies behind its left one. A number goes
 * left when it is `<= threshold`; what is missing, and values of a set, go as the node's rule says.
 */
export interface TreeEnsemble {
  readonly features: readonly string[];
  /** How many sums a row has: the trees of one output add up to one. */
  readonly outputs: number;
  /** In which the library compares and adds: float64 or float32. */
  readonly precision: "double" | "single";
  /** What each output is without trees, and whether that is added last. */
  readonly bases: Float64Array;
  readonly areBasesLast: boolean;
  /** The first node of each tree, in the order in which they are added, and the output that it adds to. */
  readonly roots: Int32Array;
  readonly outputOf: Int32Array;
  /** What a tree's leaf is multiplied by; none where all are 1. */
  readonly weights: Float64Array | undefined;
  /**
   * Two places a node, in one line of the processor's memory: its threshold, and in the other one what `links` has. Of a leaf
   * the threshold is its value; of a set the place of its first word in `sets`.
   */
  readonly nodes: Float64Array;
  /** The same memory: at `4 * node + 2` the left child, -1 of a leaf, and behind it the feature. */
  readonly links: Int32Array;
  readonly rule: Uint8Array;
  /** Whether no node has a set or takes 0 for missing. */
  readonly hasNumbersOnly: boolean;
  /** Each set: the number of its words, then the words; value v's bit is bit `v % 32` of word `v / 32`. */
  readonly sets: Uint32Array;
  /** A leaf's number in its tree, as the library counts. */
  readonly leaf: Int32Array;
  /** Rows, or the weight of the rows, that came by; empty where the file does not say. */
  readonly cover: Float64Array;
  /** Splits on the longest way down a tree. */
  readonly depth: number;
  /** Of trees whose leaves are linear models. */
  readonly linear: LinearLeaves | undefined;
}

/** A leaf's answer is its constant and the sum of its features' products; where one of them is missing, its value. */
export interface LinearLeaves {
  readonly constants: Float64Array;
  /** By node where its features begin; then one more, where the last one's end. */
  readonly starts: Int32Array;
  readonly features: Int32Array;
  readonly coefficients: Float64Array;
}

/** The bits of a node's rule. */
export const RULE = {
  /** NaN goes left. */
  NAN_LEFT: 1,
  /** 0 is missing, and goes as NaN does. */
  ZERO_MISSING: 2,
  /** The value is looked up in the node's set: one that is there goes right, any other left. */
  SET: 4,
  /** With `SET`: one that is there goes left, any other right; and a value is cut off towards 0 before it is looked up. */
  SET_LEFT: 8,
} as const;

/** A node as its library numbers it. */
export type FileNode =
  | {
      readonly value: number;
      readonly leaf: number;
      readonly cover?: number | undefined;
      readonly linear?: LinearLeaf | undefined;
    }
  | {
      readonly feature: number;
      readonly threshold: number;
      readonly rule: number;
      readonly set?: ArrayLike<number> | undefined;
      readonly left: number;
      readonly right: number;
      readonly cover?: number | undefined;
    };

export interface LinearLeaf {
  readonly constant: number;
  readonly features: readonly number[];
  readonly coefficients: readonly number[];
}

export interface FileTree {
  readonly output: number;
  readonly root: number;
  /** How many nodes it has: one that would have more is no tree. */
  readonly nodes: number;
  read(node: number): FileNode;
}

type Told = Pick<TreeEnsemble, "features" | "outputs" | "precision" | "bases" | "areBasesLast" | "weights">;

/** How many outputs a file may have. Throws an `Error` beyond. */
export function requireOutputs(outputs: number): number {
  if (outputs >= 1 && outputs <= OUTPUTS_MAX) return outputs;
  throw new Error(`it has ${outputs} outputs; 1 to ${OUTPUTS_MAX} are served`);
}

/** Lays out trees. Throws an `Error` for what is no tree: a node met twice, or of a feature that there is not. */
export function layOut(told: Told, trees: readonly FileTree[]): TreeEnsemble {
  const layout = new Layout(told.features.length);
  const starts = trees.map((tree) => layout.add(tree));
  const roots = inSharedMemory(Int32Array, starts);
  const outputs = trees.map(({ output }) => output);
  const outputOf = inSharedMemory(Int32Array, outputs);
  if (outputOf.some((output) => output < 0 || output >= told.outputs))
    throw new Error(`a tree adds to an output that there is not; there are ${told.outputs}`);
  return { ...told, roots, outputOf, ...layout.arrays() };
}

/** 64 MiB: a few bytes of a file can name a category that lies millions of bits away. */
const SET_WORDS_MAX = 2 ** 24;
const OUTPUTS_MAX = 65_536;

class Layout {
  readonly #features: number;
  readonly #feature: number[] = [];
  readonly #threshold: number[] = [];
  readonly #left: number[] = [];
  readonly #rule: number[] = [];
  readonly #sets: number[] = [];
  readonly #leaf: number[] = [];
  readonly #cover: number[] = [];
  readonly #linear = new Map<number, LinearLeaf>();
  #hasCover = true;
  #depth = 0;

  constructor(features: number) {
    this.#features = features;
  }

  /** Puts a tree behind the others, and tells where it begins. */
  add(tree: FileTree): number {
    const root = this.#feature.length;
    this.#room();
    const waiting: { readonly node: number; readonly at: number; readonly depth: number }[] = [];
    waiting.push({ node: tree.root, at: root, depth: 0 });
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const children = this.#put(tree.read(next.node), next.at);
      if (children === undefined) continue;
      if (this.#feature.length - root > tree.nodes) throw new Error("a node has two parents, or none of its own");
      const depth = next.depth + 1;
      this.#depth = Math.max(this.#depth, depth);
      const { left, right, at } = children;
      waiting.push({ node: right, at: at + 1, depth }, { node: left, at, depth });
    }
    return root;
  }

  #room(): number {
    const at = this.#feature.push(-1) - 1;
    for (const column of [this.#threshold, this.#rule, this.#cover]) column.push(0);
    this.#left.push(-1);
    this.#leaf.push(-1);
    return at;
  }

  #put(node: FileNode, at: number): { readonly left: number; readonly right: number; readonly at: number } | undefined {
    if (node.cover === undefined) this.#hasCover = false;
    this.#cover[at] = node.cover ?? 0;
    if ("value" in node) {
      this.#threshold[at] = node.value;
      this.#leaf[at] = node.leaf;
      if (node.linear !== undefined) this.#linear.set(at, this.#within(node.linear));
      return undefined;
    }
    if (!(node.feature >= 0 && node.feature < this.#features))
      throw new Error(`a node splits by feature ${node.feature}; there are ${this.#features}`);
    this.#feature[at] = node.feature;
    this.#rule[at] = node.rule;
    this.#threshold[at] = node.set === undefined ? node.threshold : this.#putSet(node.set);
    const children = this.#room();
    this.#room();
    this.#left[at] = children;
    return { left: node.left, right: node.right, at: children };
  }

  /** A feature beyond the last one would be another row's. */
  #within(leaf: LinearLeaf): LinearLeaf {
    const beyond = leaf.features.find((feature) => !(feature >= 0 && feature < this.#features));
    if (beyond === undefined) return leaf;
    throw new Error(`a linear leaf has feature ${beyond}; there are ${this.#features}`);
  }

  #putSet(words: ArrayLike<number>): number {
    if (this.#sets.length + words.length > SET_WORDS_MAX) throw new Error("its sets of categories are too large");
    const at = this.#sets.push(words.length) - 1;
    for (let word = 0; word < words.length; word += 1) this.#sets.push(words[word] as number);
    return at;
  }

  arrays() {
    return {
      ...packed(this.#feature, this.#threshold, this.#left),
      rule: inSharedMemory(Uint8Array, this.#rule),
      hasNumbersOnly: this.#rule.every((rule) => rule <= RULE.NAN_LEFT),
      sets: inSharedMemory(Uint32Array, this.#sets),
      leaf: inSharedMemory(Int32Array, this.#leaf),
      cover: inSharedMemory(Float64Array, this.#hasCover ? this.#cover : []),
      depth: this.#depth,
      linear: this.#linear.size === 0 ? undefined : linearLeaves(this.#linear, this.#feature.length),
    };
  }
}

interface ArrayClass<Numbers> {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: SharedArrayBuffer): Numbers;
}

/** Threads that share a model have its bytes once. */
function inSharedMemory<Numbers extends { set(values: ArrayLike<number>): void }>(
  of: ArrayClass<Numbers>,
  values: ArrayLike<number>,
): Numbers {
  const made = new of(new SharedArrayBuffer(values.length * of.BYTES_PER_ELEMENT));
  made.set(values);
  return made;
}

function packed(feature: readonly number[], threshold: readonly number[], left: readonly number[]) {
  const nodes = inSharedMemory(Float64Array, { length: feature.length * 2 });
  const links = new Int32Array(nodes.buffer);
  for (let node = 0; node < feature.length; node += 1) {
    nodes[node * 2] = threshold[node] as number;
    links[node * 4 + 2] = left[node] as number;
    links[node * 4 + 3] = feature[node] as number;
  }
  return { nodes, links };
}

function linearLeaves(leaves: ReadonlyMap<number, LinearLeaf>, nodes: number): LinearLeaves {
  const constants = new Float64Array(nodes);
  const starts = new Int32Array(nodes + 1);
  const features: number[] = [];
  const coefficients: number[] = [];
  for (let node = 0; node < nodes; node += 1) {
    const leaf = leaves.get(node);
    if (leaf !== undefined) {
      constants[node] = leaf.constant;
      features.push(...leaf.features);
      coefficients.push(...leaf.coefficients);
    }
    starts[node + 1] = features.length;
  }
  return {
    constants,
    starts,
    features: Int32Array.from(features),
    coefficients: Float64Array.from(coefficients),
  };
}
