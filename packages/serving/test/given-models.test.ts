import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger, systemClock } from "@millwright/kernel";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openFolderModels, type InferenceModel } from "../src/inference/index.ts";
import { serveModels } from "./support/serve-models.ts";

// Loads that bring the model's files, by Triton's extension of model repositories.

const recorded = join(import.meta.dirname, "tree-models");
const trees = readFileSync(join(recorded, "xgboost-logistic.json")).toString("base64");
const given = { config: "{}", "file:3/model.json": trees };

let root: string;
let served: Awaited<ReturnType<typeof serveModels>>;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "mill-own-"));
  mkdirSync(join(root, "boost", "1"), { recursive: true });
  copyFileSync(join(recorded, "xgboost-logistic.json"), join(root, "boost", "1", "model.json"));
  served = await serveModels(root);
});
afterAll(async () => {
  await served.close();
  rmSync(root, { recursive: true, force: true });
});

async function ask(path: string, body?: object) {
  const response = await fetch(`${served.url}${path}`, { method: "POST", body: JSON.stringify(body ?? {}) });
  const answer = (await response.json()) as { readonly error?: string; readonly outputs?: readonly object[] };
  return { status: response.status, error: answer.error ?? "", outputs: answer.outputs };
}

const load = (name: string, parameters?: object) => ask(`/v2/repository/models/${name}/load`, { parameters });

async function versionThatAnswers(name: string): Promise<unknown> {
  const metadata = (await (await fetch(`${served.url}/v2/models/${name}`)).json()) as object;
  return (metadata as { readonly versions?: readonly string[] }).versions;
}

describe("a load that brings the model's files", () => {
  test("serves them, under a name that is new too, until it is loaded without them or unloaded", async () => {
    expect((await load("new", given)).status).toBe(200);
    expect(await versionThatAnswers("new")).toEqual(["3"]);
    expect((await ask("/v2/repository/models/new/unload")).status).toBe(200);
    expect((await load("new")).status).toBe(404);

    expect((await load("boost", given)).status).toBe(200);
    expect(await versionThatAnswers("boost")).toEqual(["3"]);
    expect((await load("boost")).status).toBe(200);
    expect(await versionThatAnswers("boost")).toEqual(["1"]);
  });

  test.each([
    ["files without a config", { "file:1/model.json": trees }, 400, /come with a `config`/],
    ["code", { config: "{}", "file:1/model.py": "" }, 400, /what runs in Python is not/],
    ["a pickle", { config: "{}", "file:1/model.joblib": "" }, 400, /what runs in Python is not/],
    ["a file that leads elsewhere", { config: "{}", "file:../../model.json": "" }, 400, /no file of a version/],
    ["what is no base64", { config: "{}", "file:1/model.json": "ä" }, 400, /no base64/],
    ["what is no model", { config: "{}", "file:1/model.onnx": "AAAA" }, 422, /cannot be loaded/],
    [
      "what only Python would read",
      { config: '{"backend":"python","default_model_filename":"model.bin"}', "file:1/model.bin": "gASVAAAA" },
      422,
      /cannot be loaded/,
    ],
  ])("of %s is refused, and what served before goes on", async (_, parameters, status, why) => {
    const refused = await load("boost", parameters);
    expect([refused.status, refused.error]).toEqual([status, expect.stringMatching(why)]);
    expect(await versionThatAnswers("boost")).toEqual(["1"]);
  });
});

describe("with models on demand", () => {
  const { TMPDIR } = process.env;
  beforeAll(() => {
    process.env["TMPDIR"] = mkdtempSync(join(root, "tmp-"));
  });
  afterAll(() => {
    if (TMPDIR === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = TMPDIR;
  });

  test("what made room for others is loaded again of the files that it was loaded of, which are gone at the end", async () => {
    const openModel = async (file: string): Promise<InferenceModel> => ({
      platform: readFileSync(file, "utf8"),
      backend: "test",
      bytes: 10,
      inputs: [],
      outputs: [],
      infer: async () => [],
      close: async () => {},
    });
    const onDemand = { bytesMax: 10, pinned: [] };
    const models = await openFolderModels({ openModel, onDemand, clock: systemClock, logger: silentLogger });
    for (const name of ["one", "two"])
      await models.load(name, { config: "{}", files: new Map([["1/model.onnx", Buffer.from(name)]]) });
    expect(models.residency()).toMatchObject({ models: 1, evictions: 1 });
    expect([(await models.obtain("one")).model.platform, models.residency().evictions]).toEqual(["one", 2]);
    await models.close();
    expect(readdirSync(tmpdir())).toEqual([]);
  });
});
