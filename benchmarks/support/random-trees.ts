import type { TreeModel } from "@millwright/training";

const LEAVES = 32;

/** Full trees of pseudo-random splits: as deep for every row. */
export function randomTrees({
  seed,
  trees,
  features,
}: {
  readonly seed: number;
  readonly trees: number;
  readonly features: number;
}): TreeModel {
  const inner = LEAVES - 1;
  const nodes = trees * (LEAVES + inner);
  let state = seed;
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const place = (make: (node: number, tree: number) => number) =>
    Array.from({ length: nodes }, (_, at) => make(at % (LEAVES + inner), Math.floor(at / (LEAVES + inner))));
  const child = (side: number) => (node: number, tree: number) =>
    node < inner ? tree * (LEAVES + inner) + 2 * node + side : -1;
  return {
    features: Array.from({ length: features }, (_, at) => `f${at}`),
    objective: "squared",
    classes: [],
    categories: {},
    bases: [0],
    roots: Int32Array.from({ length: trees }, (_, tree) => tree * (LEAVES + inner)),
    feature: Int32Array.from(place((node) => (node < inner ? Math.floor(random() * features) : 0))),
    threshold: Float32Array.from(place((node) => (node < inner ? random() * 20 - 10 : 0))),
    set: Int32Array.from(place(() => -1)),
    sets: new Uint32Array(),
    left: Int32Array.from(place(child(1))),
    right: Int32Array.from(place(child(2))),
    missingLeft: new Uint8Array(nodes),
    value: Float32Array.from(place((node) => (node < inner ? 0 : random() - 0.5))),
    gain: new Float32Array(nodes),
    cover: new Float32Array(nodes),
  };
}
