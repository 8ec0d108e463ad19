import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { serveModels } from "./support/serve-models.ts";

// Folders as MLflow saves models, and what mlflow.pyfunc answers with them (see make-mlflow-models.py).

const recorded = join(import.meta.dirname, "mlflow-models");
const { rows, matrix, wanted } = JSON.parse(readFileSync(join(recorded, "wanted.json"), "utf8")) as {
  readonly rows: { readonly columns: readonly string[]; readonly data: readonly (readonly number[])[] };
  readonly matrix: readonly (readonly number[])[];
  readonly wanted: Readonly<Record<string, readonly number[]>>;
};

let root: string;
let served: Awaited<ReturnType<typeof serveModels>>;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "mill-mlflow-"));
  for (const name of Object.keys(wanted)) cpSync(join(recorded, name), join(root, name, "1"), { recursive: true });
  // Without a folder of versions too, as `mlflow.lightgbm.save_model("models/plain")` leaves it.
  cpSync(join(recorded, "lightgbm"), join(root, "plain"), { recursive: true });
  mkdirSync(join(root, "outside", "1"), { recursive: true });
  writeFileSync(join(root, "outside", "1", "MLmodel"), "flavors: { xgboost: { data: ../../secret.ubj } }");
  served = await serveModels(root);
});
afterAll(async () => {
  await served.close();
  rmSync(root, { recursive: true, force: true });
});

const columnOf = (at: number) => rows.data.map((row) => row[at] as number);

async function post(path: string, body: unknown) {
  const response = await fetch(`${served.url}${path}`, { method: "POST", body: JSON.stringify(body) });
  return { status: response.status, answer: (await response.json()) as Record<string, unknown> };
}

describe("over the Open Inference Protocol", () => {
  test("the signature's columns are the inputs, each of its own datatype", async () => {
    const metadata = (await (await fetch(`${served.url}/v2/models/lightgbm`)).json()) as object;
    expect(metadata).toMatchObject({
      inputs: [
        { name: "age", datatype: "FP64", shape: [-1] },
        { name: "visits", datatype: "INT64", shape: [-1] },
        { name: "spent", datatype: "FP32", shape: [-1] },
      ],
    });
  });

  test.each(["lightgbm", "plain", "classifier", "yes-no", "booster"])(
    "%s answers as mlflow.pyfunc does",
    async (name) => {
      const datatypes = ["FP64", "INT64", "FP32"];
      const inputs = rows.columns.map((column, at) => {
        return { name: column, datatype: datatypes[at], shape: [4], data: columnOf(at) };
      });
      const { status, answer } = await post(`/v2/models/${name}/infer`, { inputs });
      expect(status, JSON.stringify(answer)).toBe(200);
      expect(answer["outputs"]).toMatchObject([
        { name: "predict", data: wanted[name === "plain" ? "lightgbm" : name] },
      ]);
    },
  );

  test("of a signature of one tensor there is one input", async () => {
    const inputs = [{ name: "x", datatype: "FP64", shape: [4, 3], data: matrix }];
    const { answer } = await post("/v2/models/tensors/infer", { inputs });
    expect(answer["outputs"]).toMatchObject([{ name: "predict", datatype: "FP64", data: wanted["tensors"] }]);
  });
});

test("what points out of its folder is told in the index", async () => {
  const { answer } = await post("/v2/repository/index", {});
  const index = answer as unknown as readonly { readonly name: string; readonly reason: string }[];
  const reasonOf = (name: string) => index.find((entry) => entry.name === name)?.reason;
  expect(reasonOf("outside")).toContain("which is no path in its folder");
});

test.skipIf(inject("means").scikitLearn === undefined)(
  "a model of scikit-learn answers as mlflow.pyfunc does",
  async () => {
    const inputs = rows.columns.map((name, at) => {
      return { name, datatype: ["FP64", "INT64", "FP32"][at], shape: [4], data: columnOf(at) };
    });
    const { answer } = await post("/v2/models/sklearn/infer", { inputs });
    expect(answer["outputs"]).toMatchObject([{ name: "predict", datatype: "INT64", data: wanted["sklearn"] }]);
  },
);

test("one MLflow folder is served by its own name", async () => {
  const alone = await serveModels(join(recorded, "booster"));
  try {
    expect(await alone.models.index()).toMatchObject([{ name: "booster", version: "1", state: "READY" }]);
  } finally {
    await alone.close();
  }
});
