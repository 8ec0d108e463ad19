import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import type { GraphDefinition } from "../src/graphs/graph-definition.ts";
import type { InferenceModel, Tensor } from "../src/inference/index.ts";
import { inferenceErrors } from "../src/inference/errors.ts";
import { node, numbers, X, Y } from "./support/graph-parts.ts";
import { serveNamed } from "./support/serve-named.ts";

// Graphs of models as KServe's router runs them, over KServe's first protocol and the Open Inference Protocol.

let letGo = () => {};
const seen: string[] = [];
const models: Readonly<Record<string, InferenceModel>> = {
  double: numbers((values) => values.map((value) => 2 * value)),
  negate: numbers((values) => values.map((value) => -value)),
  halve: {
    ...numbers((values) => values),
    outputs: [{ ...Y, name: "half" }],
    infer: async ([input]) => {
      const data = Float64Array.from(input?.data as Float64Array, (value) => value / 2);
      return [{ name: "half", datatype: "FP64", shape: [data.length], data }];
    },
  },
  whole: {
    ...numbers((values) => values),
    inputs: [{ ...X, datatype: "INT64" }],
    outputs: [{ ...Y, datatype: "INT64" }],
    infer: async ([input]) => (input === undefined ? [] : [{ ...input, name: "y" }]),
  },
  failing: numbers(() => {
    throw inferenceErrors.create("inference/overloaded", { because: "it is full" });
  }),
  hanging: numbers(() => new Promise((resolve) => (letGo = () => resolve([1])))),
  noted: numbers((values) => {
    seen.push(values.join());
    return values;
  }),
};

/** Another server, that answers as its address says. */
let other: Server;
let address = "";
const asked: { path: string; body: string; headers: Record<string, unknown> }[] = [];

const graphs = (): readonly GraphDefinition[] => [
  {
    name: "chain",
    nodes: {
      root: node(
        "Sequence",
        { serviceName: "double" },
        { serviceName: "negate", data: "$response", mapPredictionsToInstances: true },
      ),
    },
  },
  { name: "asked-twice", nodes: { root: node("Sequence", { serviceName: "double" }, { serviceName: "negate" }) } },
  {
    name: "ensemble",
    nodes: { root: node("Ensemble", { name: "two", serviceName: "double" }, { serviceName: "negate" }) },
  },
  {
    name: "switch",
    nodes: {
      root: node(
        "Switch",
        { serviceName: "double", condition: "instances.#(>10)" },
        { serviceName: "double", condition: "inputs.#.data|@flatten|#(>10)" },
        { serviceName: "negate", condition: 'parameters|[@this].#(way=="back")' },
        { serviceName: "negate", condition: 'way|[@this]|#(=="back")' },
      ),
    },
  },
  {
    name: "either",
    nodes: {
      root: node(
        "Switch",
        { serviceName: "halve", condition: "inputs.#.data|@flatten|#(>10)" },
        { serviceName: "double", condition: "@this" },
      ),
    },
  },
  { name: "digits", nodes: { root: node("Switch", { serviceName: "whole", condition: "parameters.user" }) } },
  {
    name: "splitter",
    nodes: {
      root: node("Splitter", { serviceName: "double", weight: 20 }, { serviceName: "negate", weight: 80 }),
    },
  },
  {
    name: "until",
    nodes: {
      root: node(
        "Sequence",
        { serviceName: "double" },
        { serviceName: "negate", data: "$response", condition: "predictions.#(>10)", mapPredictionsToInstances: true },
      ),
    },
  },
  {
    name: "soft",
    nodes: { root: node("Sequence", { serviceName: "failing" }, { serviceName: "double" }) },
  },
  {
    name: "hard",
    nodes: {
      root: node("Sequence", { serviceName: "failing", dependency: "Hard" }, { serviceName: "noted" }),
    },
  },
  {
    name: "hard-ensemble",
    nodes: {
      root: node(
        "Ensemble",
        { serviceName: "double" },
        { name: "one", nodeName: "inner", dependency: "Hard" },
        { name: "two", serviceName: "failing", dependency: "Hard" },
      ),
      inner: node("Sequence", { serviceUrl: `${address}/teapot` }),
    },
  },
  {
    name: "soft-ensemble",
    nodes: { root: node("Ensemble", { name: "good", serviceName: "double" }, { name: "bad", serviceName: "failing" }) },
  },
  {
    name: "odd-ensemble",
    nodes: { root: node("Ensemble", { serviceName: "double" }, { name: "odd", serviceUrl: `${address}/text` }) },
  },
  {
    name: "nested",
    nodes: {
      root: node(
        "Sequence",
        { serviceName: "double" },
        { nodeName: "both", data: "$response", mapPredictionsToInstances: true },
      ),
      both: node("Ensemble", { name: "a", serviceName: "double" }, { name: "b", nodeName: "deep" }),
      deep: node("Switch", { serviceName: "negate", condition: "@this" }),
    },
  },
  { name: "of-graphs", nodes: { root: node("Sequence", { serviceName: "chain" }) } },
  { name: "waits", timeoutMs: 30, nodes: { root: node("Sequence", { serviceName: "hanging" }) } },
  {
    name: "late",
    nodes: { root: node("Sequence", { serviceName: "hanging" }, { serviceName: "noted", data: "$response" }) },
  },
  {
    name: "far",
    propagateHeaders: ["^x-user$"],
    nodes: { root: node("Sequence", { serviceUrl: `${address}/v1/models/far:predict` }) },
  },
  { name: "far-v2", nodes: { root: node("Sequence", { serviceUrl: `${address}/v2/models/far/infer` }) } },
  {
    name: "moved",
    stepTimeoutMs: 2_000,
    nodes: { root: node("Sequence", { serviceUrl: `${address}/moved`, dependency: "Hard" }) },
  },
  {
    name: "nobody-there",
    nodes: { root: node("Sequence", { serviceUrl: "http://127.0.0.1:9/v1/models/far:predict" }) },
  },
  { name: "not-yet", nodes: { root: node("Sequence", { serviceName: "absent" }) } },
];

