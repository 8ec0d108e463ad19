import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { exportOnnx, scoreRow, type TreeModel } from "@millwright/training";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { keepFolderServing } from "../src/folder-process.ts";
import { serveFolder, type FolderServing } from "../src/serve-folder.ts";
import { SMALL_SERVER } from "./support/small-server.ts";

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
  serving = await serveFolder({
    folder: root,
    ...SMALL_SERVER,
  });
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

test("a kept process asks its keeper for the registered model that it is told by its alias", async () => {
  const asked: unknown[] = [];
  const registry = {
    find: async (wanted: unknown) => {
      asked.push(wanted);
      return { path: join(root, "trees"), version: "1" };
    },
  };
  const storage = { cacheFolder: join(root, ".cache"), bytesMax: 2 ** 20, registry };
  const kept = await keepFolderServing({
    folder: undefined,
    stored: { uris: new Map([["champion", "models:/trees@champion"]]), storage },
    ...SMALL_SERVER,
  });
  expect(kept.models).toMatchObject([{ name: "champion", state: "READY" }]);
  expect(asked).toContainEqual({ name: "trees", alias: "champion" });
  await kept.close();
});

const schemathesis = inject("means").schemathesis;

/** With a model's name and version in the addresses, so that there is something to answer. It stays loaded. */
const SETTINGS = `
[parameters]
"path.name" = "trees"
"path.version" = "1"
`;

test.skipIf(schemathesis === undefined)(
  "whatever is asked is answered as the OpenAPI document says: Schemathesis finds nothing",
  { timeout: inject("full") ? 1_800_000 : 240_000 },
  async ({ signal }) => {
    const settings = join(root, "schemathesis.toml");
    writeFileSync(settings, SETTINGS);
    const asked = ["--config-file", settings, "run", `http://127.0.0.1:${serving.restPort}/v2/openapi.json`];
    const examples = ["--seed", "1", "--max-examples", inject("full") ? "200" : "5", "--no-color"];
    // No schema says that data are as many as their shape has, nor which segments of memory there are.
    const checks = ["--exclude-checks", "positive_data_acceptance", "--exclude-operation-id", "unloadModel"];
    const phases = inject("full") ? [] : ["--phases", "examples,coverage,fuzzing"];
    const { stdout } = await promisify(execFile)(schemathesis ?? "", [...asked, ...examples, ...checks, ...phases], {
      cwd: root,
      maxBuffer: 64 * 2 ** 20,
      signal,
    }).catch((error: { readonly stdout: string }) => error);
    expect(stdout).toMatch(/(\d+) generated, \1 passed/);
  },
);
