import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { silentLogger, systemClock, systemIds } from "@millwright/kernel";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import type { InferenceModel, Tensor } from "../src/inference/index.ts";
import { openPredictionLog } from "../src/prediction-log.ts";
import { headOf, payloadBody, textBody } from "../src/payloads/payload-body.ts";
import { createPayloadLog, payloadMetrics, type PayloadRecord } from "../src/payloads/payload-log.ts";
import { configuredPayloads } from "../src/payloads/payload-settings.ts";
import { serveNamed } from "./support/serve-named.ts";

// Requests and answers that are kept beside what answers: which, how much of each, and never a caller's keys.

const X = { name: "x", datatype: "FP32", shape: [-1, 2], dimensionNames: ["rows", undefined] } as const;
const SUM = { name: "sum", datatype: "FP32", shape: [-1], dimensionNames: ["rows"] } as const;
const N = { name: "n", datatype: "INT64", shape: [-1], dimensionNames: ["rows"] } as const;
const TEXT = { name: "text", datatype: "BYTES", shape: [-1], dimensionNames: ["rows"] } as const;

function model(told: Pick<InferenceModel, "inputs" | "outputs" | "infer">): InferenceModel {
  return { platform: "test", backend: "test", ...told, close: async () => {} };
}

const sums = () =>
  model({
    inputs: [X],
    outputs: [SUM],
    infer: async ([x]) => {
      const values = x?.data as Float32Array;
      if (values[0] === 13) throw new Error("thirteen");
      const data = Float32Array.from({ length: values.length / 2 }, (_, row) => {
        const sum = Number(values[row * 2]) + Number(values[row * 2 + 1]);
        return sum;
      });
      // Whoever computes may use its memory for something else.
      values.fill(99);
      return [{ name: "sum", datatype: "FP32", shape: [data.length], data }];
    },
  });

const echo = (spec: typeof N | typeof TEXT) =>
  model({ inputs: [spec], outputs: [spec], infer: async (inputs) => inputs });

const configured = (parameters: Readonly<Record<string, string>>) =>
  Object.entries(parameters)
    .map(([key, value]) => `parameters { key: "${key}" value { string_value: "${value}" } }`)
    .join("\n");

const kept: PayloadRecord[] = [];
let draw = 0;
const payloads = createPayloadLog({
  open: () => ({
    add: (record) => kept.push(record) > 0,
    seal: () => {},
    dropped: 0,
    close: () => {},
  }),
  defaults: { mode: "all" },
  clock: systemClock,
  ids: systemIds,
  random: () => draw,
  // At once: what is kept is there when the answer is.
  later: (work) => work(),
  onFailed: (error) => expect(error).toBe(undefined),
});

let served: Awaited<ReturnType<typeof serveNamed>>;
beforeAll(async () => {
  const step = { serviceName: "sums", name: "first" };
  served = await serveNamed(
    () => ({ sums: sums(), whole: echo(N), text: echo(TEXT), some: sums(), none: sums(), asked: sums(), told: sums() }),
    {
      payloads,
      graphs: [{ name: "graph", nodes: { root: { routerType: "Sequence", steps: [step] } } }],
      configs: {
        text: configured({ payload_body_bytes: "40" }),
        some: configured({ payload_sampling_fraction: "0.25" }),
        none: configured({ payload_log: "none" }),
        asked: configured({ payload_log: "request", payload_metadata_headers: "X-Team, x-none" }),
        told: configured({ payload_log: "response" }),
      },
    },
  );
});
afterAll(() => served.close());
beforeEach(() => {
  kept.length = 0;
  draw = 0;
});

async function infer(
  name: string,
  tensor: object,
  { headers = {}, id }: { headers?: Readonly<Record<string, string>>; id?: string } = {},
) {
  const body = JSON.stringify({ ...(id === undefined ? {} : { id }), inputs: [tensor] });
  const response = await fetch(`${served.url}/v2/models/${name}/infer`, { method: "POST", body, headers });
  return { status: response.status, answer: (await response.json()) as { outputs?: { data: unknown }[] } };
}

const x = (...data: (number | null)[]) => ({ name: "x", datatype: "FP32", shape: [data.length / 2, 2], data });