let served: Awaited<ReturnType<typeof serveNamed>>;
let point = 0;
beforeAll(async () => {
  other = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const body = Buffer.concat(parts).toString();
      const path = request.url ?? "";
      asked.push({ path, body, headers: request.headers });
      const tensor = { name: "sum", datatype: "FP64", shape: [1] };
      if (path === "/teapot") response.writeHead(418).end('{"error":"short and stout"}');
      else if (path === "/text") response.end("well, no");
      else if (path === "/moved") response.writeHead(307, { location: `${address}/teapot` }).end("{}");
      else if (request.method === "GET")
        response.end(JSON.stringify({ inputs: [{ ...X, shape: [-1] }], outputs: [tensor] }));
      else if (path.startsWith("/v2/")) response.end(JSON.stringify({ outputs: [{ ...tensor, data: [7] }] }));
      else response.end('{"predictions":[12345678901234567890]}');
    });
  });
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  address = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
  served = await serveNamed(() => models, { graphs: graphs(), random: () => point });
});
afterAll(async () => {
  await served.close();
  other.close();
});

async function predict(name: string, body: object, headers: Readonly<Record<string, string>> = {}) {
  const url = `${served.url}/v1/models/${name}:predict`;
  const response = await fetch(url, { method: "POST", body: JSON.stringify(body), headers });
  return { status: response.status, text: await response.text() };
}

async function predicted(name: string, body: object): Promise<unknown> {
  const { status, text } = await predict(name, body);
  expect(status, text).toBe(200);
  return JSON.parse(text);
}

async function infer(name: string, data: readonly number[], told: object = {}) {
  const inputs = [{ name: "x", datatype: "FP64", shape: [data.length], data }];
  const url = `${served.url}/v2/models/${name}/infer`;
  const response = await fetch(url, { method: "POST", body: JSON.stringify({ inputs, ...told }) });
  const answer = (await response.json()) as { outputs?: { name: string; data: number[] }[]; code?: string };
  return { status: response.status, answer };
}

const outputsOf = async (name: string, data: readonly number[], told: object = {}) => {
  const { status, answer } = await infer(name, data, told);
  expect(status, JSON.stringify(answer)).toBe(200);
  return (answer.outputs ?? []).map((output) => [output.name, output.data]);
};

