import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "@millwright/kernel";
import { exportOnnx, scoreRow, type TreeModel } from "@millwright/training";
import { afterAll, beforeAll, expect, test } from "vitest";
import { serveFolder, type FolderServing } from "../src/serve-folder.ts";

// ONNX files in a folder, answered by ONNX Runtime.

let root: string;
let serving: FolderServing;

/** One split: a missing or a small value is 1, any other -2. */
const MODEL: TreeModel = {
  features: ["distance"],
  objective: "squared",
  classes: [],
  categories: {},
  bases: [0.5],
  roots: Int32Array.of(0),
  feature: Int32Array.of(0, 0, 0),
  threshold: Float32Array.of(3, 0, 0),
  set: Int32Array.of(-1, -1, -1),
  sets: new Uint32Array(),
  left: Int32Array.of(1, -1, -1),
  right: Int32Array.of(2, -1, -1),
  missingLeft: Uint8Array.of(1, 0, 0),
  value: Float32Array.of(0, 1, -2),
  gain: Float32Array.of(1, 0, 0),
  cover: Float32Array.of(2, 1, 1),
};

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "mill-models-"));
  for (const name of ["trees", "broken"]) mkdirSync(join(root, name, "1"), { recursive: true });
  writeFileSync(join(root, "trees", "1", "model.onnx"), await exportOnnx(MODEL));
  writeFileSync(join(root, "broken", "1", "model.onnx"), "no model");
  serving = await serveFolder({ folder: root, restPort: 0, grpcPort: 0, bodyBytesMax: 2 ** 20, logger: silentLogger });
});
afterAll(async () => {
  await serving.close();
  rmSync(root, { recursive: true, force: true });
});

test("a model answers as its trees do, and one that is none is told in the index", async () => {
  const values = [1, 5];
  const body = { inputs: [{ name: "features", datatype: "FP32", shape: [2, 1], data: values }] };
  const response = await fetch(`http://127.0.0.1:${serving.restPort}/v2/models/trees/infer`, {
    method: "POST",
    body: JSON.stringify(body),
  });
  const { outputs } = (await response.json()) as { outputs: { name: string; shape: number[]; data: number[] }[] };
  expect(outputs).toMatchObject([
    { name: "prediction", shape: [2, 1], data: values.map((value) => scoreRow(MODEL, Float32Array.of(value))) },
  ]);
  const models = await serving.models();
  expect(models).toMatchObject([
    { name: "broken", state: "UNAVAILABLE", reason: expect.stringMatching(/\w/) as string },
    { name: "trees", version: "1", state: "READY" },
  ]);
});
