import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger, systemClock } from "@millwright/kernel";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openFolderModels, type InferenceModel } from "../src/inference/index.ts";
import { serveEcho } from "./support/tagged-models.ts";

let served: Awaited<ReturnType<typeof serveEcho>>;
beforeAll(async () => {
  served = await serveEcho();
});
afterAll(() => served.close());

type Input = Record<string, unknown>;

function inputs(change: Input = {}): Input[] {
  const shape = [1, 2];
  const tag: Input = { name: "TAG", datatype: "INT64", shape, data: [1, 2], ...change };
  for (const [name, value] of Object.entries(change)) if (value === undefined) delete tag[name];
  return [
    tag,
    { name: "TEXT", datatype: "BYTES", shape, data: ["a", "b"] },
    { name: "HALF", datatype: "FP16", shape, data: [0, 1] },
  ];
}

const ECHO = "/v2/models/echo/infer";

async function ask(path: string, body: unknown, headers: Record<string, string> = {}, method = "POST") {
  const sent = Buffer.isBuffer(body) || typeof body === "string" ? body : JSON.stringify(body);
  const response = await fetch(`${served.url}${path}`, {
    method,
    headers,
    ...(method === "GET" ? {} : { body: sent }),
  });
  const text = await response.text();
  return { status: response.status, answer: JSON.parse(text) as { error?: string; outputs?: { data: unknown[] }[] } };
}

async function stillAnswers(): Promise<void> {
  const { status, answer } = await ask(ECHO, { inputs: inputs(), outputs: [{ name: "TEXT" }] });
  expect({ status, data: answer.outputs?.[0]?.data }).toEqual({ status: 200, data: ["a", "b"] });
}

describe("a folder of models", () => {
  test("a configuration that does not fit is told, and what served before goes on", async () => {
    const write = (text: string) => writeFileSync(join(served.root, "echo", "config.pbtxt"), text);
    const load = (body: object = {}) => ask("/v2/repository/models/echo/load", body);
    write('input [ { name: "NONE" data_type: TYPE_FP32 dims: [ 1 ] } ]');
    expect((await load()).answer.error).toContain("NONE");
    await stillAnswers();
    write("max_batch_size: }");
    expect((await load()).status).toBe(422);
    write(
      'max_batch_size: 2\nversion_policy { specific { versions: [ 1 ] } }\noutput [ { name: "TAG" data_type: TYPE_INT64 dims: [ 2 ] label_filename: "labels.txt" } ]',
    );
    writeFileSync(join(served.root, "echo", "labels.txt"), "low\nhigh\n");
    expect((await load()).status).toBe(200);
    const classified = await ask(ECHO, {
      inputs: inputs(),
      outputs: [{ name: "TAG", parameters: { classification: 1 } }],
    });
    expect(classified.answer.outputs?.[0]?.data).toEqual(["2:1:high"]);
    const many = Array.from({ length: 6 }, () => "x");
    const rows = inputs().map((input) => ({
      ...input,
      shape: [3, 2],
      data: input["name"] === "TEXT" ? many : [1, 2, 3, 4, 5, 6],
    }));
    expect((await ask(ECHO, { inputs: rows })).answer.error).toContain("3 rows");
    const index = await ask("/v2/repository/index", {});
    expect(index.answer).toEqual([{ name: "echo", version: "1", state: "READY", reason: "" }]);
    expect((await load({ parameters: { config: JSON.stringify({ version_policy: { all: {} } }) } })).status).toBe(200);
    expect((await ask("/v2/models/echo/versions/2/infer", { inputs: inputs() })).status).toBe(200);
  });

  test("what is unloaded is refused until it is loaded again", async () => {
    expect((await ask("/v2/repository/models/echo/unload", {})).status).toBe(200);
    expect((await ask(ECHO, { inputs: inputs() })).status).toBe(409);
    expect((await ask("/v2/repository/models/echo/load", {})).status).toBe(200);
    await stillAnswers();
  });
});

test("at the start one model that takes its time holds up no other", async () => {
  const root = mkdtempSync(join(tmpdir(), "mill-start-"));
  for (const name of ["first", "second"]) {
    mkdirSync(join(root, name, "1"), { recursive: true });
    writeFileSync(join(root, name, "1", "model.onnx"), "");
  }
  const second = Promise.withResolvers<void>();
  const model: InferenceModel = {
    platform: "test",
    backend: "test",
    inputs: [],
    outputs: [],
    infer: async () => [],
    close: async () => {},
  };
  const openModel = async (file: string) => {
    if (file.includes("second")) second.resolve();
    await second.promise;
    return model;
  };
  const models = await openFolderModels({ root, openModel, clock: systemClock, logger: silentLogger });
  expect((await models.index()).map(({ name, state }) => [name, state])).toEqual([
    ["first", "READY"],
    ["second", "READY"],
  ]);
  await models.close();
  rmSync(root, { recursive: true, force: true });
});