describe("a graph whose way decides its outputs", () => {
  const asking = (value: number, outputs: readonly string[]) => {
    const inputs = [{ name: "x", datatype: "FP64", shape: [1], data: [value] }];
    const body = JSON.stringify({ inputs, outputs: outputs.map((name) => ({ name })) });
    return fetch(`${served.url}/v2/models/either/infer`, { method: "POST", body });
  };

  test("never answers one in place of another that was asked for", async () => {
    const response = await asking(20, ["half", "y"]);
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('has no output \\"y\\"');
    expect((await asking(20, ["half"])).status).toBe(200);
    expect((await asking(20, [])).status).toBe(200);
  });
});

test("a condition sees parameters with digits that JavaScript's numbers have not", async () => {
  const body =
    '{"parameters":{"user":9007199254740993},"inputs":[{"name":"x","datatype":"INT64","shape":[1],"data":[9007199254740993]}]}';
  const response = await fetch(`${served.url}/v2/models/digits/infer`, { method: "POST", body });
  const text = await response.text();
  expect(response.status, text).toBe(200);
  expect(text).toContain('"data":[9007199254740993]');
});

describe("a graph over KServe's first protocol", () => {
  test("a sequence hands on its answers as instances, or its request", async () => {
    expect(await predicted("chain", { instances: [1, 2] })).toEqual({ predictions: [-2, -4] });
    expect(await predicted("asked-twice", { instances: [1, 2] })).toEqual({ predictions: [-1, -2] });
    expect(await predicted("of-graphs", { instances: [3] })).toEqual({ predictions: [-6] });
  });

  test("an ensemble answers each step by its name or its place", async () => {
    expect(await predicted("ensemble", { instances: [1] })).toEqual({
      two: { predictions: [2] },
      1: { predictions: [-1] },
    });
  });

  test("a switch takes the first step whose condition finds something, and says when there is none", async () => {
    expect(await predicted("switch", { instances: [11] })).toEqual({ predictions: [22] });
    expect(await predicted("switch", { instances: [1], way: "back" })).toEqual({ predictions: [-1] });
    const { status, text } = await predict("switch", { instances: [1] });
    expect([status, JSON.parse(text)]).toMatchObject([404, { code: "inference/no-route" }]);
  });

  test("a sequence ends with the answer before a condition that is not met", async () => {
    expect(await predicted("until", { instances: [1] })).toEqual({ predictions: [2] });
    expect(await predicted("until", { instances: [6] })).toEqual({ predictions: [-12] });
  });

  test("a splitter goes by the weights", async () => {
    const ways = [];
    for (point = 0; point < 0.999; point += 0.05) ways.push(await predicted("splitter", { instances: [1] }));
    point = 0;
    const doubled = ways.filter((way) => JSON.stringify(way) === '{"predictions":[2]}');
    expect([ways.length, doubled.length]).toEqual([20, 4]);
  });

  test("after a soft step that failed it goes on; a hard one's failure is the answer, and nothing follows", async () => {
    expect(await predicted("soft", { instances: [1] })).toEqual({ predictions: [2] });
    const hard = await predict("hard", { instances: [1] });
    expect([hard.status, JSON.parse(hard.text)]).toMatchObject([503, { code: "inference/overloaded" }]);
    expect(seen).toEqual([]);
  });

  test("in an ensemble the first hard step that failed answers; what a soft one said is in the answer", async () => {
    expect(await predict("hard-ensemble", { instances: [1] })).toEqual({
      status: 418,
      text: '{"error":"short and stout"}',
    });
    const soft = await predicted("soft-ensemble", { instances: [1] });
    expect(soft).toMatchObject({ good: { predictions: [2] }, bad: { code: "inference/overloaded", status: 503 } });
  });

  test("in an ensemble a step that answers no JSON fails the whole: it cannot be a part of one", async () => {
    const { status, text } = await predict("odd-ensemble", { instances: [1] });
    expect([status, JSON.parse(text)]).toMatchObject([
      502,
      { code: "inference/step-failed", detail: expect.stringContaining("step odd of root answered no JSON") },
    ]);
  });

  test("nodes within nodes", async () => {
    const answer = { a: { predictions: [4] }, b: { predictions: [-2] } };
    expect(await predicted("nested", { instances: [1] })).toEqual(answer);
  });

  test("another server is sent the body as it is and the headers that are named, and its digits stay", async () => {
    const { text } = await predict("far", { instances: [[1]], more: 1 }, { "X-User": "ada", "X-Other": "eve" });
    expect(text).toBe('{"predictions":[12345678901234567890]}');
    const { body, headers } = asked.at(-1) ?? {};
    expect([body, headers?.["x-user"], headers?.["x-other"]]).toEqual([
      '{"instances":[[1]],"more":1}',
      "ada",
      undefined,
    ]);
  });

  test("another server's redirection is not followed, and one that is not there is told of", async () => {
    const before = asked.length;
    expect((await predict("moved", { instances: [1] })).status).toBe(307);
    expect(asked.slice(before).map(({ path }) => path)).toEqual(["/moved"]);
    const { status, text } = await predict("nobody-there", { instances: [1] });
    expect([status, JSON.parse(text)]).toMatchObject([502, { code: "inference/step-failed" }]);
  });
});

