import { describe, expect, test } from "vitest";
import { silentProgress } from "@millwright/kernel";
import {
  decodeModel,
  encodeModel,
  exportOnnx,
  gradientBoosting,
  scoreColumns,
  trainModel,
  type TrainingMatrix,
} from "../src/index.ts";
import { verifyExport } from "../src/onnx/verify-export.ts";

const ROWS = 4_000;

/** A number that a category's place has nothing to do with, some categories missing; beside it a plain number. */
function matrix(categories: number): TrainingMatrix {
  let state = 5;
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const effects = Array.from({ length: categories }, () => (random() < 0.5 ? 10 : -10));
  const floats = () => new Float32Array(new SharedArrayBuffer(ROWS * 4));
  const [kind, amount, labels] = [floats(), floats(), floats()];
  for (let row = 0; row < ROWS; row += 1) {
    const place = Math.floor(random() * categories);
    const isMissing = random() < 0.1;
    kind[row] = isMissing ? Number.NaN : place;
    amount[row] = random();
    labels[row] = (isMissing ? 10 : (effects[place] ?? 0)) + (amount[row] ?? 0) + random();
  }
  const names = Array.from({ length: categories }, (_, place) => `kind ${place}`);
  return { features: ["kind", "amount"], rows: ROWS, columns: [kind, amount], labels, categories: { kind: names } };
}

const trainer = gradientBoosting({ objective: "squared", trees: 10, leaves: 4, minDataInLeaf: 20, learningRate: 0.4 });
const fit = (data: TrainingMatrix, threads = 2) => trainModel(data, { trainer, threads, progress: silentProgress });

describe.each([3, 200])("a feature of %i categories", (categories) => {
  const data = matrix(categories);

  test("is split into groups: few leaves tell what an order of places would need many for", async () => {
    const model = decodeModel(encodeModel(await fit(data)));
    const answers = scoreColumns(model, data.columns, { from: 0, to: ROWS });
    const error = (values: Float32Array) =>
      Math.sqrt(values.reduce((sum, value, row) => sum + (value - (data.labels[row] ?? 0)) ** 2, 0) / ROWS);
    const ordered = await fit({ ...data, categories: {} });
    expect(error(answers)).toBeLessThan(categories === 200 ? 2 : 1);
    if (categories > 3)
      expect(error(scoreColumns(ordered, data.columns, { from: 0, to: ROWS }))).toBeGreaterThan(3 * error(answers));
    expect(await verifyExport(await exportOnnx(model), { ...data, answers })).toBeLessThan(1e-6);
  });

  test("gives the same model with any number of threads", async () => {
    expect(encodeModel(await fit(data, 1))).toEqual(encodeModel(await fit(data, 2)));
  });
});

test("missing is learned from as a value of its own", async () => {
  const data = matrix(3);
  const model = await fit(data);
  const columns = [Float32Array.of(Number.NaN), Float32Array.of(0.5)];
  const [missing = 0] = scoreColumns(model, columns, { from: 0, to: 1 });
  expect(missing).toBeGreaterThan(9);
});
