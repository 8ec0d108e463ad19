import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { silentLogger } from "@millwright/kernel";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openFolderModels, type InferenceModel, type Tensor, type TensorSpec } from "../src/inference/index.ts";

// Models that are asked in sequences, and models that are asked before they are served.

let root: string;
let now: number;
/** What the model was given, in its order. */
let given: Record<string, unknown>[];
let gate: Promise<void> | undefined;
/** Of each answer what the server keeps as the sequence's state, as long as it keeps it. */
let states: WeakRef<object>[];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "mill-sequences-"));
  mkdirSync(join(root, "sums", "1"), { recursive: true });
  writeFileSync(join(root, "sums", "1", "model.onnx"), "");
  [now, given, gate, states] = [0, [], undefined, []];
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const spec = (name: string, datatype: TensorSpec["datatype"] = "INT32"): TensorSpec => ({
  name,
  datatype,
  shape: [1],
  dimensionNames: [undefined],
});
const one = (name: string, value: number): Tensor => ({
  name,
  datatype: "INT32",
  shape: [1],
  data: Int32Array.of(value),
});

/** Answers with the sum of what came before in STATE and X; STATE goes out as NEXT. */
const summing: InferenceModel = {
  platform: "test",
  backend: "test",
  inputs: [spec("X"), spec("START"), spec("END"), spec("READY"), spec("ID", "UINT64"), spec("STATE")],
  outputs: [spec("SUM"), spec("NEXT")],
  infer: async (inputs, outputs) => {
    await gate;
    const told = Object.fromEntries(inputs.map(({ name, data }) => [name, data[0]]));
    given.push(told);
    if (told["X"] === 13) throw new Error("thirteen");
    const sum = Number(told["X"]) + Number(told["STATE"] ?? 0);
    const answered = outputs.map((name) => one(name, sum));
    for (const { name, data } of answered) if (name === "NEXT") states.push(new WeakRef(data));
    return answered;
  },
  close: async () => {},
};

const CONTROLS = `
  control_input [
    { name: "START" control [{ kind: CONTROL_SEQUENCE_START int32_false_true: [0, 1] }] },
    { name: "END" control [{ kind: CONTROL_SEQUENCE_END int32_false_true: [0, 1] }] },
    { name: "READY" control [{ kind: CONTROL_SEQUENCE_READY int32_false_true: [0, 7] }] },
    { name: "ID" control [{ kind: CONTROL_SEQUENCE_CORRID data_type: TYPE_UINT64 }] }
  ]
  state [{ input_name: "STATE" output_name: "NEXT" data_type: TYPE_INT32 dims: [1] }]`;

async function opened(config: string) {
  writeFileSync(join(root, "sums", "config.pbtxt"), config);
  return openFolderModels({
    root,
    openModel: async () => summing,
    clock: { nowMs: () => 0, monotonicMs: () => now },
    logger: silentLogger,
  });
}

async function asking(more = "") {
  const models = await opened(`sequence_batching { ${CONTROLS} ${more} }`);
  const served = models.find("sums");
  return async (parameters: Record<string, unknown>, value: number, limits: object = {}) => {
    const work = { inputs: [one("X", value)], outputs: ["SUM"], rows: 1, parameters, ...limits };
    const { outputs } = await served.scheduler.run(work);
    return outputs.map(({ name, data }) => [name, data[0]]);
  };
}

const begin = { sequence_start: true };
const end = { sequence_end: true };
const code = (answer: Promise<unknown>) =>
  answer.then(
    () => "answered",
    (error: { code?: string; message: string }) => error.code ?? error.message,
  );

