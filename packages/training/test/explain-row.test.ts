import { describe, expect, test } from "vitest";
import { silentProgress } from "@millwright/kernel";
import { gradientBoosting, trainModel, type Objective, type TrainingMatrix, type TreeModel } from "../src/index.ts";
import { createExplainer } from "../src/model/explain-row.ts";
import { outputSum } from "../src/model/score-rows.ts";
import { goesLeft } from "../src/model/tree-model.ts";

const ROWS = 600;
const FEATURES = ["a", "b", "kind", "c"];

/** Two numbers that count together, a kind, and one that says nothing; all missing now and then. */
function matrix(objective: Objective): TrainingMatrix {
  let state = 3;
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const floats = () => new Float32Array(new SharedArrayBuffer(ROWS * 4));
  const columns = FEATURES.map(floats);
  const labels = floats();
  const [a, b, kind] = columns;
  for (let row = 0; row < ROWS; row += 1) {
    columns.forEach((column, place) => {
      const value = place === 2 ? Math.floor(random() * 7) : random() * 4 - 2;
      column[row] = random() < 0.15 ? Number.NaN : value;
    });
    const number = (a?.[row] || 0) * (b?.[row] || 1) + ((kind?.[row] ?? 0) % 2 || 0);
    labels[row] = objective === "squared" ? number : Math.min(2, Math.max(0, Math.round(number + 1)));
  }
  const categories = { kind: ["u", "v", "w", "x", "y", "z", "ä"] };
  const classes = objective === "softmax" ? { classes: ["low", "middle", "high"] } : {};
  return { features: FEATURES, rows: ROWS, columns, labels, categories, ...classes };
}

/** What an output would be, with some features known: a branch that asks for another goes both ways, by its rows. */
function expectation(
  model: TreeModel,
  row: Float32Array,
  known: { readonly features: number; readonly output: number },
): number {
  const visit = (node: number): number => {
    const [left, right] = [model.left[node] ?? -1, model.right[node] ?? -1];
    if (left < 0) return model.value[node] ?? 0;
    const feature = model.feature[node] ?? 0;
    if ((known.features >> feature) & 1) return visit(goesLeft(model, node, row[feature] ?? 0) ? left : right);
    const share = (model.cover[left] ?? 0) / (model.cover[node] ?? 1);
    return share * visit(left) + (1 - share) * visit(right);
  };
  const own = Array.from(model.roots).filter((_root, tree) => tree % model.bases.length === known.output);
  return own.reduce((sum, root) => sum + visit(root), model.bases[known.output] ?? 0);
}

/** By the definition: a feature's mean gain over all orders in which the features become known. */
function bruteForce(model: TreeModel, row: Float32Array, output: number): readonly number[] {
  const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1));
  const count = FEATURES.length;
  return FEATURES.map((_name, feature) => {
    let sum = 0;
    for (let subset = 0; subset < 1 << count; subset += 1) {
      if ((subset >> feature) & 1) continue;
      const size = FEATURES.filter((_other, place) => (subset >> place) & 1).length;
      const share = (factorial(size) * factorial(count - size - 1)) / factorial(count);
      const [without, withIt] = [subset, subset | (1 << feature)].map((features) =>
        expectation(model, row, { features, output }),
      );
      sum += share * ((withIt ?? 0) - (without ?? 0));
    }
    return sum;
  });
}

describe.each(["squared", "softmax"] as const)("an explanation of %s", (objective) => {
  const data = matrix(objective);
  const trainer = gradientBoosting({ objective, trees: 6, leaves: 12, minDataInLeaf: 5, maxCategoriesToOneHot: 3 });
  const rowsOf = (row: number) => Float32Array.from(data.columns, (column) => column[row] ?? 0);

  test("is Shapley's, by the definition, and adds up to the row's sum", async () => {
    const model = await trainModel(data, { trainer, threads: 1, progress: silentProgress });
    expect(model.sets.length).toBeGreaterThan(0);
    for (const output of model.bases.keys()) {
      const explain = createExplainer(model, output);
      for (let row = 0; row < ROWS; row += 97) {
        const place = { row: rowsOf(row), offset: 0 };
        const { expected, contributions } = explain(place);
        const wanted = bruteForce(model, place.row, output);
        contributions.forEach((contribution, feature) => expect(contribution).toBeCloseTo(wanted[feature] ?? 0, 9));
        expect(expected).toBeCloseTo(expectation(model, place.row, { features: 0, output }), 9);
        const sum = contributions.reduce((all, one) => all + one, expected);
        expect(sum).toBeCloseTo(outputSum(model, place, output), 5);
      }
    }
  });
});