describe("an inference that is kept", () => {
  test("has its request and answer as the protocol has them, and what it was", async () => {
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const { answer } = await infer("sums", x(1, 2, 3, null), { id: "mine", headers: { traceparent } });
    expect(answer.outputs?.[0]?.data).toEqual([3, null]);
    const [record, ...more] = kept;
    expect(more).toEqual([]);
    expect(record).toMatchObject({
      client_request_id: "mine",
      model_name: "sums",
      model_version: "1",
      asked_by: null,
      status_code: 200,
      request_truncated: false,
      response_truncated: false,
      error: null,
      sampling_fraction: 1,
      trace_id: "0af7651916cd43dd8448eb211c80319c",
      metadata: null,
    });
    expect(JSON.parse(record?.request ?? "")).toEqual({ inputs: [x(1, 2, 3, null)] });
    expect(JSON.parse(record?.response ?? "")).toEqual({
      outputs: [{ name: "sum", datatype: "FP32", shape: [2], data: [3, null] }],
    });
    expect(record?.execution_time_us).toBeGreaterThan(0);
    expect(payloadMetrics(payloads)).toContain(`millwright_payloads_logged_total ${payloads.written}`);
  });

  test("over gRPC too, and through a graph: the graph's own and that of its step", async () => {
    const inputs = [{ name: "x", datatype: "FP32", shape: [1, 2], contents: { fp32_contents: [1, 2] } }];
    await served.inferGrpc({ model_name: "sums", inputs });
    expect(JSON.parse(kept[0]?.request ?? "")).toEqual({ inputs: [x(1, 2)] });
    kept.length = 0;
    const body = JSON.stringify({ instances: [[1, 2]] });
    const response = await fetch(`${served.url}/v1/models/graph:predict`, { method: "POST", body });
    const answer = await response.text();
    expect(kept.map((one) => [one.model_name, one.asked_by])).toEqual([
      ["sums", "graph"],
      ["graph", null],
    ]);
    expect(kept[1]).toMatchObject({ request: body, response: answer, status_code: response.status });
  });

  test("one that fails has its error and its status, also where it is refused before it is read", async () => {
    expect((await infer("sums", x(13, 0))).status).toBe(422);
    expect(kept[0]).toMatchObject({ status_code: 422, response: null, error: expect.stringContaining("thirteen") });
    expect(JSON.parse(kept[0]?.request ?? "")).toEqual({ inputs: [x(13, 0)] });
    expect((await infer("sums", { ...x(1, 2), name: "y".repeat(10_000) })).status).toBe(400);
    expect(kept[1]).toMatchObject({ status_code: 400, request: '{"inputs":[]}' });
  });

  test("one that is read again for its digits is kept once, with all of them", async () => {
    const body = `{"inputs":[{"name":"n","datatype":"INT64","shape":[1],"data":[9007199254740993]}]}`;
    await fetch(`${served.url}/v2/models/whole/infer`, { method: "POST", body });
    expect(kept.map(({ request }) => request)).toEqual([body]);
  });

  test("a body beyond its bound keeps its beginning, as JSON that can be read", async () => {
    await infer("text", { name: "text", datatype: "BYTES", shape: [3], data: ["a".repeat(20), "é".repeat(200), "c"] });
    const { inputs } = JSON.parse(kept[0]?.request ?? "") as { inputs: { shape: number[]; data: string[] }[] };
    expect(inputs).toEqual([{ name: "text", datatype: "BYTES", shape: [3], data: ["a".repeat(20)] }]);
    expect(kept[0]).toMatchObject({ request_truncated: true, response_truncated: true });
  });
});

describe("what is kept", () => {
  test("is what a model's configuration says, before what holds for all", async () => {
    await infer("none", x(1, 2));
    expect(kept).toEqual([]);
    await infer("asked", x(1, 2), { headers: { "x-team": "fares", authorization: "Bearer s3cret" } });
    await infer("told", x(1, 2));
    expect(kept.map(({ request, response }) => [request !== null, response !== null])).toEqual([
      [true, false],
      [false, true],
    ]);
    expect(kept[0]?.metadata).toBe('{"x-team":"fares"}');
    expect(JSON.stringify(kept)).not.toContain("s3cret");
  });

  test("is a share of them", async () => {
    draw = 0.25;
    await infer("some", x(1, 2));
    expect(kept).toEqual([]);
    draw = 0.2499;
    await infer("some", x(1, 2));
    expect(kept[0]?.sampling_fraction).toBe(0.25);
  });

  test("can be no header with a secret, and no unknown mode", () => {
    const told = (name: string, value: string) => () =>
      configuredPayloads({ parameters: { [name]: { string_value: value } } });
    for (const name of ["Authorization", "proxy-authorization", "Cookie", "x-api-key", "X-Auth-Token"])
      expect(told("payload_metadata_headers", `x-team,${name}`)).toThrow(/may hold a secret/);
    expect(told("payload_log", "everything")).toThrow(/one of all, request, response, none/);
    expect(told("payload_sampling_fraction", "2")).toThrow(/from 0 to 1/);
    expect(told("payload_body_bytes", "lots")).toThrow(/number up to/);
  });
});

test("more than can be written is dropped and counted, and answered all the same", async () => {
  const later: (() => void)[] = [];
  const written: PayloadRecord[] = [];
  let opens = 0;
  let nowMs = 0;
  const log = createPayloadLog({
    open: () => {
      opens += 1;
      if (opens === 1) throw new Error("the folder is another's");
      return { add: (record) => written.push(record) > 0, seal: () => {}, dropped: 0, close: () => {} };
    },
    defaults: { mode: "all" },
    clock: { ...systemClock, monotonicMs: () => nowMs },
    ids: systemIds,
    random: () => 0,
    later: (work) => void later.push(work),
    onFailed: () => {},
    waitingBytesMax: 2_000,
  });
  const named = await serveNamed(() => ({ sums: sums() }), { payloads: log });
  onTestFinished(() => named.close());
  const ask = async () => {
    const body = JSON.stringify({ inputs: [x(1, 2)] });
    return (await fetch(`${named.url}/v2/models/sums/infer`, { method: "POST", body })).status;
  };
  const statuses = [await ask(), await ask(), await ask(), await ask()];
  expect(statuses).toEqual([200, 200, 200, 200]);
  expect([log.dropped, written.length]).toEqual([2, 0]);
  const work = () => {
    for (let next = later.shift(); next !== undefined; next = later.shift()) next();
  };
  work();
  // The first could not open the log, and the second did not try so soon again.
  expect([log.dropped, log.written, opens]).toEqual([4, 0, 1]);
  nowMs = 6_000;
  await ask();
  work();
  expect([log.dropped, log.written, written.length]).toEqual([4, 1, 1]);
});

