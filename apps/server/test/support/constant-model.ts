import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { exportOnnx, type TreeModel } from "@millwright/training";

/** Answers every row with a number of its own. */
function constant(value: number): TreeModel {
  return {
    features: ["distance"],
    objective: "squared",
    classes: [],
    categories: {},
    bases: [value],
    roots: Int32Array.of(0),
    feature: Int32Array.of(0),
    threshold: Float32Array.of(0),
    set: Int32Array.of(-1),
    sets: new Uint32Array(),
    left: Int32Array.of(-1),
    right: Int32Array.of(-1),
    missingLeft: Uint8Array.of(0),
    value: Float32Array.of(0),
    gain: Float32Array.of(0),
    cover: Float32Array.of(1),
  };
}

/** Puts a version of a model into a folder of models, whole: it answers every row with one number. */
export async function addConstant(
  folder: string,
  { name, value, version = 1 }: { readonly name: string; readonly value: number; readonly version?: number },
): Promise<void> {
  const place = join(folder, name, String(version));
  mkdirSync(`${place}.new`, { recursive: true });
  writeFileSync(join(`${place}.new`, "model.onnx"), await exportOnnx(constant(value)));
  renameSync(`${place}.new`, place);
}

/** What such a model is asked. */
export const ROW = JSON.stringify({
  id: "7",
  inputs: [{ name: "features", datatype: "FP32", shape: [1, 1], data: [1] }],
});
