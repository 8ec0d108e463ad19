import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { serveModels } from "./support/serve-models.ts";
import { treeCases, type TreeCase } from "./support/tree-cases.ts";

// Models of LightGBM and XGBoost in a folder, asked over REST.

const recorded = join(import.meta.dirname, "tree-models");
const cases = new Map(treeCases(recorded).map((one) => [one.name, one]));

let root: string;
let url: string;
let close: () => Promise<void>;

/** Puts a recorded model into the folder, under a name and with a configuration. */
function lay(
  name: string,
  { from, file, config }: { readonly from: string; readonly file: string; readonly config?: string },
): void {
  mkdirSync(join(root, name, "1"), { recursive: true });
  copyFileSync(join(recorded, from), join(root, name, "1", file));
  if (config !== undefined) writeFileSync(join(root, name, "config.pbtxt"), config);
}

/** As Triton's FIL backend is configured. */
const fil = (type: string, dims: number, ...parameters: readonly string[]) => `
backend: "fil"
max_batch_size: 32
input [{ name: "input__0" data_type: TYPE_FP32 dims: [ 8 ] }]
output [{ name: "output__0" data_type: TYPE_FP32 dims: [ ${dims} ] }]
parameters [{ key: "model_type" value: { string_value: "${type}" } }]
${parameters.map((one) => `parameters [{ key: "${one.split("=")[0]}" value: { string_value: "${one.split("=")[1]}" } }]`).join("\n")}
`;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "mill-trees-"));
  lay("light", { from: "lightgbm-binary.txt", file: "model.txt" });
  lay("bst", { from: "lightgbm-classes.txt", file: "model.bst" });
  lay("boost", { from: "xgboost-logistic.json", file: "model.json" });
  lay("fil-class", {
    from: "xgboost-logistic.ubj",
    file: "xgboost.ubj",
    config: fil("xgboost_ubj", 1, "is_classifier=true", "threshold=0.7"),
  });
  lay("fil-both", {
    from: "xgboost-logistic.ubj",
    file: "xgboost.ubj",
    config: fil("xgboost_ubj", 2, "is_classifier=true", "predict_proba=true"),
  });
  lay("fil-classes", {
    from: "xgboost-softprob.ubj",
    file: "xgboost.ubj",
    config: fil("xgboost_ubj", 1, "output_class=true"),
  });
  lay("fil-wrong", { from: "xgboost-softprob.ubj", file: "xgboost.ubj", config: fil("xgboost_ubj", 5) });
  lay("none", { from: "cases.json", file: "model.json" });
  lay("stranger", { from: "cases.json", file: "weights.bin" });
  ({ url, close } = await serveModels(root));
});
afterAll(async () => {
  await close();
  rmSync(root, { recursive: true, force: true });
});

