import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger, systemClock } from "@millwright/kernel";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openByFormat, openFolderModels, type ModelDirectory, type OpenModel } from "../src/inference/index.ts";
import { openAppliedServices } from "../src/kserve/applied-services.ts";

// A document's `modelFormat` opens a file whose name does not tell its format. Openers here say who they are.

let root: string;
let models: ModelDirectory;

const opener =
  (opens: string): OpenModel =>
  (file, _config, when) =>
    Promise.reject(new Error(`${opens} ${when?.format} ${file.slice(root.length + 1)}`));

const isvc = (name: string, format: string, uri: string) =>
  JSON.stringify({
    apiVersion: "serving.kserve.io/v1beta1",
    kind: "InferenceService",
    metadata: { name },
    spec: { predictor: { model: { modelFormat: { name: format }, storageUri: join(root, uri) } } },
  });

const FORMATS = ["onnx", "lightgbm", "xgboost", "sklearn", "mlflow", "pytorch"];

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "mill-formats-"));
  const documents = join(root, "documents");
  for (const folder of [documents, join(root, "one"), join(root, "several"), join(root, "versions", "3")])
    mkdirSync(folder, { recursive: true });
  writeFileSync(join(root, "model"), "{");
  writeFileSync(join(root, "model.onnx"), "");
  writeFileSync(join(root, "one", "weights.bin"), "");
  writeFileSync(join(root, "one", "config.pbtxt"), "max_batch_size: 8");
  for (const name of ["model.onnx", "model.json"]) writeFileSync(join(root, "several", name), "");
  writeFileSync(join(root, "versions", "3", "iris.sav"), "");
  const texts = [
    ...FORMATS.map((format) => isvc(format, format, "model")),
    isvc("capitals", "SKLearn", "model"),
    isvc("named", "sklearn", "model.onnx"),
    isvc("alone", "pytorch", "one"),
    isvc("first", "xgboost", "several"),
    isvc("version", "sklearn", "versions"),
    isvc("untold", "triton", "model"),
    isvc("none", "triton", "one"),
  ];
  writeFileSync(join(documents, "services.yaml"), texts.join("\n---\n"));
  const storage = { cacheFolder: root, bytesMax: 0 };
  const applied = await openAppliedServices({ folder: documents, storage, logger: silentLogger });
  const openers = { onnx: opener("onnx"), trees: opener("trees"), mlflow: opener("mlflow"), python: opener("python") };
  const openModel = openByFormat(openers);
  models = await openFolderModels({ elsewhere: applied.places, openModel, clock: systemClock, logger: silentLogger });
});
afterAll(async () => {
  await models.close();
  rmSync(root, { recursive: true, force: true });
});

test("each format opens a file of any name, and what a name tells holds", async () => {
  const index = await models.index();
  const opened = Object.fromEntries(index.map(({ name, reason }) => [name, reason]));
  expect(opened).toEqual({
    onnx: "onnx onnx model",
    lightgbm: "trees lightgbm model",
    xgboost: "trees xgboost model",
    sklearn: "python sklearn model",
    mlflow: "mlflow mlflow model",
    pytorch: "python pytorch model",
    capitals: "python sklearn model",
    named: "onnx sklearn model.onnx",
    alone: "python pytorch one/weights.bin",
    first: "trees xgboost several/model.json",
    version: "python sklearn versions/3/iris.sav",
    // What it begins with tells.
    untold: "trees triton model",
    none: expect.stringContaining("has none of MLmodel, model.onnx"),
  });
});