describe("a graph over the Open Inference Protocol", () => {
  test("has the inputs of the models that take its request, and the outputs of those that answer", async () => {
    const tell = async (name: string) => (await fetch(`${served.url}/v2/models/${name}`)).json();
    const [x, y] = [X, Y].map(({ name }) => ({ name, datatype: "FP64", shape: [-1] }));
    expect(await tell("chain")).toMatchObject({ platform: "kserve_inference_graph", inputs: [x], outputs: [y] });
    const outputs = [
      { ...y, name: "a.y" },
      { ...y, name: "b.y" },
    ];
    expect(await tell("nested")).toMatchObject({ inputs: [x], outputs });
    expect(await tell("far-v2")).toMatchObject({ inputs: [x], outputs: [{ name: "sum" }] });
  });

  test("answers tensors, an ensemble's by its steps' names", async () => {
    expect(await outputsOf("chain", [1, 2])).toEqual([["y", [-2, -4]]]);
    const both = [
      ["two.y", [2]],
      ["1.y", [-1]],
    ];
    expect(await outputsOf("ensemble", [1])).toEqual(both);
    expect(await outputsOf("ensemble", [1], { outputs: [{ name: "1.y" }] })).toEqual([both[1]]);
    expect(await outputsOf("nested", [1])).toEqual([
      ["a.y", [4]],
      ["b.y", [-2]],
    ]);
    expect(await outputsOf("soft-ensemble", [1])).toEqual([["good.y", [2]]]);
    expect(await outputsOf("far-v2", [1])).toEqual([["sum", [7]]]);
    expect(await outputsOf("of-graphs", [1])).toEqual([["y", [-2]]]);
  });

  test("conditions are of the request as JSON, its parameters too", async () => {
    expect(await outputsOf("switch", [11])).toEqual([["y", [22]]]);
    expect(await outputsOf("switch", [1], { parameters: { way: "back" } })).toEqual([["y", [-1]]]);
    expect(await infer("switch", [1])).toMatchObject({ status: 404, answer: { code: "inference/no-route" } });
  });

  test("what fails has the step's own status; what did not take place has no output", async () => {
    expect(await infer("hard", [1])).toMatchObject({ status: 503, answer: { code: "inference/overloaded" } });
    expect(await infer("hard-ensemble", [1])).toMatchObject({ status: 418, answer: { code: "inference/step-failed" } });
    const lost = await infer("soft-ensemble", [1], { outputs: [{ name: "bad.y" }] });
    expect(lost).toMatchObject({ status: 400, answer: { code: "inference/bad-request" } });
  });

  test("over gRPC too", async () => {
    const inputs = [{ name: "x", datatype: "FP64", shape: [2], contents: { fp64_contents: [1, 2] } }];
    const answer = await served.inferGrpc({ model_name: "chain", inputs });
    expect(answer).toMatchObject({ outputs: [{ name: "y", contents: { fp64_contents: [-2, -4] } }] });
  });

  test("a graph without all of its models is not ready, and says which is missing", async () => {
    expect(await infer("not-yet", [1])).toMatchObject({ status: 409, answer: { code: "inference/not-ready" } });
    const index = (await (await fetch(`${served.url}/v2/repository/index`, { method: "POST" })).json()) as object[];
    expect(index).toContainEqual({
      name: "not-yet",
      version: "1",
      state: "UNAVAILABLE",
      reason: 'its model "absent" does not answer',
    });
  });
});

