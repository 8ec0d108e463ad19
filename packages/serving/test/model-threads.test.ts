import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeModel, exportOnnx, type TreeModel } from "@millwright/training";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openMlflowModel } from "../src/adapters/mlflow-model.ts";
import { createModelThreads } from "../src/adapters/model-threads.ts";
import { onnxOpener, openOnnxModel } from "../src/adapters/onnx-model.ts";
import { openTreeModel, treeOpener } from "../src/adapters/tree-model.ts";
import type { InferenceModel, ModelConfig, Tensor } from "../src/inference/index.ts";
import { ModelThreads } from "../src/threads/model-threads.ts";
import { parallelModel } from "../src/threads/parallel-model.ts";
import { onnxFile, tensor } from "./support/onnx-file.ts";

// Models in threads: they answer as on the answering loop, whole or shared out, and a thread that ends costs what it was asked.

let folder: string;
let threads: ModelThreads;
const ended: unknown[] = [];
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "mill-threads-"));
  const made = createModelThreads({ threads: 2, onEnded: (error) => ended.push(error) });
  if (made === undefined) throw new Error("there are no threads");
  threads = made;
});
afterAll(async () => {
  await threads.close();
  rmSync(folder, { recursive: true, force: true });
});

const file = (name: string) => join(folder, name);
const FEATURES = 4;
const rowsOf = (rows: number, width = FEATURES): Tensor => ({
  name: "x",
  datatype: "FP32",
  shape: [rows, width],
  data: Float32Array.from({ length: rows * width }, (_, at) => Math.fround(Math.sin(at) * 3)),
});

async function ask(model: InferenceModel, input: Tensor, outputs = model.outputs.map(({ name }) => name)) {
  const answered = await model.infer([{ ...input, name: model.inputs[0]?.name ?? "" }], outputs);
  return answered.map(({ data, ...told }) => ({ ...told, data: Array.from(data as Float32Array) }));
}

/** `y = x * 2`, and `z` the sum of all its rows where `isWhole`. */
function doubling({ isWhole = false } = {}): Uint8Array {
  return onnxFile({
    inputs: [{ name: "x", dims: ["n", FEATURES] }],
    outputs: [{ name: "y", dims: ["n", FEATURES] }, ...(isWhole ? [{ name: "z", dims: [1, FEATURES] }] : [])],
    nodes: [
      { op_type: "Mul", input: ["x", "two"], output: ["y"] },
      ...(isWhole
        ? [{ op_type: "ReduceMax", input: ["x"], output: ["z"], attribute: [{ name: "axes", type: 7, ints: [0] }] }]
        : []),
    ],
    initializers: [tensor("two", [1], [2])],
  });
}

const threaded = (count: number, more: ModelConfig = {}): ModelConfig => ({
  max_batch_size: 20_000,
  parameters: { worker_threads: { string_value: String(count) } },
  ...more,
});

