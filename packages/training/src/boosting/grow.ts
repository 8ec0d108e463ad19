import { SET_WORDS, type ModelDescription, type TreeModel } from "../model/tree-model.ts";
import {
  COMMAND,
  DO_GATHER,
  DO_GRADIENTS,
  DO_HISTOGRAMS,
  DO_NORMALIZE,
  DO_PARTITION,
  DO_SCORES,
  DO_VALIDATE,
  END,
  FEATURE,
  FOUND,
  foundAt,
  HAS_LARGE,
  LEAVES,
  OUTPUT,
  ROWS_LARGE,
  SLOT_LARGE,
  SLOT_SMALL,
  START,
  viewsOf,
  type SharedTraining,
  type SharedValidation,
  type Views,
} from "./shared.ts";
import { meanLoss } from "./validation.ts";

/** Leaves below this many rows are split by the leader alone: waking the other threads would take longer. */
const ROWS_ALONE_MAX = 8_192;

interface Split {
  readonly gain: number;
  readonly feature: number;
  /** The last that goes left; 0 where a set says which do. */
  readonly bin: number;
  readonly set: readonly number[];
  readonly lambda: number;
  readonly missingLeft: boolean;
  readonly leftGradient: number;
  readonly leftHessian: number;
}

interface Leaf {
  readonly node: number;
  readonly start: number;
  readonly end: number;
  readonly slot: number;
  readonly gradient: number;
  readonly hessian: number;
  /** What the leaf's value is shrunk by: the split that made it says so. */
  readonly lambda: number;
  split: Split | undefined;
}

/** How the leader has work done: by all threads, or by itself. */
export interface Crew {
  together(command: number): void;
  partitionAlone(): void;
}

