import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { given, type AskedBy, type AskModel, type InferenceModel, type Tensor } from "../src/inference/index.ts";
import { serveNamed } from "./support/serve-named.ts";

// A model that asks another of its server: the other is told what the caller's own request told.

const TEXT = { name: "TEXT", datatype: "BYTES", shape: [-1], dimensionNames: ["rows"] } as const;
const asked: AskedBy[] = [];

function model(infer: InferenceModel["infer"]): InferenceModel {
  return { platform: "test", backend: "test", inputs: [TEXT], outputs: [TEXT], infer, close: async () => {} };
}

const relay = (asker: string, name: string, ask: AskModel) =>
  model(async (inputs, _outputs, by) => (await ask({ asker, name, inputs: inputs.map(given) }, by)).outputs);

const listening = model(async (inputs, _outputs, by = {}) => {
  asked.push(by);
  return inputs.map((tensor): Tensor => ({ ...tensor, name: "TEXT" }));
});

let served: Awaited<ReturnType<typeof serveNamed>>;
beforeAll(async () => {
  served = await serveNamed((ask) => ({
    listening,
    first: relay("first", "second", ask),
    second: relay("second", "listening", ask),
    tail: relay("tail", "tail", ask),
    lost: relay("lost", "nobody", ask),
  }));
});
afterAll(() => served.close());

const body = (told: object = {}) =>
  JSON.stringify({ ...told, inputs: [{ name: "TEXT", datatype: "BYTES", shape: [1], data: ["hello"] }] });

async function infer(name: string, told: object = {}, headers: Readonly<Record<string, string>> = {}) {
  const response = await fetch(`${served.url}/v2/models/${name}/infer`, { method: "POST", body: body(told), headers });
  return { status: response.status, answer: (await response.json()) as Record<string, unknown> };
}

const last = () => asked.at(-1) ?? {};

describe("a model that asks another", () => {
  test("hands on what its caller's request told, over REST", async () => {
    const told = { id: "mine", parameters: { timeout: 60_000_000, priority: 2, mood: "well" } };
    const { status, answer } = await infer("first", told, { "X-User": "ada" });
    expect([status, answer["id"], answer["outputs"]]).toMatchObject([200, "mine", [{ data: ["hello"] }]]);
    const { id, parameters, priority, through, headers, deadlineMs, isCancelled } = last();
    expect([id, priority, through]).toEqual(["mine", 2, ["first", "second"]]);
    expect(parameters).toEqual(told.parameters);
    expect(headers?.()).toMatchObject({ "x-user": "ada" });
    expect(deadlineMs).toBeGreaterThan(served.server.clock.monotonicMs());
    expect(isCancelled?.()).toBe(false);
  });

  test("and over gRPC: what is metadata there is headers; all values of a key, and none that are binary", async () => {
    const message = {
      model_name: "first",
      id: "mine",
      parameters: { mood: { string_param: "well" } },
      inputs: [{ name: "TEXT", datatype: "BYTES", shape: [1], contents: { bytes_contents: [Buffer.from("hello")] } }],
    };
    await served.inferGrpc(message, { "X-User": ["ada", "eve"] });
    const { id, parameters, headers } = last();
    expect([id, parameters?.["mood"]]).toEqual(["mine", "well"]);
    expect(headers?.()["x-user"]).toBe("ada, eve");
    expect(Object.keys(headers?.() ?? {}).filter((name) => /^:|-bin$/.test(name))).toEqual([]);
  });

  test("its headers are bounded", async () => {
    const many = Object.fromEntries(Array.from({ length: 150 }, (_, at) => [`x-${at}`, "1"]));
    await infer("listening", {}, many);
    expect(Object.keys(last().headers?.() ?? {})).toHaveLength(128);
  });

  test("each is counted by its own statistics", async () => {
    const counts = () => ["first", "second", "listening"].map((name) => countOf(name));
    const before = counts();
    await infer("first");
    expect(counts()).toEqual(before.map((count) => count + 1));
  });

  test("what the other refuses is its own refusal", async () => {
    expect(await infer("lost")).toMatchObject({ status: 404, answer: { code: "inference/unknown-model" } });
  });

  test("a circle is refused by its names", async () => {
    const { status, answer } = await infer("tail");
    expect([status, answer["code"]]).toEqual([422, "inference/circle"]);
    expect(answer["detail"]).toContain("tail asks tail");
  });
});

function countOf(name: string): number {
  return served.server.models.find(name).statistics.report().execution_count;
}
