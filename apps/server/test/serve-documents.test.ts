import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Logger } from "@millwright/kernel";
import { afterAll, beforeAll, expect, test } from "vitest";
import { serveFolder, type FolderServing } from "../src/serve-folder.ts";

// KServe's documents in a served folder: what they ask for is served beside the folder's models, and as they change.

const TREES = join(import.meta.dirname, "../../../packages/serving/test/tree-models");

let root: string;
let serving: FolderServing;
const said: string[] = [];
const logger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: (_fields: object, message: string) => said.push(message),
  child: () => logger,
};

const document = (kind: string, name: string, spec: object) =>
  JSON.stringify({
    apiVersion: `serving.kserve.io/${kind === "InferenceService" ? "v1beta1" : "v1alpha1"}`,
    kind,
    metadata: { name },
    spec,
  });

const service = (name: string, storageUri: string) =>
  document("InferenceService", name, { predictor: { model: { modelFormat: { name: "xgboost" }, storageUri } } });

const both = (...steps: readonly object[]) =>
  document("InferenceGraph", "both", { nodes: { root: { routerType: "Ensemble", steps } } });

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "mill-documents-"));
  mkdirSync(join(root, "models", "trees", "1"), { recursive: true });
  mkdirSync(join(root, "elsewhere"));
  copyFileSync(join(TREES, "lightgbm-binary.txt"), join(root, "models", "trees", "1", "model.txt"));
  copyFileSync(join(TREES, "xgboost-logistic.json"), join(root, "elsewhere", "model.json"));
  const steps = [{ serviceName: "applied", name: "far" }, { serviceName: "trees" }];
  const text = [service("applied", "../elsewhere"), both(...steps), "a: [1"].join("\n---\n");
  writeFileSync(join(root, "models", "services.yaml"), text);
  serving = await serveFolder({
    folder: join(root, "models"),
    restPort: 0,
    grpcPort: 0,
    bodyBytesMax: 2 ** 20,
    cacheBytesMax: 2 ** 20,
    logger,
  });
});
afterAll(async () => {
  await serving.close();
  rmSync(root, { recursive: true, force: true });
});

async function ask(name: string): Promise<readonly string[]> {
  const inputs = [{ name: "x", datatype: "FP32", shape: [1, 8], data: [1, 2, 3, 4, 5, 6, 7, 8] }];
  const url = `http://127.0.0.1:${serving.restPort}/v2/models/${name}/infer`;
  const response = await fetch(url, { method: "POST", body: JSON.stringify({ inputs }) });
  const { outputs, code } = (await response.json()) as { outputs?: { name: string }[]; code?: string };
  return outputs?.map((output) => output.name) ?? [String(code)];
}

/** The folder is watched: what changed is served a moment later. */
async function until(name: string, wanted: readonly string[]): Promise<void> {
  await expect.poll(() => ask(name), { timeout: 30_000 }).toEqual(wanted);
}

test("a model that lies elsewhere and a graph answer; a document that is none is told in the log", async () => {
  expect(await ask("applied")).toEqual(["predict"]);
  expect(await ask("both")).toEqual(["far.predict", "1.predict"]);
  expect(said.join()).toContain("document: ");
});

test("they are served as they are written now, and are gone with their file", async () => {
  const file = join(root, "models", "more.yml");
  writeFileSync(
    file,
    [service("second", join(root, "elsewhere", "model.json")), both({ serviceName: "second" })].join("\n---\n"),
  );
  // Of two of one name the last file's holds; this one comes before.
  await until("second", ["predict"]);
  expect(await ask("both")).toEqual(["far.predict", "1.predict"]);
  rmSync(join(root, "models", "services.yaml"));
  await until("both", ["0.predict"]);
  expect(await ask("applied")).toEqual(["inference/not-ready"]);
  rmSync(file);
  await until("both", ["inference/unknown-model"]);
});

test("a Triton repository's models are served by their own names; a name that the folder has is refused by it", async () => {
  for (const model of ["near", "trees"]) {
    mkdirSync(join(root, "repository", model, "1"), { recursive: true });
    copyFileSync(join(TREES, "xgboost-logistic.json"), join(root, "repository", model, "1", "xgboost.json"));
  }
  const before = await ask("trees");
  const spec = { predictor: { model: { modelFormat: { name: "triton" }, storageUri: "../repository" } } };
  writeFileSync(join(root, "models", "vision.yaml"), document("InferenceService", "vision", spec));
  await until("near", ["predict"]);
  expect(await ask("trees")).toEqual(before);
  expect(said).toContain("InferenceService vision: a model of the folder is served as trees");
  expect(await ask("vision")).toEqual(["inference/unknown-model"]);
  rmSync(join(root, "models", "vision.yaml"));
  await until("near", ["inference/not-ready"]);
});
