import { isInSet, type Category, type TreeModel } from "../model/tree-model.ts";

/** One node as ONNX has it, numbered within its tree. A leaf leads nowhere. */
export interface OnnxNode {
  readonly tree: number;
  readonly number: number;
  readonly mode: "LEAF" | "BRANCH_LEQ" | "BRANCH_EQ";
  readonly feature: number;
  readonly value: number;
  readonly whenTrue: number;
  readonly whenFalse: number;
  readonly missingIsTrue: boolean;
  /** Of a leaf what it adds. */
  readonly weight: number;
}

/**
 * The trees' nodes. A set of categories becomes a chain of comparisons whose true sides are one node: of the values that
 * go left, or of the others where those are fewer. ONNX Runtime reads such a chain as a set.
 */
export function onnxNodes(model: TreeModel): readonly OnnxNode[] {
  const { roots, left } = model;
  return Array.from(roots).flatMap((root, tree) =>
    new TreeWriter(model, { tree, from: root, to: roots[tree + 1] ?? left.length }).nodes(),
  );
}

class TreeWriter {
  readonly #model: TreeModel;
  readonly #tree: number;
  readonly #from: number;
  readonly #to: number;
  /** Of each node of the model, the values that its chain compares with. */
  readonly #chains: ReadonlyMap<number, Chain>;
  /** Of each node of the model, its number here: those before it and their chains. */
  readonly #numbers: readonly number[];

  constructor(
    model: TreeModel,
    { tree, from, to }: { readonly tree: number; readonly from: number; readonly to: number },
  ) {
    this.#model = model;
    this.#tree = tree;
    this.#from = from;
    this.#to = to;
    const chains = new Map<number, Chain>();
    const numbers: number[] = [];
    let next = 0;
    for (let node = from; node < to; node += 1) {
      numbers.push(next);
      const chain = chainOf(model, node);
      if (chain !== undefined) chains.set(node, chain);
      next += chain?.values.length ?? 1;
    }
    this.#chains = chains;
    this.#numbers = numbers;
  }

  nodes(): readonly OnnxNode[] {
    return this.#numbers.flatMap((_number, index) => this.#nodesOf(this.#from + index));
  }

  #nodesOf(node: number): readonly OnnxNode[] {
    const chain = this.#chains.get(node);
    if (chain !== undefined) return this.#chainNodes(node, chain);
    const { feature, threshold, left, right, missingLeft, value } = this.#model;
    const isLeaf = (left[node] as number) < 0;
    return [
      {
        tree: this.#tree,
        number: this.#numberOf(node),
        mode: isLeaf ? "LEAF" : "BRANCH_LEQ",
        feature: feature[node] as number,
        value: threshold[node] as number,
        whenTrue: isLeaf ? 0 : this.#numberOf(left[node] as number),
        whenFalse: isLeaf ? 0 : this.#numberOf(right[node] as number),
        missingIsTrue: missingLeft[node] === 1,
        weight: value[node] as number,
      },
    ];
  }

  #chainNodes(node: number, { values, trueIsLeft }: Chain): readonly OnnxNode[] {
    const { feature, left, right, missingLeft } = this.#model;
    const [first, other] = [left[node] as number, right[node] as number].map((child) => this.#numberOf(child));
    const [whenTrue = 0, last = 0] = trueIsLeft ? [first, other] : [other, first];
    const number = this.#numberOf(node);
    return values.map((value, place) => ({
      tree: this.#tree,
      number: number + place,
      mode: "BRANCH_EQ",
      feature: feature[node] as number,
      value,
      whenTrue,
      whenFalse: place === values.length - 1 ? last : number + place + 1,
      missingIsTrue: (missingLeft[node] === 1) === trueIsLeft,
      weight: 0,
    }));
  }

  #numberOf(node: number): number {
    if (node < this.#from || node >= this.#to) throw new Error("a node leads out of its tree");
    return this.#numbers[node - this.#from] as number;
  }
}

interface Chain {
  readonly values: readonly number[];
  readonly trueIsLeft: boolean;
}

/** What a node's set is compared with, value by value; undefined of a leaf, and of a node that compares a number. */
function chainOf({ features, categories, feature, set, sets, left }: TreeModel, node: number): Chain | undefined {
  const first = set[node] as number;
  if ((left[node] as number) < 0 || first < 0) return undefined;
  const known: readonly Category[] = categories[features[feature[node] as number] ?? ""] ?? [];
  const places = known.map((_category, place) => place);
  const [inside, outside] = [true, false].map((wanted) => places.filter((at) => isInSet(sets, first, at) === wanted));
  if (inside === undefined || outside === undefined) throw new Error("a set has no values");
  if (inside.length > 0 && (inside.length <= outside.length || outside.length === 0))
    return { values: inside, trueIsLeft: true };
  return { values: outside, trueIsLeft: false };
}