describe("a model of ONNX Runtime in threads", () => {
  beforeAll(() => writeFileSync(file("model.onnx"), doubling()));

  test.each([1, 2])("answers as on the loop, in %d of them", async (count) => {
    const model = await onnxOpener(threads)(file("model.onnx"), threaded(count));
    const own = await openOnnxModel(file("model.onnx"), {});
    expect([model.inputs, model.outputs, model.platform]).toEqual([own.inputs, own.outputs, own.platform]);
    for (const rows of [0, 1, 3, 5_001]) expect(await ask(model, rowsOf(rows))).toEqual(await ask(own, rowsOf(rows)));
    await model.close();
  });

  test("is opened in one where others are answered meanwhile, unless it says that it is to stay on the loop", async () => {
    const asked: string[] = [];
    const watched = {
      count: 2,
      ask: threads.ask.bind(threads),
      openOnnx: (...given: Parameters<ModelThreads["openOnnx"]>) => {
        asked.push(`${given[1].instances}`);
        return threads.openOnnx(...given);
      },
    } as unknown as ModelThreads;
    const open = onnxOpener(watched);
    for (const [config, isAnswering] of [
      [{}, false],
      [{}, true],
      [threaded(0), true],
      [{ instance_group: [{ count: 2, kind: "KIND_CPU" }] }, false],
      [{ instance_group: [{ count: 9, kind: "KIND_CPU" }] }, false],
    ] as const)
      await (await open(file("model.onnx"), config, { isAnswering })).close();
    expect(asked).toEqual(["1", "2", "2"]);
  });

  test("that cannot be opened, or asks for more threads than there are, says why", async () => {
    writeFileSync(file("none.onnx"), "no model");
    await expect(onnxOpener(threads)(file("none.onnx"), threaded(2))).rejects.toThrow(/\w/);
    await expect(onnxOpener(threads)(file("model.onnx"), threaded(3))).rejects.toThrow(/3 threads.*has 2/);
    await expect(onnxOpener()(file("model.onnx"), threaded(1))).rejects.toThrow(/1 threads.*has 0/);
    const odd = { ...threaded(2), parameters: { worker_threads: { string_value: "two" } } };
    await expect(onnxOpener(threads)(file("model.onnx"), odd)).rejects.toThrow(/worker_threads/);
  });

  test("shares no request out where its answer has not a row for each row", async () => {
    writeFileSync(file("whole.onnx"), doubling({ isWhole: true }));
    const model = await onnxOpener(threads)(file("whole.onnx"), threaded(2));
    const own = await openOnnxModel(file("whole.onnx"), {});
    expect(await ask(model, rowsOf(4_000))).toEqual(await ask(own, rowsOf(4_000)));
  });

  test("answers to others while a thread has a long request", async () => {
    const model = await onnxOpener(threads)(file("model.onnx"), threaded(2));
    const answers = await Promise.all(Array.from({ length: 200 }, (_, at) => ask(model, rowsOf((at % 7) + 1))));
    for (const [at, answer] of answers.entries()) expect(answer[0]?.data).toHaveLength(((at % 7) + 1) * FEATURES);
  });
});

describe("a thread that ends", () => {
  const program = new URL("./support/dying-child.ts", import.meta.url);
  const one = (value: number): Tensor => ({ name: "x", datatype: "FP32", shape: [1], data: Float32Array.of(value) });

  test("fails what it was asked, and its models are opened anew by who asks next", async () => {
    const gone: unknown[] = [];
    const mortal = new ModelThreads({ threads: 1, onEnded: (error) => gone.push(error), program });
    writeFileSync(file("mortal.onnx"), "");
    const [model] = await mortal.openOnnx(file("mortal.onnx"), { config: {}, instances: 1 });
    if (model === undefined) throw new Error("there is no model");
    const value = async (given: number) => (await model.infer([one(given)], ["x"]))[0]?.data[0];
    expect(await value(1)).toBe(1);
    const asked = [value(13), value(2)];
    const settled = await Promise.allSettled(asked);
    expect(
      settled.map((answer) => (answer.status === "rejected" ? (answer.reason as { code: string }).code : "")),
    ).toEqual(["inference/thread-ended", "inference/thread-ended"]);
    expect(gone).toHaveLength(1);
    expect(await value(3)).toBe(3);
    // What cannot be opened for a while is tried again by each who asks.
    await expect(value(13)).rejects.toMatchObject({ code: "inference/thread-ended" });
    rmSync(file("mortal.onnx"));
    await expect(value(4)).rejects.toThrow(/it is not there/);
    writeFileSync(file("mortal.onnx"), "");
    expect(await value(5)).toBe(5);
    await mortal.close();
    await expect(value(6)).rejects.toMatchObject({ code: "inference/thread-ended" });
    expect(gone).toHaveLength(2);
  });
});

