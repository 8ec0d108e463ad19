import { createHash } from "node:crypto";
import * as onnx from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import { silentProgress } from "@millwright/kernel";
import {
  createExplainer,
  decodeModel,
  encodeModel,
  exportOnnx,
  gradientBoosting,
  scoreColumns,
  scoreMetrics,
  scoreRow,
  trainModel,
  type TrainingMatrix,
} from "../src/index.ts";

/** Rows whose label follows the first two features, some values missing; the same rows each time. */
function matrix(rows: number): TrainingMatrix {
  let state = 42;
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const columns = Array.from({ length: 5 }, () => new Float32Array(new SharedArrayBuffer(rows * 4)));
  const labels = new Float32Array(new SharedArrayBuffer(rows * 4));
  for (let row = 0; row < rows; row += 1) {
    for (const column of columns) column[row] = random() < 0.1 ? Number.NaN : random() * 10 - 5;
    const [a = Number.NaN, b = Number.NaN] = [columns[0]?.[row], columns[1]?.[row]];
    const odds = (Number.isNaN(a) ? 1.5 : a) - (Number.isNaN(b) ? 0 : b * b) / 5;
    labels[row] = random() < 1 / (1 + Math.exp(-odds)) ? 1 : 0;
  }
  return { features: ["a", "b", "c", "d", "e"], rows, columns, labels };
}

const trainer = gradientBoosting({ trees: 20, leaves: 15, minDataInLeaf: 20 });
const train = (data: TrainingMatrix, threads: number) =>
  trainModel(data, { trainer, threads, progress: silentProgress });

describe("gradient boosting", () => {
  test("is the same model with one, two and three threads", async () => {
    const data = matrix(5_000);
    const hashes = await Promise.all(
      [1, 2, 3].map(async (threads) =>
        createHash("sha256")
          .update(encodeModel(await train(data, threads)))
          .digest("hex"),
      ),
    );
    expect(new Set(hashes).size).toBe(1);
  });

  test("learns: it ranks rows it has seen far better than a constant", async () => {
    const data = matrix(5_000);
    const metrics = scoreMetrics(
      data.labels,
      scoreColumns(await train(data, 2), data.columns, { from: 0, to: data.rows }),
    );
    expect(metrics.auc).toBeGreaterThan(0.85);
    expect(metrics.calibration_error).toBeLessThan(0.1);
  });

  test("stops early at the number of trees that is best on the validation rows, with any number of threads", async () => {
    const all = matrix(8_000);
    const part = (from: number, to: number): TrainingMatrix => ({
      ...all,
      rows: to - from,
      columns: all.columns.map((column) => column.subarray(from, to)),
      labels: all.labels.subarray(from, to),
    });
    const [data, validation] = [part(0, 3_000), part(3_000, 8_000)];
    const settings = { trees: 120, leaves: 31, minDataInLeaf: 5, learningRate: 0.3 };
    const fit = (threads: number, earlyStopping?: number) => {
      const options = gradientBoosting({ ...settings, ...(earlyStopping === undefined ? {} : { earlyStopping }) });
      return trainModel(data, { trainer: options, threads, progress: silentProgress, validation });
    };
    const [one, three, whole] = await Promise.all([fit(1, 10), fit(3, 10), fit(2)]);
    expect(encodeModel(one)).toEqual(encodeModel(three));
    expect(whole.roots).toHaveLength(120);
    const losses = Array.from(whole.roots, (_root, tree) => {
      const model = { ...whole, roots: whole.roots.slice(0, tree + 1) };
      return (
        scoreMetrics(validation.labels, scoreColumns(model, validation.columns, { from: 0, to: 5_000 })).log_loss ??
        Number.NaN
      );
    });
    const kept = one.roots.length;
    expect(kept).toBeLessThan(60);
    expect(losses.slice(0, kept + 10).indexOf(Math.min(...losses.slice(0, kept + 10)))).toBe(kept - 1);
    expect(Array.from(one.value)).toEqual(Array.from(whole.value.subarray(0, one.value.length)));
    await expect(
      trainModel(data, { trainer: gradientBoosting({ earlyStopping: 5 }), threads: 1, progress: silentProgress }),
    ).rejects.toMatchObject({ code: "training/no-rows" });
  });

  test("exports ONNX whose answers are the trainer's on every row", async () => {
    const data = matrix(4_000);
    const model = await train(data, 2);
    const ours = scoreColumns(model, data.columns, { from: 0, to: data.rows });
    const session = await onnx.InferenceSession.create(await exportOnnx(model), { intraOpNumThreads: 1 });
    const features = new Float32Array(data.rows * data.columns.length);
    data.columns.forEach((column, f) =>
      column.forEach((value, row) => (features[row * data.columns.length + f] = value)),
    );
    const answers = await session.run({
      features: new onnx.Tensor("float32", features, [data.rows, data.columns.length]),
    });
    const theirs = answers["probability"]?.data as Float32Array;
    let worst = 0;
    ours.forEach((value, row) => (worst = Math.max(worst, Math.abs(value - (theirs[row] ?? 0)))));
    expect(worst).toBeLessThanOrEqual(1e-6);
  });

  test.each([15, 40])("answers many rows, bit for bit, as it answers one: trees of %i leaves", async (leaves) => {
    const data = matrix(3_000);
    const trainer = gradientBoosting({ trees: 6, leaves, minDataInLeaf: 5 });
    const model = await trainModel(data, { trainer, threads: 1, progress: silentProgress });
    const many = scoreColumns(model, data.columns, { from: 100, to: data.rows });
    const one = (row: number) =>
      scoreRow(
        model,
        Float32Array.from(data.columns, (column) => column[row] ?? Number.NaN),
      );
    expect(many).toEqual(Float32Array.from(many, (_answer, index) => one(100 + index)));
  });

  test("a model file with one byte changed is refused", async () => {
    const bytes = encodeModel(await train(matrix(500), 1));
    expect(decodeModel(bytes).features).toEqual(["a", "b", "c", "d", "e"]);
    for (const at of [0, 10, 100, bytes.length - 1]) {
      const broken = Uint8Array.from(bytes);
      broken[at] = (broken[at] ?? 0) ^ 1;
      expect(() => decodeModel(broken)).toThrow(expect.objectContaining({ code: "training/corrupt-model" }));
    }
  });
});

