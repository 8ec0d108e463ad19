import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, test, vi } from "vitest";
import { serveModels } from "./support/serve-models.ts";
import { isAlive, until } from "./support/worker-models.ts";

// Models that are a class of a team's own, asked over the Open Inference Protocol.

const { python } = inject("means");

const MODELS: Readonly<Record<string, string>> = {
  sum: `
import numpy

class Model:
    inputs = {"x": ("FP32", [-1, 2])}
    outputs = {"sum": ("FP32", [-1]), "rows": ("INT64", [1])}

    def load(self, folder):
        self.bias = float(self.parameters.get("bias", "0"))

    def predict(self, inputs):
        x = inputs["x"]
        print("asked for", len(x))
        return {"sum": x.sum(axis=1) + numpy.float32(self.bias), "rows": [len(x)]}
`,
  echo: `
TYPES = ["BOOL", "INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32", "UINT64", "FP16", "BF16", "FP32", "FP64", "BYTES"]

class Model:
    inputs = {name: (name, [-1]) for name in TYPES}
    outputs = {name: (name, [-1]) for name in TYPES}

    def predict(self, inputs):
        assert all(type(element) is bytes for element in inputs["BYTES"])
        return {name: array[::-1] for name, array in inputs.items()}
`,
  // What is wrong with its answer is for the request to say.
  faults: `
import sys
import numpy

ANSWERS = {
    b"value": lambda: int("x"),
    b"key": lambda: {}["age"],
    b"exit": lambda: sys.exit(3),
    b"list": lambda: [1, 2],
    b"name": lambda: {"z": [1]},
    b"rank": lambda: {"y": numpy.ones((2, 2))},
    b"size": lambda: {"y": [1, 2, 3]},
    b"type": lambda: {"y": [1.5, 2.5]},
    b"large": lambda: {"y": [1, 2**40]},
    b"good": lambda: {"y": [1, 2], "more": "is left out"},
}

class Model:
    inputs = {"how": ("BYTES", [1])}
    outputs = {"y": ("INT32", [2])}

    def predict(self, inputs):
        return ANSWERS[inputs["how"][0]]()
`,
  undeclared: `
class Model:
    def predict(self, inputs):
        return {"y": inputs["x"] * 2}
`,
  knows: `
class Model:
    inputs = {"x": ("BOOL", [1])}
    outputs = {"id": ("BYTES", [1]), "how": ("BYTES", [1])}

    def predict(self, inputs, request):
        return {"id": [request["id"]], "how": [request["parameters"]["how"]]}
`,
  // What it is asked together with a negative number is lost with its worker.
  mortal: `
import os, signal

class Model:
    def predict(self, inputs):
        if (inputs["x"] < 0).any():
            os.kill(os.getpid(), signal.SIGKILL)
        return {"y": inputs["x"] + 1}
`,
  raises: `
class Model:
    inputs = outputs = {}
    predict = print

    def load(self, folder):
        raise RuntimeError("the weights are not there")
`,
  // No tensor has such a shape.
  strange: `
import os, pathlib

class Model:
    inputs = outputs = {"x": ("FP32", [-2])}
    predict = print

    def load(self, folder):
        pathlib.Path(folder, "pid").write_text(str(os.getpid()))
`,
  named: `
class Model:
    inputs = {0: ("FP32", [-1])}
    outputs = {"y": ("FP32", [-1])}
    predict = print
`,
  look: `
import os

class Model:
    inputs = {"name": ("BYTES", [1])}
    outputs = {"value": ("BYTES", [1])}

    def predict(self, inputs):
        name = inputs["name"][0].decode()
        return {"value": ["\\ud800" if name == "" else os.environ.get(name, "not seen")]}
`,
  exits: "import os\nprint('before the end', flush=True)\nos._exit(7)",
  classless: "Modell = 1",
  speechless: "class Model: inputs = outputs = {}",
  triton: `
import json
import numpy
import triton_python_backend_utils as pb_utils

class TritonPythonModel:
    def initialize(self, args):
        config = json.loads(args["model_config"])
        output = pb_utils.get_output_config_by_name(config, "OUTPUT0")
        self.dtype = pb_utils.triton_string_to_numpy(output["data_type"])
        self.name = args["model_name"]

    def execute(self, requests):
        return [self.answer(request) for request in requests]

    def answer(self, request):
        given = pb_utils.get_input_tensor_by_name(request, "INPUT0").as_numpy()
        if (given < 0).any():
            return pb_utils.InferenceResponse(error=pb_utils.TritonError(f"{self.name} takes no negative numbers"))
        return pb_utils.InferenceResponse([pb_utils.Tensor("OUTPUT0", (given * 2).astype(self.dtype))])
`,
};