describe("rows that are shared out", () => {
  /** Answers with each row doubled, after as many turns as its first value says; a negative one fails. */
  const slow = (): InferenceModel => ({
    platform: "test",
    backend: "test",
    inputs: [],
    outputs: [],
    infer: async ([x]) => {
      const data = x?.data as Float32Array;
      for (let turn = data[0] ?? 0; turn > 0; turn -= 1) await new Promise((resolve) => setImmediate(resolve));
      const bad = data.find((value) => value < 0);
      if (bad !== undefined) throw new Error(`bad ${bad}`);
      return [{ ...(x as Tensor), data: data.map((value) => value * 2) }];
    },
    close: async () => {},
  });
  const column = (...values: readonly number[]): Tensor => ({
    name: "x",
    datatype: "FP32",
    shape: [values.length],
    data: Float32Array.from(values),
  });

  test("come back in their order, whichever part is done first", async () => {
    const model = parallelModel([slow(), slow(), slow()], { rowsMin: 3 });
    expect(await ask(model, column(9, 1, 5, 2, 0, 3, 7), ["x"])).toMatchObject([
      { shape: [7], data: [18, 2, 10, 4, 0, 6, 14] },
    ]);
  });

  test("fail as the first part that fails", async () => {
    const model = parallelModel([slow(), slow()], { rowsMin: 2 });
    await expect(ask(model, column(5, -1, 0, -2), ["x"])).rejects.toThrow("bad -1");
    await expect(ask(model, column(5, 1, 0, -2), ["x"])).rejects.toThrow("bad -2");
  });
});

describe("trees", () => {
  /** Full trees of six levels, so many that a thousand rows are shared out. */
  const model: TreeModel = (() => {
    const [trees, inner, nodes] = [100, 31, 63];
    const each = <Value>(of: (node: number, tree: number) => Value) =>
      Array.from({ length: trees * nodes }, (_, at) => of(at % nodes, Math.floor(at / nodes)));
    return {
      features: ["a", "b", "c", "d"],
      objective: "binary" as const,
      classes: [],
      categories: {},
      bases: [0.5],
      roots: Int32Array.from({ length: trees }, (_, tree) => tree * nodes),
      feature: Int32Array.from(each((node, tree) => (node < inner ? (node + tree) % FEATURES : 0))),
      threshold: Float32Array.from(each((node, tree) => (node < inner ? Math.sin(node * 7 + tree) * 3 : 0))),
      set: Int32Array.from(each(() => -1)),
      sets: new Uint32Array(),
      left: Int32Array.from(each((node, tree) => (node < inner ? tree * nodes + node * 2 + 1 : -1))),
      right: Int32Array.from(each((node, tree) => (node < inner ? tree * nodes + node * 2 + 2 : -1))),
      missingLeft: new Uint8Array(trees * nodes),
      value: Float32Array.from(each((node, tree) => (node < inner ? 0 : Math.cos(node + tree)))),
      gain: new Float32Array(trees * nodes),
      cover: Float32Array.from(each(() => 1)),
    };
  })();

  test("answer the same on threads, for every output, whatever the form of their file", async () => {
    writeFileSync(file("model.mwt"), encodeModel(model));
    writeFileSync(file("trees.onnx"), await exportOnnx({ ...model, objective: "squared" }));
    const answering = { isAnswering: true };
    const trees = await treeOpener(threads)(file("model.mwt"), {}, answering);
    const compact = await onnxOpener(threads)(file("trees.onnx"), {}, answering);
    expect(compact.backend).toBe("millwright");
    for (const [shared, own] of [
      [trees, await openTreeModel(file("model.mwt"), {})],
      [compact, await openOnnxModel(file("trees.onnx"), {})],
    ] as const) {
      expect(shared.outputs).toEqual(own.outputs);
      expect(await ask(shared, rowsOf(1))).toEqual(await ask(own, rowsOf(1)));
      // What tells why takes long.
      const quick = own.outputs.map(({ name }) => name).filter((name) => name !== "contributions");
      expect(await ask(shared, rowsOf(3_001), quick)).toEqual(await ask(own, rowsOf(3_001), quick));
    }
  });

  test("in an MLflow folder are read in a thread too", async () => {
    mkdirSync(file("mlflow"), { recursive: true });
    writeFileSync(file("mlflow/model.onnx"), doubling());
    writeFileSync(file("mlflow/MLmodel"), "flavors:\n  onnx:\n    data: model.onnx\n    onnx_version: 1.16.0\n");
    const open = openMlflowModel({ onnx: onnxOpener(threads), python: openOnnxModel, threads });
    const opened = await open(file("mlflow/MLmodel"), {}, { isAnswering: true });
    expect((await ask(opened, rowsOf(1)))[0]?.data).toEqual([...(rowsOf(1).data as Float32Array)].map((x) => x * 2));
  });
});