describe("requests of sequences", () => {
  test("are told to the model, and its state goes from one to the next", async () => {
    const ask = await asking();
    expect(await ask({ sequence_id: 5, ...begin }, 1)).toEqual([["SUM", 1]]);
    expect(await ask({ sequence_id: 6, ...begin }, 100)).toEqual([["SUM", 100]]);
    expect(await ask({ sequence_id: 5 }, 2)).toEqual([["SUM", 3]]);
    expect(await ask({ sequence_id: 6 }, 200)).toEqual([["SUM", 300]]);
    expect(await ask({ sequence_id: 5, ...end }, 3)).toEqual([["SUM", 6]]);
    expect(given[0]).toEqual({ X: 1, START: 1, END: 0, READY: 7, ID: 5n, STATE: 0 });
    expect(given[4]).toEqual({ X: 3, START: 0, END: 1, READY: 7, ID: 5n, STATE: 3 });
  });

  test("of which no more come are forgotten, with their state, when another begins", async () => {
    const ask = await asking("max_sequence_idle_microseconds: 1000");
    await ask({ sequence_id: 1, ...begin }, 1);
    now += 2;
    await ask({ sequence_id: 2, ...begin }, 2);
    await new Promise((done) => setImmediate(done));
    setFlagsFromString("--expose-gc");
    (runInNewContext("gc") as () => void)();
    expect(states.map((state) => state.deref() === undefined)).toEqual([true, false]);
  });

  test("hide from callers what the server gives and keeps", async () => {
    const models = await opened(`sequence_batching { ${CONTROLS} }`);
    const { inputs, outputs } = models.find("sums").model;
    expect([inputs, outputs].map((side) => side.map(({ name }) => name))).toEqual([["X"], ["SUM"]]);
  });

  test("go one after the other as they came, those of others beside them", async () => {
    const ask = await asking();
    let letGo = () => {};
    gate = new Promise((resolve) => (letGo = resolve));
    const answers = [
      ask({ sequence_id: "a", ...begin }, 1),
      ask({ sequence_id: "a" }, 2),
      ask({ sequence_id: "b", ...begin }, 10),
      ask({ sequence_id: "a", ...end }, 4),
      ask({ sequence_id: "a", ...begin }, 8),
    ];
    letGo();
    expect((await Promise.all(answers)).flat().map(([, sum]) => sum)).toEqual([1, 3, 10, 7, 8]);
  });

  test("that fail leave the state as it was", async () => {
    const ask = await asking();
    await ask({ sequence_id: 1, ...begin }, 1);
    expect(await code(ask({ sequence_id: 1 }, 13))).toBe("thirteen");
    expect(await ask({ sequence_id: 1 }, 2)).toEqual([["SUM", 3]]);
  });

  test("are refused without a sequence, and where theirs has not begun, has ended or was idle too long", async () => {
    const ask = await asking("max_sequence_idle_microseconds: 5000");
    for (const parameters of [{}, { sequence_id: 0 }, { sequence_id: "" }, { sequence_id: 1.5 }, { sequence_id: 4 }])
      expect(await code(ask(parameters, 1))).toBe("inference/bad-request");
    await ask({ sequence_id: 4, ...begin }, 1);
    now += 5;
    await ask({ sequence_id: 4 }, 1);
    now += 6;
    expect(await code(ask({ sequence_id: 4 }, 1))).toBe("inference/bad-request");
    await ask({ sequence_id: 4, ...begin, ...end }, 1);
    expect(await code(ask({ sequence_id: 4 }, 1))).toBe("inference/bad-request");
  });

  test("beyond so many sequences begin none until one has ended or is idle", async () => {
    const ask = await asking("max_sequence_idle_microseconds: 5000 oldest { max_candidate_sequences: 2 }");
    for (const id of [1, 2]) await ask({ sequence_id: id, ...begin }, 1);
    expect(await code(ask({ sequence_id: 3, ...begin }, 1))).toBe("inference/overloaded");
    await ask({ sequence_id: 1, ...end }, 1);
    await ask({ sequence_id: 3, ...begin }, 1);
    expect(await code(ask({ sequence_id: 4, ...begin }, 1))).toBe("inference/overloaded");
    now += 6;
    await ask({ sequence_id: 4, ...begin }, 1);
  });

  test("that come too late behind the others are not executed", async () => {
    const ask = await asking();
    let letGo = () => {};
    gate = new Promise((resolve) => (letGo = resolve));
    const first = ask({ sequence_id: 1, ...begin }, 1);
    const late = code(ask({ sequence_id: 1 }, 2, { deadlineMs: 10 }));
    const gone = code(ask({ sequence_id: 1 }, 2, { isCancelled: () => true }));
    now = 20;
    letGo();
    await first;
    expect([await late, await gone, given.length]).toEqual(["inference/deadline", "inference/cancelled", 1]);
  });

  test.each([
    ['control_input [{ name: "NONE" control [{ }] }]', /"NONE" is no input/],
    ['control_input [{ name: "START" }]', /has not one control/],
    ['control_input [{ name: "START" control [{ int32_false_true: [1] }] }]', /has not two values/],
    ['state [{ input_name: "STATE" output_name: "NONE" }]', /is no input and output/],
  ])("are refused at the load where %s", async (told, why) => {
    const models = await opened(`sequence_batching { ${told} }`);
    expect((await models.index())[0]?.reason).toMatch(why);
  });
});

describe("a model's warm-up", () => {
  const sample = (input: string, more = "") =>
    `model_warmup [{ name: "first" ${more} inputs { key: "X" value { data_type: TYPE_INT32 dims: [1] ${input} } } }] sequence_batching { ${CONTROLS} }`;

  test("asks it before it is served, as often as told, with zeroes, numbers or a file's", async () => {
    mkdirSync(join(root, "sums", "warmup"));
    writeFileSync(join(root, "sums", "warmup", "x.bin"), Int32Array.of(41));
    for (const [input, expected] of [
      ["zero_data: true", 0],
      ['input_data_file: "x.bin"', 41],
    ] as const) {
      given = [];
      const models = await opened(sample(input, "count: 3"));
      expect((await models.index())[0]?.state).toBe("READY");
      expect(given.map(({ X }) => X)).toEqual([expected, expected, expected]);
    }
    given = [];
    await opened(sample("random_data: true"));
    expect(given[0]?.["X"]).toBeGreaterThan(0);
  });

  test.each([
    ['input_data_file: "../x.bin"', /is no file's name/],
    ['input_data_file: "none.bin"', /are not at warmup\/none.bin/],
    ["dims: [2] zero_data: true", /has X of \[1, 2\]/],
  ])("fails the load where %s", async (input, why) => {
    const models = await opened(sample(input));
    expect((await models.index())[0]).toMatchObject({
      state: "UNAVAILABLE",
      reason: expect.stringMatching(why) as string,
    });
  });

  test("fails the load where the model does", async () => {
    mkdirSync(join(root, "sums", "warmup"));
    writeFileSync(join(root, "sums", "warmup", "bad.bin"), Int32Array.of(13));
    const models = await opened(sample('input_data_file: "bad.bin"'));
    expect((await models.index())[0]?.reason).toMatch(/"first" failed: thirteen/);
  });
});