/** Grows trees leaf by leaf, the best split first. Runs in the leading thread. */
export class Grower {
  readonly #shared: SharedTraining;
  readonly #views: Views;
  readonly #crew: Crew;
  readonly #out = {
    feature: [] as number[],
    threshold: [] as number[],
    bin: [] as number[],
    set: [] as number[],
    left: [] as number[],
    right: [] as number[],
    missingLeft: [] as number[],
    value: [] as number[],
    gain: [] as number[],
    cover: [] as number[],
  };
  readonly #roots: number[] = [];
  readonly #sets: number[] = [];

  constructor(shared: SharedTraining, crew: Crew) {
    this.#shared = shared;
    this.#views = viewsOf(shared);
    this.#crew = crew;
  }

  /** One tree for each output. Returns the validation rows' mean loss with all trees so far, where there are such rows. */
  growRound(): number | undefined {
    const { outputs, control, validation } = this.#shared;
    if (outputs > 1) this.#crew.together(DO_NORMALIZE);
    for (let output = 0; output < outputs; output += 1) {
      control[OUTPUT] = output;
      this.#growTree();
      if (validation !== undefined) this.#validate(validation);
    }
    return validation === undefined ? undefined : meanLoss(validation);
  }

  #growTree(): void {
    const { options } = this.#shared;
    this.#crew.together(DO_GRADIENTS);
    const root = this.#root();
    const leaves = [root];
    while (leaves.length < options.leaves) {
      const best = bestOf(leaves);
      if (best === undefined) break;
      leaves.splice(leaves.indexOf(best), 1, ...this.#splitLeaf(best, leaves.length));
    }
    leaves.forEach((leaf, index) => this.#finish(leaf, index));
    this.#shared.control[LEAVES] = leaves.length;
    this.#crew.together(DO_SCORES);
  }

  /** Adds the newest tree to the validation rows' scores. */
  #validate({ tree }: SharedValidation): void {
    const root = this.#roots.at(-1) ?? 0;
    let sets = 0;
    for (let node = root; node < this.#out.left.length; node += 1) {
      const isLeaf = (this.#out.left[node] as number) < 0;
      tree.feature[node - root] = this.#out.feature[node] as number;
      tree.bin[node - root] = this.#out.bin[node] as number;
      const set = this.#out.set[node] as number;
      tree.set[node - root] = set < 0 ? -1 : sets;
      if (set >= 0) tree.sets.set(this.#sets.slice(set, set + SET_WORDS), sets);
      if (set >= 0) sets += SET_WORDS;
      tree.left[node - root] = isLeaf ? -1 : (this.#out.left[node] as number) - root;
      tree.right[node - root] = isLeaf ? -1 : (this.#out.right[node] as number) - root;
      tree.missingLeft[node - root] = this.#out.missingLeft[node] as number;
      tree.value[node - root] = this.#out.value[node] as number;
    }
    this.#crew.together(DO_VALIDATE);
  }

  /** Forgets all trees but those of the first rounds. */
  keep(rounds: number): void {
    const trees = rounds * this.#shared.outputs;
    const nodes = this.#roots[trees];
    if (nodes === undefined) return;
    this.#roots.length = trees;
    for (const column of Object.values(this.#out)) column.length = nodes;
    this.#sets.length = this.#out.set.filter((set) => set >= 0).length * SET_WORDS;
  }

  /** The trees, with what a caller knows of the model. */
  model(described: Omit<ModelDescription, "objective">): TreeModel {
    const out = this.#out;
    return {
      ...described,
      objective: this.#shared.options.objective,
      roots: Int32Array.from(this.#roots),
      feature: Int32Array.from(out.feature),
      threshold: Float32Array.from(out.threshold),
      set: Int32Array.from(out.set),
      sets: Uint32Array.from(this.#sets),
      left: Int32Array.from(out.left),
      right: Int32Array.from(out.right),
      missingLeft: Uint8Array.from(out.missingLeft),
      value: Float32Array.from(out.value),
      gain: Float32Array.from(out.gain),
      cover: Float32Array.from(out.cover),
    };
  }

  #root(): Leaf {
    const { rows, control, found } = this.#shared;
    control[HAS_LARGE] = 0;
    this.#histograms({ start: 0, end: rows, small: 0, large: 0 });
    const node = this.#node();
    this.#roots.push(node);
    const [gradient, hessian] = [found[FOUND.gradient] as number, found[FOUND.hessian] as number];
    const { lambda } = this.#shared.options;
    return { node, start: 0, end: rows, slot: 0, gradient, hessian, lambda, split: this.#best(0) };
  }

  #histograms({
    start,
    end,
    small,
    large,
  }: {
    readonly start: number;
    readonly end: number;
    readonly small: number;
    readonly large: number;
  }): void {
    const { control } = this.#shared;
    control[START] = start;
    control[END] = end;
    control[SLOT_SMALL] = small;
    control[SLOT_LARGE] = large;
    this.#crew.together(DO_HISTOGRAMS);
  }

  /** The best of what the threads found; of equal gains the feature that comes first, whoever holds it. */
  #best(leaf: 0 | 1): Split | undefined {
    const { found, threads } = this.#shared;
    let best: Split | undefined;
    for (let thread = 0; thread < threads.length; thread += 1) {
      const base = foundAt(thread, leaf);
      const gain = found[base + FOUND.gain] as number;
      const feature = found[base + FOUND.feature] as number;
      if (gain <= 0 || (best !== undefined && (gain < best.gain || (gain === best.gain && feature > best.feature))))
        continue;
      best = {
        gain,
        feature,
        bin: found[base + FOUND.bin] as number,
        set: Array.from(found.subarray(base + FOUND.set, base + FOUND.set + SET_WORDS)),
        lambda: found[base + FOUND.lambda] as number,
        missingLeft: found[base + FOUND.missingLeft] === 1,
        leftGradient: found[base + FOUND.leftGradient] as number,
        leftHessian: found[base + FOUND.leftHessian] as number,
      };
    }
    return best;
  }

  #splitLeaf(leaf: Leaf, freeSlot: number): readonly [Leaf, Leaf] {
    const { split } = leaf;
    if (split === undefined) throw new Error("a leaf without a split was chosen");
    const middle = this.#partition(leaf, split);
    const leftSmall = middle - leaf.start <= leaf.end - middle;
    this.#shared.control[HAS_LARGE] = 1;
    this.#shared.control[ROWS_LARGE] = leftSmall ? leaf.end - middle : middle - leaf.start;
    this.#histograms({
      start: leftSmall ? leaf.start : middle,
      end: leftSmall ? middle : leaf.end,
      small: freeSlot,
      large: leaf.slot,
    });
    const [left, right] = [this.#node(), this.#node()];
    this.#branch(leaf, { split, left, right });
    return [
      {
        node: left,
        start: leaf.start,
        end: middle,
        slot: leftSmall ? freeSlot : leaf.slot,
        gradient: split.leftGradient,
        hessian: split.leftHessian,
        lambda: split.lambda,
        split: this.#best(leftSmall ? 0 : 1),
      },
      {
        node: right,
        start: middle,
        end: leaf.end,
        slot: leftSmall ? leaf.slot : freeSlot,
        gradient: leaf.gradient - split.leftGradient,
        hessian: leaf.hessian - split.leftHessian,
        lambda: split.lambda,
        split: this.#best(leftSmall ? 1 : 0),
      },
    ];
  }

  /** Puts the rows that go left before those that go right, each in their order. Returns where the right ones begin. */
  #partition({ start, end }: Leaf, { feature, bin, set, missingLeft }: Split): number {
    const { control } = this.#shared;
    const { table, leftCounts } = this.#views;
    if (bin > 0) table.fill(1, 0, bin + 1).fill(0, bin + 1);
    else table.forEach((_side, own) => (table[own] = ((set[own >>> 5] as number) >>> (own & 31)) & 1));
    table[0] = missingLeft ? 1 : 0;
    control[START] = start;
    control[END] = end;
    control[FEATURE] = feature;
    if (end - start < ROWS_ALONE_MAX) {
      this.#crew.partitionAlone();
      return start + (leftCounts[0] as number);
    }
    this.#crew.together(DO_PARTITION);
    this.#crew.together(DO_GATHER);
    return leftCounts.reduce((sum, count) => sum + count, start);
  }

  #node(): number {
    const out = this.#out;
    const node = out.left.length;
    for (const column of Object.values(out)) column.push(0);
    out.left[node] = -1;
    out.right[node] = -1;
    out.set[node] = -1;
    return node;
  }

  #branch(
    { node, start, end }: Leaf,
    { split, left, right }: { readonly split: Split; readonly left: number; readonly right: number },
  ): void {
    const out = this.#out;
    out.feature[node] = split.feature;
    out.bin[node] = split.bin;
    if (split.bin > 0) out.threshold[node] = this.#shared.thresholds[split.feature]?.[split.bin] ?? 0;
    else out.set[node] = this.#keepSet(split.set);
    out.left[node] = left;
    out.right[node] = right;
    out.missingLeft[node] = split.missingLeft ? 1 : 0;
    out.gain[node] = split.gain;
    out.cover[node] = end - start;
  }

  /** Bins count from 1, values from 0: all bits move down by one. Returns where the set begins. */
  #keepSet(bins: readonly number[]): number {
    const first = this.#sets.length;
    bins.forEach((word, at) => this.#sets.push(((word >>> 1) | ((bins[at + 1] ?? 0) << 31)) >>> 0));
    return first;
  }

  #finish({ node, start, end, gradient, hessian, lambda }: Leaf, index: number): void {
    const { options } = this.#shared;
    const { leafRanges, leafValues } = this.#views;
    const value = Math.fround((-gradient / (hessian + lambda)) * options.learningRate);
    this.#out.value[node] = value;
    this.#out.cover[node] = end - start;
    leafValues[index] = value;
    leafRanges[2 * index] = start;
    leafRanges[2 * index + 1] = end;
  }
}

function bestOf(leaves: readonly Leaf[]): Leaf | undefined {
  let best: Leaf | undefined;
  for (const leaf of leaves) if (leaf.split !== undefined && leaf.split.gain > (best?.split?.gain ?? 0)) best = leaf;
  return best;
}

export function setCommand(control: Int32Array, command: number): void {
  control[COMMAND] = command;
}