describe("weights beside a graph", () => {
  const weights = new Uint8Array(Float32Array.of(3).buffer);
  const graph = (location: string) =>
    onnxFile({
      inputs: [{ name: "x", dims: ["n", FEATURES] }],
      outputs: [{ name: "y", dims: ["n", FEATURES] }],
      nodes: [{ op_type: "Mul", input: ["x", "by"], output: ["y"] }],
      initializers: [
        {
          name: "by",
          dims: [1],
          data_type: 1,
          data_location: 1,
          external_data: [
            { key: "location", value: location },
            { key: "offset", value: "0" },
            { key: "length", value: "4" },
          ],
        },
      ],
    });
  beforeEach(() => {
    mkdirSync(file("graph/inner"), { recursive: true });
    writeFileSync(file("graph/inner/weights.bin"), weights);
    writeFileSync(file("outside.bin"), weights);
  });
  const opened = (location: string) => {
    writeFileSync(file("graph/model.onnx"), graph(location));
    return openOnnxModel(file("graph/model.onnx"), {});
  };

  test("are read from its folder and below it", async () => {
    const model = await opened("inner/weights.bin");
    expect((await ask(model, rowsOf(1)))[0]?.data).toEqual(
      [...(rowsOf(1).data as Float32Array)].map((x) => Math.fround(x * 3)),
    );
  });

  test("are refused anywhere else: by their path, from the root, or by a link", async () => {
    for (const location of ["../outside.bin", file("outside.bin"), "inner/../../outside.bin"])
      await expect(opened(location)).rejects.toThrow(/outside of its folder/);
    rmSync(file("graph/link.bin"), { force: true });
    symlinkSync(file("outside.bin"), file("graph/link.bin"));
    await expect(opened("link.bin")).rejects.toThrow(/outside of its folder/);
    await expect(opened("none.bin")).rejects.toThrow(/are not there/);
  });
});

describe("an execution provider", () => {
  beforeAll(() => writeFileSync(file("model.onnx"), doubling()));
  const provider = (name: string, more: object = {}): ModelConfig => ({
    parameters: { execution_provider: { string_value: name }, ...more },
  });
  const fallback = { fallback: { string_value: "cpu" } };

  test("that is not there fails the load and is named, unless the processor may do it", async () => {
    await expect(openOnnxModel(file("model.onnx"), provider("openvino"))).rejects.toThrow(/provider openvino is not/);
    await expect(
      openOnnxModel(file("model.onnx"), {
        optimization: { execution_accelerators: { cpu_execution_accelerator: [{ name: "openvino" }] } },
      }),
    ).rejects.toThrow(/provider openvino is not/);
    const model = await openOnnxModel(file("model.onnx"), provider("openvino", fallback));
    expect((await ask(model, rowsOf(1)))[0]?.shape).toEqual([1, FEATURES]);
  });

  test("is told by a name, and falls back to nothing but the processor", async () => {
    await expect(openOnnxModel(file("model.onnx"), provider("../cuda"))).rejects.toThrow(/no name/);
    const odd = { fallback: { string_value: "gpu" } };
    await expect(openOnnxModel(file("model.onnx"), provider("cuda", odd))).rejects.toThrow(/fallback is "gpu"/);
  });
});