let root: string;
let served: Awaited<ReturnType<typeof serveModels>>;

function write(name: string, source: string, config?: string): void {
  mkdirSync(join(root, name, "1"), { recursive: true });
  writeFileSync(join(root, name, "1", "model.py"), source);
  if (config !== undefined) writeFileSync(join(root, name, "config.pbtxt"), config);
}

interface Answer {
  readonly status: number;
  readonly answer: {
    readonly code?: string;
    readonly detail?: string;
    readonly outputs?: readonly { readonly name: string; readonly shape: readonly number[]; readonly data: unknown }[];
  };
}

async function ask(model: string, inputs: readonly object[]): Promise<Answer> {
  const body = JSON.stringify({ inputs });
  const response = await fetch(`${served.url}/v2/models/${model}/infer`, { method: "POST", body });
  return { status: response.status, answer: (await response.json()) as Answer["answer"] };
}

const load = (model: string) => fetch(`${served.url}/v2/repository/models/${model}/load`, { method: "POST" });

const sumOf = (rows: readonly (readonly number[])[]) =>
  ask("sum", [{ name: "x", datatype: "FP32", shape: [rows.length, 2], data: rows.flat() }]);

describe.skipIf(python === undefined)("a model.py", () => {
  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), "mill-python-"));
    for (const [name, source] of Object.entries(MODELS)) write(name, source);
    write(
      "undeclared",
      MODELS["undeclared"] ?? "",
      `max_batch_size: 8 instance_group [{ count: 1 }] dynamic_batching {}
       input [{ name: "x" data_type: TYPE_FP64 dims: [2] }] output [{ name: "y" data_type: TYPE_FP64 dims: [2] }]`,
    );
    // What lies beside it is its own, though it is called as another format's.
    writeFileSync(join(root, "triton", "1", "model.json"), "{}");
    write(
      "triton",
      MODELS["triton"] ?? "",
      `name: "triton" backend: "python" max_batch_size: 4
       input [{ name: "INPUT0" data_type: TYPE_FP32 dims: [2] }] output [{ name: "OUTPUT0" data_type: TYPE_INT32 dims: [2] }]`,
    );
    vi.stubEnv("MILL_TEST_PASSWORD", "hunter2");
    vi.stubEnv("OMP_NUM_THREADS", "3");
    write(
      "mortal",
      MODELS["mortal"] ?? "",
      `max_batch_size: 8 dynamic_batching {}
       input [{ name: "x" data_type: TYPE_INT64 dims: [1] }] output [{ name: "y" data_type: TYPE_INT64 dims: [1] }]`,
    );
    served = await serveModels(root);
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await served.close();
    rmSync(root, { recursive: true, force: true });
  });

  test("answers with what its class computes, whatever it prints", async () => {
    const { status, answer } = await sumOf([
      [1, 2],
      [0.5, 0.25],
    ]);
    expect([status, answer.outputs]).toEqual([
      200,
      [
        { name: "sum", datatype: "FP32", shape: [2], data: [3, 0.75] },
        { name: "rows", datatype: "INT64", shape: [1], data: [2] },
      ],
    ]);
  });

  test("has every datatype as it was given", async () => {
    const given = {
      BOOL: [true, false],
      INT8: [-128, 127],
      INT16: [-5, 6],
      INT32: [-7, 8],
      INT64: [-9, 10],
      UINT8: [0, 255],
      UINT16: [1, 65_535],
      UINT32: [2, 4_294_967_295],
      UINT64: [3, 4],
      FP16: [0.5, -2],
      FP32: [0.25, -4],
      FP64: [0.1, 1e300],
      BYTES: ["é", "", "three"],
    };
    const tensors = Object.entries(given).map(([name, data]) => ({
      name,
      datatype: name,
      shape: [data.length],
      data: data as unknown,
    }));
    // BF16 has no form in JSON: none of it is given.
    const { status, answer } = await ask("echo", [
      ...tensors,
      { name: "BF16", datatype: "BF16", shape: [0], data: [] },
    ]);
    expect(status, JSON.stringify(answer).slice(0, 300)).toBe(200);
    const found = Object.fromEntries((answer.outputs ?? []).map(({ name, data }) => [name, data]));
    const wanted = Object.entries(given).map(([name, data]) => [name, [...data].reverse()]);
    expect(found).toEqual({ ...Object.fromEntries(wanted), BF16: [] });
  });

  test("carries tensors of megabytes whole", async () => {
    const rows = 20_000;
    const data = Array.from({ length: rows * 2 }, (_, at) => at % 1_000);
    const { answer } = await ask("sum", [{ name: "x", datatype: "FP32", shape: [rows, 2], data }]);
    const sums = answer.outputs?.[0]?.data as readonly number[];
    expect(sums).toEqual(Array.from({ length: rows }, (_, row) => (data[row * 2] ?? 0) + (data[row * 2 + 1] ?? 0)));
  });

  test("takes its tensors from config.pbtxt where the class says none, and answers batches", async () => {
    const asked = Array.from({ length: 20 }, (_, at) =>
      ask("undeclared", [{ name: "x", datatype: "FP64", shape: [1, 2], data: [at + 1, -at - 1] }]),
    );
    const answers = await Promise.all(asked);
    expect(answers.map(({ answer }) => answer.outputs?.[0]?.data)).toEqual(
      answers.map((_, at) => [at * 2 + 2, -at * 2 - 2]),
    );
  });

  test.each([
    ["value", 422, "inference/refused", /ValueError: invalid literal/],
    ["key", 500, "inference/model-raised", /KeyError: 'age'/],
    ["exit", 500, "inference/model-raised", /SystemExit: 3/],
    ["list", 500, "inference/bad-answer", /answered a list/],
    ["name", 500, "inference/bad-answer", /'z', and not 'y'/],
    ["rank", 500, "inference/bad-answer", /y is of INT32, and predict answered float64/],
    ["size", 500, "inference/bad-answer", /y has the shape \[3\], and is of \[2\]/],
    ["type", 500, "inference/bad-answer", /predict answered float64/],
    ["large", 500, "inference/bad-answer", /numbers that are none of INT32/],
  ])("of a request by which it fails (%s) is told what was wrong, and the next is answered", async (how, ...told) => {
    const of = (data: string) => ask("faults", [{ name: "how", datatype: "BYTES", shape: [1], data: [data] }]);
    const { status, answer } = await of(how);
    expect([status, answer.code, answer.detail]).toEqual([told[0], told[1], expect.stringMatching(told[2])]);
    expect((await of("good")).answer.outputs?.[0]?.data).toEqual([1, 2]);
  });

  test.each([
    ["raises", /RuntimeError: the weights are not there; File "model\.py", line 7, in load/],
    ["exits", /ended with 7; the last that it said: before the end/],
    ["classless", /has no class Model/],
    ["speechless", /has no method predict/],
    ["named", /it declares \{"name":0,.*, which is no tensor/],
  ])("that cannot be loaded (%s) is told in the index, with the cause", async (name, cause) => {
    const { reason } = (await served.models.index()).find((entry) => entry.name === name) ?? {};
    expect(reason).toMatch(cause);
  });

  test("whose tensors are none leaves no worker behind", async () => {
    expect((await load("strange")).status).toBe(422);
    const pid = Number(readFileSync(join(root, "strange", "1", "pid"), "utf8"));
    await until(() => !isAlive(pid));
  });

  test("sees how numbers are to be computed, and none of the server's own secrets", async () => {
    const of = async (name: string) =>
      (await ask("look", [{ name: "name", datatype: "BYTES", shape: [1], data: [name] }])).answer;
    expect((await of("OMP_NUM_THREADS")).outputs?.[0]?.data).toEqual(["3"]);
    expect((await of("MILL_TEST_PASSWORD")).outputs?.[0]?.data).toEqual(["not seen"]);
    expect(await of("")).toMatchObject({ code: "inference/bad-answer", detail: "value has text that is no UTF-8" });
  });

  test("of Triton's Python backend answers as it is", async () => {
    const of = (data: readonly number[]) => ask("triton", [{ name: "INPUT0", datatype: "FP32", shape: [1, 2], data }]);
    expect((await of([1.5, 4])).answer.outputs).toMatchObject([{ name: "OUTPUT0", shape: [1, 2], data: [3, 8] }]);
    const { status, answer } = await of([-1, 1]);
    expect([status, answer.detail]).toEqual([500, expect.stringContaining("triton takes no negative numbers")]);
  });

  test("is told what the request says of itself, where it asks for it", async () => {
    const inputs = [{ name: "x", datatype: "BOOL", shape: [1], data: [true] }];
    const body = JSON.stringify({ id: "seven", parameters: { how: "well" }, inputs });
    const answer = await fetch(`${served.url}/v2/models/knows/infer`, { method: "POST", body });
    expect(await answer.json()).toMatchObject({ outputs: [{ data: ["seven"] }, { data: ["well"] }] });
  });

  test("that one of a batch is the end of answers the others of it", async () => {
    const asked = Array.from({ length: 16 }, (_, at) =>
      ask("mortal", [{ name: "x", datatype: "INT64", shape: [1, 1], data: [at === 6 ? -1 : at] }]),
    );
    const answers = (await Promise.all(asked)).map(({ status, answer }) => answer.outputs?.[0]?.data ?? status);
    expect(answers).toEqual(answers.map((_, at) => (at === 6 ? 502 : [at + 1])));
  });

  test("tells of its workers in the metrics", async () => {
    const metrics = await (await fetch(`${served.url}/metrics`)).text();
    const of = (name: string) =>
      Number(new RegExp(`^millwright_model_${name}\\{model="sum",version="1"\\} (\\S+)$`, "m").exec(metrics)?.[1]);
    expect(["workers", "workers_wanted", "worker_starts_total", "worker_crashes_total"].map(of)).toEqual([1, 1, 1, 0]);
    expect(of("worker_start_seconds_total")).toBeGreaterThan(0);
    expect(of("worker_resident_bytes")).toBeGreaterThan(1_000_000);
  });

  test("serves on while its next load fails, and is another once it is mended", async () => {
    write("sum", "import nothing_of_this_name");
    const failed = await load("sum");
    expect([failed.status, await failed.json()]).toMatchObject([
      422,
      { detail: expect.stringMatching(/nothing_of_this_name/) as string },
    ]);
    expect((await sumOf([[1, 2]])).answer.outputs?.[0]?.data).toEqual([3]);
    write("sum", MODELS["sum"] ?? "", 'parameters { key: "bias" value { string_value: "0.5" } }');
    expect((await load("sum")).status).toBe(200);
    expect((await sumOf([[1, 2]])).answer.outputs?.[0]?.data).toEqual([3.5]);
  });
});
