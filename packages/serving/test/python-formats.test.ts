import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { isvcOf } from "./support/apply-documents.ts";
import { serveModels } from "./support/serve-models.ts";

// Models that scikit-learn, MLflow and torch made in this test: each answers as its own library does, to the last bit.

const { python = "", scikitLearn, mlflowPython, torch } = inject("means");

let root: string;
let served: Awaited<ReturnType<typeof serveModels>>;
let wanted: Readonly<Record<string, unknown>> = {};

async function ask(model: string, inputs: readonly object[], outputs?: readonly string[]) {
  const response = await fetch(`${served.url}/v2/models/${model}/infer`, {
    method: "POST",
    body: JSON.stringify({ inputs, ...(outputs === undefined ? {} : { outputs: outputs.map((name) => ({ name })) }) }),
  });
  const answer = (await response.json()) as {
    readonly detail?: string;
    readonly outputs?: readonly {
      readonly name: string;
      readonly shape: readonly number[];
      readonly data: unknown[];
    }[];
  };
  expect(response.status, answer.detail).toBe(200);
  return Object.fromEntries((answer.outputs ?? []).map(({ name, shape, data }) => [name, nested(data, shape)]));
}

/** Row by row. */
function nested(data: readonly unknown[], shape: readonly number[]): unknown {
  const [rows = 0, ...rest] = shape;
  if (rest.length === 0) return data;
  const width = data.length / rows;
  return Array.from({ length: rows }, (_, row) => nested(data.slice(row * width, (row + 1) * width), rest));
}

function matrixOf(rows: readonly (readonly number[])[], name = "input-0") {
  return { name, datatype: "FP64", shape: [rows.length, rows[0]?.length ?? 0], data: rows.flat() };
}

/** An `InferenceService` of a file or folder, whose format it tells. */
function document(documents: string, name: string, { format, uri }: { readonly format: string; readonly uri: string }) {
  mkdirSync(documents, { recursive: true });
  writeFileSync(join(documents, `${name}.yaml`), isvcOf({ name, uri, format }));
}

function make(script: string): void {
  root = mkdtempSync(join(tmpdir(), "mill-python-formats-"));
  const args = [join(import.meta.dirname, "support", script), root, ...(mlflowPython !== undefined ? ["mlflow"] : [])];
  execFileSync(python, args, { stdio: "ignore" });
  wanted = JSON.parse(readFileSync(join(root, "wanted.json"), "utf8")) as typeof wanted;
  rmSync(join(root, "wanted.json"));
}