interface Output {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

function recordedCase(name: string): TreeCase {
  const found = cases.get(name);
  if (found === undefined) throw new Error(`there is no case ${name}`);
  return found;
}

const wantedOf = (name: string) => [...(recordedCase(name).told("prediction") as Float64Array)];

/** All rows of a recorded case; what is missing is null. */
async function ask(
  model: string,
  {
    of,
    outputs,
    input = "any",
    datatype = "FP64",
  }: { readonly of: string; readonly outputs?: readonly string[]; readonly input?: string; readonly datatype?: string },
) {
  const { rows, input: values } = recordedCase(of);
  const data = Array.from(values, (value) => (Number.isNaN(value) ? null : value));
  const body = {
    inputs: [{ name: input, datatype, shape: rows, data }],
    ...(outputs === undefined ? {} : { outputs: outputs.map((name) => ({ name })) }),
  };
  const response = await fetch(`${url}/v2/models/${model}/infer`, { method: "POST", body: JSON.stringify(body) });
  return { status: response.status, ...((await response.json()) as { outputs: Output[]; error?: string }) };
}

const metadataOf = async (model: string) =>
  (await (await fetch(`${url}/v2/models/${model}`)).json()) as Record<
    "inputs" | "outputs",
    (Output & { parameters?: object })[]
  > & { platform: string };

describe("without a configuration", () => {
  test("LightGBM's text answers as LightGBM does, in float64; the input may have any name", async () => {
    const { outputs } = await ask("light", { of: "lightgbm-binary.txt" });
    expect(outputs).toEqual([
      { name: "predict", datatype: "FP64", shape: [12], data: wantedOf("lightgbm-binary.txt") },
    ]);
  });

  test("a file that is called model.bst is told by what it begins with", async () => {
    const { outputs } = await ask("bst", { of: "lightgbm-classes.txt" });
    expect(outputs[0]).toMatchObject({ shape: [12, 3], data: wantedOf("lightgbm-classes.txt") });
  });

  test("XGBoost's JSON answers in float32; margins, leaves and contributions are there for the asking", async () => {
    const { outputs } = await ask("boost", {
      of: "xgboost-logistic.json",
      outputs: ["leaf", "predict", "contributions", "margin", "predict_proba"],
    });
    expect(outputs.map(({ name, datatype, shape }) => [name, datatype, shape])).toEqual([
      ["leaf", "INT32", [12, 4]],
      ["predict", "FP32", [12]],
      ["contributions", "FP32", [12, 9]],
      ["margin", "FP32", [12]],
      ["predict_proba", "FP32", [12, 2]],
    ]);
    const [, predict, contributions, margin, both] = outputs;
    expect(predict?.data).toEqual(wantedOf("xgboost-logistic.json"));
    expect(both?.data.filter((_, at) => at % 2 === 1)).toEqual(predict?.data);
    const sums = margin?.data.map((_, row) =>
      contributions?.data.slice(row * 9, row * 9 + 9).reduce((sum, one) => sum + one, 0),
    );
    for (const [row, sum] of (sums ?? []).entries()) expect(sum).toBeCloseTo(margin?.data[row] ?? Number.NaN, 4);
  });

  test("the metadata tell the features' names, and what can be asked for", async () => {
    const { platform, inputs, outputs } = await metadataOf("light");
    const features = Array.from({ length: 8 }, (_, place) => `Column_${place}`);
    expect(platform).toBe("lightgbm");
    expect(inputs).toEqual([
      { name: "input-0", datatype: "FP64", shape: [-1, 8], parameters: { feature_names: JSON.stringify(features) } },
    ]);
    expect(outputs.map(({ name }) => name)).toEqual(["predict", "margin", "leaf", "predict_proba", "contributions"]);
  });

  test("another number of features is refused", async () => {
    const body = { inputs: [{ name: "x", datatype: "FP32", shape: [1, 7], data: [1, 2, 3, 4, 5, 6, 7] }] };
    const response = await fetch(`${url}/v2/models/boost/infer`, { method: "POST", body: JSON.stringify(body) });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: "inference/bad-request" });
  });
});

describe("as Triton's FIL backend is configured", () => {
  test("a classifier answers with the class, of two by a threshold", async () => {
    const { outputs } = await ask("fil-class", { of: "xgboost-logistic.ubj", input: "input__0" });
    const data = wantedOf("xgboost-logistic.ubj").map((share) => Number(share > 0.7));
    expect(outputs).toEqual([{ name: "output__0", datatype: "FP32", shape: [12, 1], data }]);
    expect(new Set(data).size).toBe(2);
  });

  test("predict_proba has both probabilities where two are configured", async () => {
    const { outputs } = await ask("fil-both", { of: "xgboost-logistic.ubj" });
    const data = wantedOf("xgboost-logistic.ubj").flatMap((share) => [Math.fround(1 - share), share]);
    expect(outputs).toEqual([{ name: "output__0", datatype: "FP32", shape: [12, 2], data }]);
  });

  test("of several classes the likeliest one", async () => {
    const { outputs } = await ask("fil-classes", { of: "xgboost-softprob.ubj" });
    const shares = wantedOf("xgboost-softprob.ubj");
    const data = Array.from({ length: 12 }, (_, row) => {
      const own = shares.slice(row * 3, row * 3 + 3);
      return own.indexOf(Math.max(...own));
    });
    expect(outputs[0]?.data).toEqual(data);
  });
});

test("what cannot be served says why in the index", async () => {
  const index = (await (await fetch(`${url}/v2/repository/index`, { method: "POST" })).json()) as {
    readonly name: string;
    readonly reason: string;
  }[];
  const reasons = Object.fromEntries(index.map(({ name, reason }) => [name, reason]));
  expect(reasons["fil-wrong"]).toContain("output__0 is configured with 5 numbers a row, and has 3");
  expect(reasons["none"]).toContain("it has no learner");
  expect(reasons["stranger"]).toContain("has none of MLmodel, model.onnx, model.txt, model.json");
});

test("a load that fails leaves the old version answering", async () => {
  const path = join(root, "light", "1", "model.txt");
  writeFileSync(path, "tree\nversion=v4\nnum_class=1\n");
  const load = await fetch(`${url}/v2/repository/models/light/load`, { method: "POST" });
  expect(load.status).toBe(422);
  expect(await load.json()).toMatchObject({
    code: "inference/cannot-load",
    detail: expect.stringContaining("before its trees") as string,
  });
  const { outputs } = await ask("light", { of: "lightgbm-binary.txt" });
  expect(outputs[0]?.data).toEqual(wantedOf("lightgbm-binary.txt"));
});
