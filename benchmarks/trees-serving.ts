import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentProgress } from "@millwright/kernel";
import { openOnnxModel } from "@millwright/serving/adapters/onnx-model";
import { openTreeModel } from "@millwright/serving/adapters/tree-model";
import type { InferenceModel } from "@millwright/serving/inference";
import { encodeModel, exportOnnx, gradientBoosting, trainModel, type TreeModel } from "@millwright/training";
import type { BenchResult } from "./bench-result.ts";

const TREES = 100;
const FEATURES = 32;
const ROWS = 4_096;
const ROUNDS = 9;
/** Of every so many values one is missing, in the second half of the figures. */
const MISSING_EVERY = 20;

/** The same trees asked natively and by ONNX Runtime: 100 of 31 leaves over 32 features, rows at a time. */
export async function run(): Promise<readonly BenchResult[]> {
  const folder = mkdtempSync(join(tmpdir(), "mill-trees-serving-"));
  try {
    const model = await train();
    writeFileSync(join(folder, "model.mwt"), encodeModel(model));
    writeFileSync(join(folder, "model.onnx"), await exportOnnx(model));
    const native = await openTreeModel(join(folder, "model.mwt"), {});
    const onnx = await openOnnxModel(join(folder, "model.onnx"), {});
    const results: BenchResult[] = [];
    for (const missing of [false, true])
      for (const at of [1, 64, 1_024]) results.push(await compared({ native, onnx }, { at, missing }));
    await Promise.all([native.close(), onnx.close()]);
    return results;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A seeded sequence of numbers from -2 to 2 (a linear congruential generator). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.fround((state / 2 ** 32) * 4 - 2);
  };
}

function train(): Promise<TreeModel> {
  const rows = 20_000;
  const next = numbers(3);
  const shared = () => new Float32Array(new SharedArrayBuffer(rows * 4));
  const columns = Array.from({ length: FEATURES }, () => {
    const column = shared();
    for (let row = 0; row < rows; row += 1) column[row] = next();
    return column;
  });
  const labels = shared();
  for (let row = 0; row < rows; row += 1) {
    const [a = 0, b = 0, c = 0, d = 0] = columns.slice(0, 4).map((column) => column[row] as number);
    labels[row] = a + b * c + Math.sin(3 * d) + next() > 0 ? 1 : 0;
  }
  const features = columns.map((_, at) => `f${at}`);
  const trainer = gradientBoosting({ trees: TREES, leaves: 31 });
  return trainModel({ features, rows, columns, labels }, { trainer, threads: 1, progress: silentProgress });
}

async function compared(
  { native, onnx }: { readonly native: InferenceModel; readonly onnx: InferenceModel },
  { at, missing }: { readonly at: number; readonly missing: boolean },
): Promise<BenchResult> {
  const next = numbers(7);
  const values = Float32Array.from({ length: ROWS * FEATURES }, (_, place) =>
    missing && place % MISSING_EVERY === 0 ? Number.NaN : next(),
  );
  const value = await microsecondsOf(native, { values, at });
  const peer = await microsecondsOf(onnx, { values, at });
  const name = `${at === 1 ? "a row" : `${at} rows`} at a time${missing ? ", some values missing" : ""}: processor time a row`;
  return { name, value, unit: "µs", peer: { name: "ONNX Runtime", value: peer } };
}

/** Of some rounds the least; what else runs on the machine only adds. */
async function microsecondsOf(
  model: InferenceModel,
  { values, at }: { readonly values: Float32Array; readonly at: number },
): Promise<number> {
  const [input] = model.inputs;
  const [output] = model.outputs;
  if (input === undefined || output === undefined) throw new Error("the model has no tensors");
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = process.cpuUsage();
    for (let row = 0; row < ROWS; row += at) {
      const data = values.subarray(row * FEATURES, (row + at) * FEATURES);
      await model.infer([{ name: input.name, datatype: "FP32", shape: [at, FEATURES], data }], [output.name]);
    }
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / ROWS);
  }
  return least;
}
