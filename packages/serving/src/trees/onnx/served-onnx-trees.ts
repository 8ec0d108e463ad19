import type { InferenceModel } from "../../inference/ports.ts";
import type { TensorSpec } from "../../inference/tensor.ts";
import type { ModelThreads } from "../../threads/model-threads.ts";
import { isShared, sharedFloats, sumCompactOnThreads } from "../../threads/row-threads.ts";
import { sumCompact, type CompactTrees } from "./compact-trees.ts";
import type { OnnxValue } from "./onnx-graph.ts";
import type { OnnxTrees } from "./onnx-trees.ts";

/** So many rows are scored without a break; then others have their turn. */
const ROWS_AT_ONCE = 1_024;

/** Serves the trees of a file of ONNX by the graph's own input and output, with the answers of ONNX Runtime to the bit. */
export function servedOnnxTrees({ input, output, trees }: OnnxTrees, threads?: ModelThreads): InferenceModel {
  return {
    platform: "onnxruntime_onnx",
    backend: "millwright",
    inputs: [specOf(input)],
    outputs: [specOf(output)],
    bytes: bytesOf(trees),
    infer: async ([given], wanted) => {
      if (given === undefined) throw new Error("there is no input");
      const rows = given.shape[0] ?? 0;
      const values = given.data as Float32Array;
      const sums = isShared(threads, rows * trees.outputOf.length)
        ? await onThreads(threads, { trees, values, rows })
        : await byTurns({ trees, values, rows });
      return wanted.map((name) => ({ name, datatype: "FP32", shape: [rows, trees.outputs], data: sums }));
    },
    close: async () => {},
  };
}

interface Asked {
  readonly trees: CompactTrees;
  readonly values: Float32Array;
  readonly rows: number;
}

async function onThreads(threads: ModelThreads, { trees, values, rows }: Asked): Promise<Float32Array> {
  const shared = sharedFloats(values.length);
  shared.set(values);
  return sumCompactOnThreads(threads, { trees, values: shared, rows });
}

async function byTurns({ trees, values, rows }: Asked): Promise<Float32Array> {
  const sums = new Float32Array(rows * trees.outputs);
  for (let from = 0; from < rows; from += ROWS_AT_ONCE) {
    if (from > 0) await new Promise((resolve) => setImmediate(resolve));
    sumCompact(trees, { values, sums, from, to: Math.min(from + ROWS_AT_ONCE, rows) });
  }
  return sums;
}

function specOf({ name, dimensions = [] }: OnnxValue): TensorSpec {
  return {
    name,
    datatype: "FP32",
    shape: dimensions.map((size) => (typeof size === "number" ? size : -1)),
    dimensionNames: dimensions.map((size) => (typeof size === "string" ? size : undefined)),
  };
}

function bytesOf(trees: CompactTrees): number {
  return trees.thresholds.buffer.byteLength;
}