describe.skipIf(scikitLearn === undefined)("of scikit-learn", () => {
  beforeAll(async () => {
    make("make-python-models.py");
    const documents = join(root, ".documents");
    mkdirSync(documents);
    // As a server of files may call it: nothing in its name tells what it is.
    cpSync(join(root, "logistic", "1", "model.pkl"), join(documents, "model"));
    document(documents, "by-format", { format: "sklearn", uri: "model" });
    for (const name of mlflowPython === undefined ? [] : ["mlflow-columns", "mlflow-tensor"])
      document(documents, `applied-${name}`, { format: "mlflow", uri: join(root, name) });
    served = await serveModels(root, { documents });
  });
  afterAll(async () => {
    await served.close();
    rmSync(root, { recursive: true, force: true });
  });
  const asked = () => wanted["asked"] as readonly (readonly number[])[];

  test.each([
    ["logistic", ["predict", "predict_proba", "decision_function"]],
    ["forest", ["predict", "predict_proba"]],
    ["regression", ["predict"]],
  ] as const)("%s answers as its own methods do", async (name, methods) => {
    expect(await ask(name, [matrixOf(asked())], methods)).toEqual(wanted[name]);
    const alone = await ask(name, [matrixOf(asked(), "of-any-name")]);
    expect(alone).toEqual({ predict: (wanted[name] as Readonly<Record<string, unknown>>)["predict"] });
  });

  test("a pickle without an ending is opened by its document's modelFormat", async () => {
    const methods = ["predict", "predict_proba", "decision_function"];
    expect(await ask("by-format", [matrixOf(asked())], methods)).toEqual(wanted["logistic"]);
  });

  test("tells its tensors as they are", async () => {
    const metadata = (await (await fetch(`${served.url}/v2/models/forest`)).json()) as object;
    expect(metadata).toMatchObject({
      platform: "sklearn",
      inputs: [{ name: "input-0", datatype: "FP64", shape: [-1, 4] }],
      outputs: [
        { name: "predict", datatype: "BYTES", shape: [-1] },
        { name: "predict_proba", datatype: "FP64", shape: [-1, 2] },
        { name: "predict_log_proba", datatype: "FP64", shape: [-1, 2] },
      ],
    });
  });

  test("a pipeline takes columns of text and numbers", async () => {
    const { rows, ...answers } = wanted["pipeline"] as { readonly rows: readonly (readonly [string, number])[] };
    const inputs = [
      { name: "place", datatype: "BYTES", shape: [5], data: rows.map(([place]) => place) },
      { name: "size", datatype: "FP64", shape: [5], data: rows.map(([, size]) => size) },
    ];
    expect(await ask("pipeline", inputs)).toEqual(answers);
  });

  test("what it says of values that it does not know is the caller's to mend", async () => {
    const inputs = [
      { name: "place", datatype: "BYTES", shape: [1], data: ["Atlantis"] },
      { name: "size", datatype: "FP64", shape: [1], data: [1] },
    ];
    const response = await fetch(`${served.url}/v2/models/pipeline/infer`, {
      method: "POST",
      body: JSON.stringify({ inputs }),
    });
    expect([response.status, await response.json()]).toMatchObject([422, { code: "inference/refused" }]);
  });

  describe.skipIf(mlflowPython === undefined)("with MLflow", () => {
    const columns = () => {
      const frame = wanted["frame"] as Readonly<Record<string, readonly unknown[]>>;
      const datatypes: Readonly<Record<string, string>> = { place: "BYTES", size: "FP64", visits: "INT64" };
      return Object.entries(frame).map(([name, data]) => {
        return { name, datatype: datatypes[name], shape: [data.length], data };
      });
    };

    test("a folder of the flavour sklearn answers as mlflow.pyfunc does", async () => {
      expect(await ask("mlflow-sklearn", columns())).toEqual({ predict: wanted["mlflow-sklearn"] });
    });

    test.each(["mlflow-columns", "applied-mlflow-columns"])(
      "a function of columns answers with columns: %s",
      async (name) => {
        const rows = wanted["mlflow-columns"] as readonly (readonly [number, string])[];
        expect(await ask(name, columns())).toEqual({
          twice: rows.map(([twice]) => twice),
          where: rows.map(([, where]) => where),
        });
      },
    );

    test("a function of one tensor answers with one, by its document's modelFormat too", async () => {
      for (const name of ["mlflow-tensor", "applied-mlflow-tensor"])
        expect(await ask(name, [matrixOf(asked())])).toEqual({ predict: wanted["mlflow-tensor"] });
    });
  });
});

