import { expect, test } from "vitest";
import { exportOnnx, scoreColumns } from "../src/index.ts";
import type { TreeModel } from "../src/model/tree-model.ts";
import { verifyExport } from "../src/onnx/verify-export.ts";

/** One split: a missing or a small value is 1, any other -1. */
const model: TreeModel = {
  features: ["a"],
  objective: "binary",
  classes: [],
  categories: {},
  bases: [0],
  roots: Int32Array.of(0),
  feature: Int32Array.of(0, 0, 0),
  threshold: Float32Array.of(0.5, 0, 0),
  set: Int32Array.of(-1, -1, -1),
  sets: new Uint32Array(),
  left: Int32Array.of(1, -1, -1),
  right: Int32Array.of(2, -1, -1),
  missingLeft: Uint8Array.of(1, 0, 0),
  value: Float32Array.of(0, 1, -1),
  gain: Float32Array.of(1, 0, 0),
  cover: Float32Array.of(2, 1, 1),
};
const columns = [Float32Array.of(0, 0.5, Number.NaN, 2)];
const answers = scoreColumns(model, columns, { from: 0, to: 4 });

test("an export that answers as the trainer does is taken", async () => {
  expect(await verifyExport(await exportOnnx(model), { columns, answers, rows: 4 })).toBeLessThan(1e-6);
});

test("one that treats a missing value otherwise is refused, with the row", async () => {
  const other = await exportOnnx({ ...model, missingLeft: Uint8Array.of(0, 0, 0) });
  await expect(verifyExport(other, { columns, answers, rows: 4 })).rejects.toMatchObject({
    code: "training/export-differs",
    because: expect.stringContaining("of row 2") as string,
  });
});
