import { explainTrees } from "@millwright/training/serving";
import type { Rows } from "./sum-trees.ts";
import { goesLeft } from "./sum-trees.ts";
import type { TreeEnsemble } from "./tree-ensemble.ts";

/**
 * Makes explanations of an ensemble: of each row what every feature adds to each output's sum, and last what the sum is on
 * average: [rows, outputs, features + 1]. They add up to the sum. Throws an `Error` for trees that cannot be explained.
 */
export function createContributions(ensemble: TreeEnsemble): (rows: Rows) => Float64Array {
  const whyNot = notExplainable(ensemble);
  if (whyNot !== undefined) throw new Error(whyNot);
  const { outputs } = ensemble;
  const width = ensemble.features.length;
  const nodes = nodesOf(ensemble);
  const explainers = Array.from({ length: outputs }, (_, output) => {
    const roots = Array.from(ensemble.roots).filter((_root, tree) => ensemble.outputOf[tree] === output);
    return explainTrees({ ...nodes, roots, base: ensemble.bases[output] as number });
  });
  return ({ values, count }) => {
    const found = new Float64Array(count * outputs * (width + 1));
    let at = 0;
    for (let row = 0; row < count; row += 1)
      for (const explain of explainers) {
        const { expected, contributions } = explain({ row: values, offset: row * width });
        found.set(contributions, at);
        found[at + width] = expected;
        at += width + 1;
      }
    return found;
  };
}

/** Of so many splits a way takes a megabyte. */
const DEPTH_MAX = 256;

/** Why an ensemble cannot be explained; undefined where it can. */
export function notExplainable({ linear, cover, depth }: TreeEnsemble): string | undefined {
  if (linear !== undefined) return "its leaves are linear models, whose contributions are not computed";
  if (depth > DEPTH_MAX) return `its trees are ${depth} splits deep; up to ${DEPTH_MAX} are explained`;
  return cover.length === 0 ? "its file does not say how many rows its nodes had" : undefined;
}

/** What all outputs' explainers read. */
function nodesOf(ensemble: TreeEnsemble) {
  const { links, cover } = ensemble;
  const left = Int32Array.from(cover, (_, node) => links[node * 4 + 2] as number);
  return {
    left,
    right: left.map((child) => child + 1),
    feature: left.map((_, node) => links[node * 4 + 3] as number),
    value: leafValues(ensemble),
    cover,
    features: ensemble.features.length,
    goesLeft: (node: number, value: number) => goesLeft(ensemble, node, value),
  };
}

/** What the leaves add: their values, times what their tree counts. */
function leafValues({ nodes, roots, weights, rule }: TreeEnsemble): Float64Array {
  const value = Float64Array.from(rule, (_, node) => nodes[node * 2] as number);
  for (const [tree, root] of weights === undefined ? [] : roots.entries())
    for (let node = root; node < (roots[tree + 1] ?? rule.length); node += 1)
      value[node] = (value[node] as number) * (weights?.[tree] as number);
  return value;
}