describe("metrics", () => {
  test("the AUC is the share of pairs in the right order, ties half", () => {
    const labels = Float32Array.from([0, 1, 0, 1, 1, 0, 1, 0]);
    const probabilities = Float32Array.from([0.1, 0.9, 0.4, 0.4, 0.8, 0.8, 0.3, 0.2]);
    let pairs = 0;
    let right = 0;
    labels.forEach((a, i) =>
      labels.forEach((b, j) => {
        if (a !== 1 || b !== 0) return;
        pairs += 1;
        const [p = 0, q = 0] = [probabilities[i], probabilities[j]];
        right += p > q ? 1 : p === q ? 0.5 : 0;
      }),
    );
    expect(scoreMetrics(labels, probabilities).auc).toBeCloseTo(right / pairs, 12);
  });
});

describe("a model file of the first format", () => {
  test("is read, answers as before, and is told not to hold what an explanation needs", async () => {
    const model = await train(matrix(500), 1);
    const arrays = ["roots", "feature", "threshold", "left", "right", "value", "gain", "missingLeft"] as const;
    const lengths = Object.fromEntries(arrays.map((name) => [name, model[name].length]));
    const head = { features: model.features, objective: "binary", base: model.bases[0], lengths };
    const json = Buffer.from(JSON.stringify(head));
    const size = Buffer.alloc(4);
    size.writeUInt32LE(json.length);
    const parts = arrays.map((name) => Buffer.from(model[name].buffer, model[name].byteOffset, model[name].byteLength));
    const body = Buffer.concat([Buffer.from("MWTREE01"), size, json, ...parts]);
    const old = decodeModel(Buffer.concat([body, createHash("sha256").update(body).digest()]));
    const { columns, rows } = matrix(500);
    expect(scoreColumns(old, columns, { from: 0, to: rows })).toEqual(
      scoreColumns(model, columns, { from: 0, to: rows }),
    );
    expect(() => createExplainer(old)).toThrow(expect.objectContaining({ code: "training/not-explainable" }));
  });
});
