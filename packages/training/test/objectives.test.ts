import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { silentProgress } from "@millwright/kernel";
import {
  decodeModel,
  encodeModel,
  exportOnnx,
  gradientBoosting,
  scoreColumns,
  trainModel,
  type GradientBoosting,
  type Objective,
  type TrainingMatrix,
} from "../src/index.ts";
import { metricsOf } from "../src/judgement/judge-part.ts";
import { verifyExport } from "../src/onnx/verify-export.ts";

const ROWS = 2_000;
const CLASSES = ["high", "low", "middle"];

/** Rows whose number, class or yes follows the first two features, some values missing; the same rows for a seed. */
function matrix(objective: Objective, rows = ROWS, seed = 7): TrainingMatrix {
  let state = seed;
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const floats = () => new Float32Array(new SharedArrayBuffer(rows * 4));
  const columns = [floats(), floats(), floats()];
  const labels = floats();
  for (let row = 0; row < rows; row += 1) {
    for (const column of columns) column[row] = random() < 0.1 ? Number.NaN : Math.round(random() * 40);
    const [a = Number.NaN, b = Number.NaN] = [columns[0]?.[row], columns[1]?.[row]];
    const number = (Number.isNaN(a) ? 30 : a) - (Number.isNaN(b) ? 0 : b) + 8 * random();
    labels[row] = objective === "squared" ? number : objective === "binary" ? Number(number > 0) : classOf(number);
  }
  return { features: ["a", "b", "c"], rows, columns, labels, ...(objective === "softmax" ? { classes: CLASSES } : {}) };
}

function classOf(number: number): number {
  if (number > 15) return 0;
  return number < -5 ? 1 : 2;
}

const settings = { trees: 10, leaves: 15, minDataInLeaf: 10, learningRate: 0.3 };

function fit(data: TrainingMatrix, options: Partial<GradientBoosting>, threads = 2) {
  const trainer = gradientBoosting({ ...settings, ...options });
  return trainModel(data, { trainer, threads, progress: silentProgress });
}

const answersOf = (model: Awaited<ReturnType<typeof fit>>, { columns, rows }: TrainingMatrix) =>
  scoreColumns(model, columns, { from: 0, to: rows });

describe.each(["squared", "softmax"] as const)("the objective %s", (objective) => {
  const data = matrix(objective);

  test("is the same model with one, two and three threads, and answers the same in ONNX", async () => {
    const models = await Promise.all([1, 2, 3].map((threads) => fit(data, { objective }, threads)));
    const hashes = models.map((model) => createHash("sha256").update(encodeModel(model)).digest("hex"));
    expect(new Set(hashes).size).toBe(1);
    const model = decodeModel(encodeModel(models[0] ?? (await fit(data, { objective }))));
    expect(model.roots).toHaveLength(objective === "softmax" ? 30 : 10);
    const answers = answersOf(model, data);
    expect(await verifyExport(await exportOnnx(model), { ...data, answers })).toBeLessThan(1e-6);
  });

  test("learns far more than a constant", async () => {
    const model = await fit(data, { objective });
    const part = { objective, classes: CLASSES, labels: data.labels, predictions: answersOf(model, data) };
    const metrics = metricsOf(part, null);
    if (objective === "squared") expect(metrics.r2).toBeGreaterThan(0.9);
    else expect(metrics.accuracy).toBeGreaterThan(0.85);
  });

  test("stops early by its own loss", async () => {
    const trainer = gradientBoosting({ ...settings, objective, trees: 60, earlyStopping: 3 });
    const held = { trainer, progress: silentProgress, validation: matrix(objective, 500, 8) };
    const [one, three] = await Promise.all([1, 3].map((threads) => trainModel(data, { ...held, threads })));
    expect(one?.roots.length).toBeLessThan(objective === "softmax" ? 180 : 60);
    expect(encodeModel(one ?? (await fit(data, {})))).toEqual(encodeModel(three ?? (await fit(data, {}))));
  });
});

test.each(["binary", "squared", "softmax"] as const)(
  "a row of weight 2 is learned as that row twice: %s",
  async (objective) => {
    const data = matrix(objective, 400);
    const isHeavy = (row: number) => row % 3 === 0;
    const weights = new Float32Array(new SharedArrayBuffer(data.rows * 4)).map((_weight, row) =>
      isHeavy(row) ? 2 : 1,
    );
    const rows = Array.from({ length: data.rows }, (_row, row) => (isHeavy(row) ? [row, row] : [row])).flat();
    const repeat = (column: Float32Array) => Float32Array.from(rows, (row) => column[row] ?? Number.NaN);
    const twice = { ...data, rows: rows.length, columns: data.columns.map(repeat), labels: repeat(data.labels) };
    const options = { objective, minDataInLeaf: 0, leaves: 6, trees: 5 };
    const weighted = answersOf(await fit({ ...data, weights }, options), data);
    const repeated = answersOf(await fit(twice, options), data);
    const unweighted = answersOf(await fit(data, options), data);
    const worst = (others: Float32Array) =>
      weighted.reduce((most, answer, at) => Math.max(most, Math.abs(answer - (others[at] ?? Number.NaN))), 0);
    expect(worst(repeated)).toBeLessThan(1e-5);
    expect(worst(unweighted)).toBeGreaterThan(1e-3);
  },
);

test("labels that do not suit, and weights that are none, are refused", async () => {
  const numbers = matrix("squared", 50);
  await expect(fit(numbers, {})).rejects.toMatchObject({ code: "training/label-not-binary" });
  await expect(fit({ ...numbers, classes: CLASSES }, { objective: "softmax" })).rejects.toMatchObject({
    code: "training/wrong-label",
  });
  await expect(fit({ ...numbers, weights: new Float32Array(50) }, { objective: "squared" })).rejects.toMatchObject({
    code: "training/wrong-weight",
  });
});