const TORCH = `
import json, pathlib, sys, torch

folder = pathlib.Path(sys.argv[1])
torch.manual_seed(2)

class Two(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(3, 2)

    def forward(self, x, y):
        return torch.relu(self.layer(x)), y * 2

(folder / "two" / "1").mkdir(parents=True)
model = Two().eval()
torch.jit.save(torch.jit.script(model), folder / "two" / "1" / "model.pt")
(folder / "two" / "config.pbtxt").write_text("""
  input [{ name: "INPUT__0" data_type: TYPE_FP32 dims: [-1, 3] }, { name: "INPUT__1" data_type: TYPE_INT64 dims: [-1] }]
  output [{ name: "OUTPUT__0" data_type: TYPE_FP32 dims: [-1, 2] }, { name: "OUTPUT__1" data_type: TYPE_INT64 dims: [-1] }]
""")
(folder / "unsaid" / "1").mkdir(parents=True)
torch.jit.save(torch.jit.script(model), folder / "unsaid" / "1" / "model.pt")
(folder / ".documents" / "plain").mkdir(parents=True)
torch.jit.save(torch.jit.script(model), folder / ".documents" / "plain" / "weights")
(folder / ".documents" / "plain" / "config.pbtxt").write_text((folder / "two" / "config.pbtxt").read_text())
(folder / "eager" / "1").mkdir(parents=True)
torch.save(model.layer.state_dict(), folder / "eager" / "1" / "layer.state")
(folder / "eager" / "1" / "model.py").write_text("""
import pathlib
import torch
import triton_python_backend_utils as pb_utils

class TritonPythonModel:
    def initialize(self, args):
        self.layer = torch.nn.Linear(3, 2)
        state = torch.load(pathlib.Path(__file__).parent / "layer.state", weights_only=True)
        self.layer.load_state_dict(state)

    def execute(self, requests):
        with torch.inference_mode():
            return [self.answer(request) for request in requests]

    def answer(self, request):
        x = torch.from_numpy(pb_utils.get_input_tensor_by_name(request, "X").as_numpy().copy())
        return pb_utils.InferenceResponse([pb_utils.Tensor("Y", torch.relu(self.layer(x)).numpy())])
""")
(folder / "eager" / "config.pbtxt").write_text("""
  backend: "python"
  input [{ name: "X" data_type: TYPE_FP32 dims: [-1, 3] }]
  output [{ name: "Y" data_type: TYPE_FP32 dims: [-1, 2] }]
""")
x = torch.arange(12, dtype=torch.float32).reshape(4, 3) / 7
with torch.inference_mode():
    found = model(x, torch.tensor([1, 2]))
(folder / "wanted.json").write_text(json.dumps({"x": x.tolist(), "OUTPUT__0": found[0].tolist(), "OUTPUT__1": found[1].tolist()}))
`;

describe.skipIf(torch === undefined)("of torch", () => {
  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), "mill-torch-"));
    mkdirSync(join(folder, "models"));
    writeFileSync(join(folder, "make.py"), TORCH);
    execFileSync(python, [join(folder, "make.py"), join(folder, "models")], { stdio: ["ignore", "ignore", "inherit"] });
    root = join(folder, "models");
    wanted = JSON.parse(readFileSync(join(root, "wanted.json"), "utf8")) as typeof wanted;
    rmSync(join(root, "wanted.json"));
    const documents = join(root, ".documents");
    document(documents, "by-format", { format: "pytorch", uri: "plain" });
    served = await serveModels(root, { documents });
  });
  afterAll(async () => {
    await served.close();
    rmSync(join(root, ".."), { recursive: true, force: true });
  });

  // JSON has the shortest digits of a float of 32 bits; Python wrote those of 64.
  const single = (values: unknown) => (values as readonly (readonly number[])[]).map((row) => row.map(Math.fround));

  test.each(["two", "by-format"])(
    "TorchScript answers as the module itself, with the tensors of its configuration: %s",
    async (name) => {
      const { x, ...answers } = wanted;
      const inputs = [
        { ...matrixOf(x as readonly (readonly number[])[], "INPUT__0"), datatype: "FP32" },
        { name: "INPUT__1", datatype: "INT64", shape: [2], data: [1, 2] },
      ];
      const found = await ask(name, inputs);
      expect(found["OUTPUT__1"]).toEqual(answers["OUTPUT__1"]);
      expect(single(found["OUTPUT__0"])).toEqual(answers["OUTPUT__0"]);
    },
  );

  test("a Python model that imports torch answers as the module itself", async () => {
    const x = { ...matrixOf(wanted["x"] as readonly (readonly number[])[], "X"), datatype: "FP32" };
    expect(single((await ask("eager", [x]))["Y"])).toEqual(wanted["OUTPUT__0"]);
  });

  test("one without a configuration is told in the index", async () => {
    const { reason } = (await served.models.index()).find(({ name }) => name === "unsaid") ?? {};
    expect(reason).toMatch(/config\.pbtxt is to have its `input` and `output`/);
  });
});
