import { expect, test } from "vitest";
import type { InferenceModel } from "../src/inference/index.ts";
import { serveNamed } from "./support/serve-named.ts";

// What a model answers may be far larger than what it is asked.

const COUNT = { name: "count", datatype: "INT32", shape: [1], dimensionNames: [undefined] } as const;
const MANY = { name: "many", datatype: "FP32", shape: [-1], dimensionNames: [undefined] } as const;

/** Answers with as many numbers as it is asked for. */
const expanding: InferenceModel = {
  platform: "test",
  backend: "test",
  inputs: [COUNT],
  outputs: [MANY],
  infer: async ([count]) => {
    const data = new Float32Array(Number(count?.data[0] ?? 0)).fill(0.5);
    return [{ name: "many", datatype: "FP32", shape: [data.length], data }];
  },
  close: async () => {},
};

/** As JSON these may take more than four times the largest body, which is of 1 MiB here; as bytes they do not. */
const TOO_MANY = 200_000;
/** Nor may these as bytes. */
const FAR_TOO_MANY = 2_000_000;

test("an answer that would be too large as JSON is refused before it is written; as bytes it is answered", async () => {
  const served = await serveNamed(() => ({ expanding }));
  const ask = async (count: number, parameters: object) => {
    const inputs = [{ name: "count", datatype: "INT32", shape: [1], data: [count] }];
    const body = JSON.stringify({ inputs, parameters });
    const response = await fetch(`${served.url}/v2/models/expanding/infer`, { method: "POST", body });
    return { status: response.status, bytes: Buffer.from(await response.arrayBuffer()) };
  };
  const few = await ask(1_000, {});
  expect([few.status, few.bytes.toString().match(/0\.5/g)?.length]).toEqual([200, 1_000]);
  const refused = await ask(TOO_MANY, {});
  expect(refused.status).toBe(413);
  expect(JSON.parse(refused.bytes.toString())).toMatchObject({ code: "inference/large-answer" });
  const asBytes = await ask(TOO_MANY, { binary_data_output: true });
  expect([asBytes.status, asBytes.bytes.length > TOO_MANY * 4]).toEqual([200, true]);
  const tooManyBytes = await ask(FAR_TOO_MANY, { binary_data_output: true });
  expect([tooManyBytes.status, JSON.parse(tooManyBytes.bytes.toString())]).toEqual([
    413,
    expect.objectContaining({ code: "inference/large-answer" }),
  ]);
  const rows = JSON.stringify({ instances: [TOO_MANY] });
  const first = await fetch(`${served.url}/v1/models/expanding:predict`, { method: "POST", body: rows });
  expect([first.status, await first.json()]).toEqual([
    413,
    expect.objectContaining({ code: "inference/large-answer" }),
  ]);
  await served.close();
});

/** How a whole number is given over gRPC: the answer's tensors come in the same form. */
const GIVEN = {
  "in a list": (count: number) => ({ contents: { int_contents: [count] } }),
  raw: (count: number) => ({ raw: Buffer.from(Int32Array.of(count).buffer) }),
} as const;

test.each(Object.entries(GIVEN))("over gRPC an answer that would be too large is refused too, %s", async (_, given) => {
  const served = await serveNamed(() => ({ expanding }));
  const ask = (count: number) => {
    const { raw, ...contents } = { raw: undefined, ...given(count) };
    const inputs = [{ name: "count", datatype: "INT32", shape: [1], ...contents }];
    return served.inferGrpc({ model_name: "expanding", inputs, raw_input_contents: raw === undefined ? [] : [raw] });
  };
  await expect(ask(TOO_MANY)).resolves.toMatchObject({ model_name: "expanding" });
  await expect(ask(FAR_TOO_MANY)).rejects.toMatchObject({
    code: 8,
    details: expect.stringContaining("are answered at once") as string,
  });
  await served.close();
});