describe("a body", () => {
  const numbers = fc.array(fc.float(), { maxLength: 60 }).map((all): Tensor => {
    const data = Float32Array.from(all);
    return { name: "x", datatype: "FP32", shape: [data.length], data };
  });
  const texts = fc
    .array(fc.oneof(fc.string({ unit: "binary" }), fc.string({ maxLength: 60 })), { maxLength: 20 })
    .map((all): Tensor => ({
      name: "text",
      datatype: "BYTES",
      shape: [all.length],
      data: all.map((text) => Buffer.from(text)),
    }));

  test("is JSON within its bound that begins as the tensors do, and says whether it is whole", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(numbers, texts), { maxLength: 3 }),
        fc.integer({ min: 0, max: 300 }),
        (all, most) => {
          const heads = all.map((tensor) => headOf(tensor, most));
          const { text, isTruncated } = payloadBody("inputs", heads, most);
          const whole = payloadBody(
            "inputs",
            all.map((tensor) => headOf(tensor, 2 ** 20)),
            2 ** 20,
          );
          const { inputs } = JSON.parse(text) as { inputs: { shape: number[]; data: unknown[] }[] };
          const { inputs: expected } = JSON.parse(whole.text) as { inputs: typeof inputs };
          expect(whole.isTruncated).toBe(false);
          expect(isTruncated).toBe(
            inputs.some(({ data }, at) => JSON.stringify(data) !== JSON.stringify(expected[at]?.data)),
          );
          // An empty list takes its brackets.
          const bytes = inputs.reduce((sum, { data }) => sum + Buffer.byteLength(JSON.stringify(data)) - 2, 0);
          expect(bytes).toBeLessThanOrEqual(most);
          for (const [at, { shape, data }] of inputs.entries()) {
            expect(shape).toEqual(expected[at]?.shape);
            const last = data.at(-1);
            expect(data.slice(0, -1)).toEqual(expected[at]?.data.slice(0, Math.max(0, data.length - 1)));
            const wanted = expected[at]?.data[data.length - 1];
            if (typeof last === "string") expect(String(wanted).startsWith(last)).toBe(true);
            else if (data.length > 0) expect(last).toEqual(wanted);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  test("of texts that are none is in base64", () => {
    const data = [Uint8Array.of(0xff, 0xfe), Buffer.from("well")];
    const head = headOf({ name: "t", datatype: "BYTES", shape: [2], data }, 100);
    const { inputs } = JSON.parse(payloadBody("inputs", [head], 100).text) as { inputs: object[] };
    expect(inputs[0]).toEqual({
      name: "t",
      datatype: "BYTES",
      shape: [2],
      parameters: { content_type: "base64" },
      data: ["//4=", "d2VsbA=="],
    });
  });

  test("of text is cut between its characters", () => {
    expect(textBody("aé", 2)).toEqual({ text: "a", isTruncated: true });
    expect(textBody("aé", 3)).toEqual({ text: "aé", isTruncated: false });
  });
});

test("a log that nobody takes from has its oldest segments make room, and keeps its bound", async () => {
  const folder = mkdtempSync(join(tmpdir(), "mill-payloads-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const totalBytesMax = 128 * 2 ** 10;
  const log = openPredictionLog<{ readonly at: number; readonly text: string }>({
    folder,
    ids: systemIds,
    logger: silentLogger,
    totalBytesMax,
    segmentBytesMax: 16 * 2 ** 10,
    forgetsOldest: true,
  });
  const sealed = () => readdirSync(folder).filter((name) => name.endsWith(".jsonl"));
  let at = 0;
  for (let segments = 0; segments < 30; segments += 1) {
    const before = new Set(sealed());
    for (let line = 0; line < 10; line += 1) expect(log.add({ at: (at += 1), text: "t".repeat(1_000) })).toBe(true);
    log.seal();
    await expect.poll(() => sealed().some((name) => !before.has(name))).toBe(true);
    const bytes = readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
    expect(bytes).toBeLessThanOrEqual(totalBytesMax);
  }
  log.close();
  const lines = sealed()
    .toSorted()
    .flatMap((name) => readFileSync(join(folder, name), "utf8").trimEnd().split("\n"))
    .map((line) => (JSON.parse(line) as { at: number }).at);
  expect(lines.at(-1)).toBe(300);
  expect(lines).toEqual(Array.from({ length: lines.length }, (_, place) => 300 - lines.length + 1 + place));
  expect(log.dropped).toBe(0);
});