describe("the time of a graph", () => {
  test("is the whole's: its own, and its caller's", async () => {
    expect(await infer("waits", [1])).toMatchObject({ status: 504, answer: { code: "inference/deadline" } });
    letGo();
    expect((await predict("waits", { instances: [1] })).status).toBe(504);
    letGo();
    const told = { parameters: { timeout: 20_000 } };
    expect(await infer("late", [1], told)).toMatchObject({ status: 504, answer: { code: "inference/deadline" } });
    const before = seen.length;
    letGo();
    await new Promise((resolve) => setImmediate(resolve));
    expect(seen.length).toBe(before);
  });

  test("a caller who has gone has no further step executed", async () => {
    const { models: directory, clock } = served.server;
    const graph = await directory.obtain("late");
    let isGone = false;
    const x: Tensor = { name: "x", datatype: "FP64", shape: [1], data: Float64Array.of(1) };
    const call = {
      inputs: [{ ...x, decode: () => x.data }],
      arrivedMs: clock.monotonicMs(),
      isCancelled: () => isGone,
    };
    const answer = served.server.infer(graph, call).catch((error: unknown) => error);
    await new Promise((resolve) => setImmediate(resolve));
    isGone = true;
    letGo();
    expect(await answer).toMatchObject({ code: "inference/cancelled" });
    expect(seen).toEqual([]);
  });
});

describe("what is seen of a graph", () => {
  test("its nodes and steps, with what each was asked", async () => {
    const view = async () =>
      (await (await fetch(`${served.url}/v2/models/switch/graph`)).json()) as {
        nodes: { root: { steps: { requests: number; skipped: number; target: string }[] } };
      };
    const before = (await view()).nodes.root.steps;
    await predicted("switch", { instances: [1], way: "back" });
    const after = (await view()).nodes.root.steps;
    const grown = after.map(({ requests, skipped }, at) => [
      requests - (before[at]?.requests ?? 0),
      skipped - (before[at]?.skipped ?? 0),
    ]);
    expect(grown).toEqual([
      [0, 1],
      [0, 1],
      [0, 1],
      [1, 0],
    ]);
    expect(after[3]).toMatchObject({ to: "model", target: "negate", dependency: "Soft", failures: 0 });
    expect((await fetch(`${served.url}/v2/models/double/graph`)).status).toBe(404);
  });

  test("its metrics, by step; and each of its models counts its own", async () => {
    const text = await (await fetch(`${served.url}/metrics`)).text();
    expect(text).toMatch(
      /millwright_graph_step_requests_total\{model="hard",node="root",step="0",target="failing"\} [1-9]/,
    );
    expect(text).toMatch(
      /millwright_graph_step_failures_total\{model="hard",node="root",step="0",target="failing"\} [1-9]/,
    );
    expect(text).toMatch(/nv_inference_request_success\{model="chain",version="1"\} [1-9]/);
  });
});

const REQUESTS = inject("full") ? 100_000 : 10_000;

test(`${REQUESTS} callers at once, each with its own numbers: every answer is its own`, async () => {
  const { models: directory, clock } = served.server;
  const names = ["chain", "nested", "ensemble", "switch", "soft-ensemble", "of-graphs"];
  const wanted: Readonly<Record<string, (value: number) => readonly number[]>> = {
    chain: (value) => [-2 * value],
    nested: (value) => [4 * value, -2 * value],
    ensemble: (value) => [2 * value, -value],
    switch: (value) => [2 * value],
    "soft-ensemble": (value) => [2 * value],
    "of-graphs": (value) => [-2 * value],
  };
  const answers = await Promise.all(
    Array.from({ length: REQUESTS }, async (_, at) => {
      const [name = "", value] = [names[at % names.length], 11 + at];
      const x: Tensor = { name: "x", datatype: "FP64", shape: [1], data: Float64Array.of(value) };
      const inputs = [{ ...x, decode: () => x.data }];
      const outputs = await served.server.infer(await directory.obtain(name), {
        inputs,
        arrivedMs: clock.monotonicMs(),
      });
      return (
        JSON.stringify(outputs.map(({ data }) => (data as Float64Array)[0])) === JSON.stringify(wanted[name]?.(value))
      );
    }),
  );
  expect(answers.filter((isOwn) => !isOwn)).toHaveLength(0);
});
