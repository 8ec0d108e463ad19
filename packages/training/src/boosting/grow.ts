import type { TreeModel } from "../model/tree-model.ts";
import {
  COMMAND,
  DO_GRADIENTS,
  DO_HISTOGRAMS,
  END,
  FOUND,
  foundAt,
  HAS_LARGE,
  ROWS_LARGE,
  SLOT_LARGE,
  SLOT_SMALL,
  START,
  type SharedTraining,
} from "./shared.ts";

interface Split {
  readonly gain: number;
  readonly feature: number;
  readonly bin: number;
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
  split: Split | undefined;
}

/** Grows trees leaf by leaf, the best split first. Runs in the leading thread; `together` makes all threads do a command. */
export class Grower {
  readonly #shared: SharedTraining;
  readonly #together: (command: number) => void;
  readonly #spare: Int32Array;
  readonly #out = {
    feature: [] as number[],
    threshold: [] as number[],
    left: [] as number[],
    right: [] as number[],
    missingLeft: [] as number[],
    value: [] as number[],
    gain: [] as number[],
  };
  readonly #roots: number[] = [];

  constructor(shared: SharedTraining, together: (command: number) => void) {
    this.#shared = shared;
    this.#together = together;
    this.#spare = new Int32Array(shared.rows);
  }

  growTree(): void {
    const { options } = this.#shared;
    this.#together(DO_GRADIENTS);
    const root = this.#root();
    const leaves = [root];
    while (leaves.length < options.leaves) {
      const best = bestOf(leaves);
      if (best === undefined) break;
      leaves.splice(leaves.indexOf(best), 1, ...this.#splitLeaf(best, leaves.length));
    }
    for (const leaf of leaves) this.#finish(leaf);
  }

  model(features: readonly string[], base: number): TreeModel {
    const out = this.#out;
    return {
      features,
      objective: "binary",
      base,
      roots: Int32Array.from(this.#roots),
      feature: Int32Array.from(out.feature),
      threshold: Float32Array.from(out.threshold),
      left: Int32Array.from(out.left),
      right: Int32Array.from(out.right),
      missingLeft: Uint8Array.from(out.missingLeft),
      value: Float32Array.from(out.value),
      gain: Float32Array.from(out.gain),
    };
  }

  #root(): Leaf {
    const { order, gradients, rows, control } = this.#shared;
    let [gradient, hessian] = [0, 0];
    for (let row = 0; row < rows; row += 1) {
      order[row] = row;
      gradient += gradients[2 * row] as number;
      hessian += gradients[2 * row + 1] as number;
    }
    control[HAS_LARGE] = 0;
    this.#histograms({ start: 0, end: rows, small: 0, large: 0 });
    const node = this.#node();
    this.#roots.push(node);
    return { node, start: 0, end: rows, slot: 0, gradient, hessian, split: this.#best(0) };
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
    this.#together(DO_HISTOGRAMS);
  }

  /** The best of what the threads found; of equal gains the feature that comes first, whoever holds it. */
  #best(leaf: 0 | 1): Split | undefined {
    const { found, features } = this.#shared;
    let best: Split | undefined;
    for (let thread = 0; thread < features.length; thread += 1) {
      const base = foundAt(thread, leaf);
      const gain = found[base + FOUND.gain] as number;
      const feature = found[base + FOUND.feature] as number;
      if (gain <= 0 || (best !== undefined && (gain < best.gain || (gain === best.gain && feature > best.feature))))
        continue;
      best = {
        gain,
        feature,
        bin: found[base + FOUND.bin] as number,
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
    this.#branch(leaf.node, { split, left, right });
    return [
      {
        node: left,
        start: leaf.start,
        end: middle,
        slot: leftSmall ? freeSlot : leaf.slot,
        gradient: split.leftGradient,
        hessian: split.leftHessian,
        split: this.#best(leftSmall ? 0 : 1),
      },
      {
        node: right,
        start: middle,
        end: leaf.end,
        slot: leftSmall ? leaf.slot : freeSlot,
        gradient: leaf.gradient - split.leftGradient,
        hessian: leaf.hessian - split.leftHessian,
        split: this.#best(leftSmall ? 1 : 0),
      },
    ];
  }

  /** Puts the rows that go left before those that go right, each in their order. Returns where the right ones begin. */
  #partition({ start, end }: Leaf, { feature, bin, missingLeft }: Split): number {
    const { order, features, blocks } = this.#shared;
    const thread = features.findIndex((own) => own.includes(feature));
    const own = features[thread] as readonly number[];
    const [block, width, at] = [blocks[thread] as Uint8Array, own.length, own.indexOf(feature)];
    const spare = this.#spare;
    let [left, right] = [start, 0];
    for (let index = start; index < end; index += 1) {
      const row = order[index] as number;
      const value = block[row * width + at] as number;
      const goesLeft = value === 0 ? missingLeft : value <= bin;
      if (goesLeft) order[left++] = row;
      else spare[right++] = row;
    }
    order.set(spare.subarray(0, right), left);
    return left;
  }

  #node(): number {
    const out = this.#out;
    const node = out.left.length;
    for (const column of Object.values(out)) column.push(0);
    out.left[node] = -1;
    out.right[node] = -1;
    return node;
  }

  #branch(
    node: number,
    { split, left, right }: { readonly split: Split; readonly left: number; readonly right: number },
  ): void {
    const out = this.#out;
    out.feature[node] = split.feature;
    out.threshold[node] = this.#shared.thresholds[split.feature]?.[split.bin] ?? 0;
    out.left[node] = left;
    out.right[node] = right;
    out.missingLeft[node] = split.missingLeft ? 1 : 0;
    out.gain[node] = split.gain;
  }

  #finish({ node, start, end, gradient, hessian }: Leaf): void {
    const { options, order, scores } = this.#shared;
    const value = Math.fround((-gradient / (hessian + options.lambda)) * options.learningRate);
    this.#out.value[node] = value;
    for (let index = start; index < end; index += 1) {
      const row = order[index] as number;
      scores[row] = (scores[row] as number) + value;
    }
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
