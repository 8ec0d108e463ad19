import * as grpc from "@grpc/grpc-js";
import { connect } from "node:net";
import { silentLogger } from "@millwright/kernel";
import { afterEach, describe, expect, test } from "vitest";
import { openService } from "../src/inference/grpc/service.ts";
import { serveEcho } from "./support/tagged-models.ts";

// How requests wait for a model, as callers see it over both protocols.

let served: Awaited<ReturnType<typeof serveEcho>>;
afterEach(() => served.close());

const QUEUE = "max_batch_size: 8 dynamic_batching { max_queue_delay_microseconds: 60000000";
const tagged = (tag: number, parameters: object = {}) =>
  JSON.stringify({
    parameters,
    inputs: [
      { name: "TAG", datatype: "INT64", shape: [1, 2], data: [tag, -tag] },
      { name: "TEXT", datatype: "BYTES", shape: [1, 2], data: ["a", "b"] },
      { name: "HALF", datatype: "FP16", shape: [1, 2], data: [1, 2] },
    ],
    outputs: [{ name: "TAG" }],
  });

const ask = (body: string, headers: Record<string, string> = {}, signal: AbortSignal | null = null) =>
  fetch(`${served.url}/v2/models/echo/infer`, { method: "POST", body, headers, signal });

async function statistics() {
  const answer = await fetch(`${served.url}/v2/models/echo/stats`);
  const { model_stats: all } = (await answer.json()) as {
    readonly model_stats: readonly {
      readonly inference_count: number;
      readonly execution_count: number;
      readonly inference_stats: Readonly<Record<string, { readonly count: number }>>;
      readonly batch_stats: readonly { readonly batch_size: number }[];
    }[];
  };
  if (all[0] === undefined) throw new Error("there is no model");
  return all[0];
}

async function untilWaiting(count: number): Promise<void> {
  while ((served.models.served()[0]?.scheduler.waiting ?? 0) < count) await new Promise((done) => setTimeout(done, 5));
}

describe("a model with a queue", () => {
  test("refuses what is too much, and says when to ask again", async () => {
    const logged: unknown[] = [];
    const logger = { ...silentLogger, error: (...told: unknown[]) => logged.push(told) };
    served = await serveEcho({ config: `${QUEUE} default_queue_policy { max_queue_size: 2 } }`, logger });
    const callers = new AbortController();
    const waiting = [1, 2].map((tag) => ask(tagged(tag), {}, callers.signal).catch(() => "gone"));
    await untilWaiting(2);
    const refused = await ask(tagged(3));
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "1"]);
    expect(await refused.json()).toMatchObject({ code: "inference/overloaded" });
    callers.abort();
    expect(await Promise.all(waiting)).toEqual(["gone", "gone"]);
    // Nothing of it is wrong: a log of every refusal would be work where there is too much already.
    expect(logged).toEqual([]);
  });

  test("executes a whole batch without its delay, and counts it once", async () => {
    served = await serveEcho({ config: `${QUEUE} }` });
    const answers = await Promise.all(
      Array.from({ length: 8 }, async (_, at) => (await ask(tagged(at + 1))).json() as Promise<object>),
    );
    for (const [at, answer] of answers.entries())
      expect(answer).toMatchObject({ outputs: [{ data: [at + 1, -at - 1] }] });
    const { inference_count, execution_count, batch_stats } = await statistics();
    expect({ inference_count, execution_count, sizes: batch_stats.map(({ batch_size }) => batch_size) }).toEqual({
      inference_count: 8,
      execution_count: 1,
      sizes: [8],
    });
  });

  test.each([
    ["the parameter timeout", { timeout: 20_000 }, {}],
    ["a proxy's header", {}, { "x-envoy-expected-rq-timeout-ms": "20" }],
  ])("refuses what waited longer than %s allows", async (_name, parameters, headers) => {
    served = await serveEcho({ config: `${QUEUE} preferred_batch_size: [2] }` });
    expect((await ask(tagged(1, parameters), headers)).status).toBe(504);
    const inTime = await Promise.all([ask(tagged(2)), ask(tagged(3))]);
    expect(inTime.map(({ status }) => status)).toEqual([200, 200]);
    expect((await statistics()).inference_count).toBe(2);
  });

  test("does not execute what its caller no longer waits for", async () => {
    served = await serveEcho({ config: `${QUEUE} preferred_batch_size: [2] }` });
    const { port } = new URL(served.url);
    const socket = connect(Number(port), "127.0.0.1");
    const body = tagged(1);
    socket.write(
      `POST /v2/models/echo/infer HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    await untilWaiting(1);
    socket.resetAndDestroy();
    await new Promise((done) => setTimeout(done, 30));
    expect((await Promise.all([ask(tagged(2)), ask(tagged(3))])).map(({ status }) => status)).toEqual([200, 200]);
    const { inference_count, inference_stats } = await statistics();
    expect([inference_count, inference_stats["fail"]?.count]).toEqual([2, 1]);
  });

  test("tells gRPC callers the same by its statuses", async () => {
    served = await serveEcho({
      config: `${QUEUE} preferred_batch_size: [8] default_queue_policy { max_queue_size: 1 } }`,
    });
    const method = (await openService()).methods.find(({ name }) => name === "ModelInfer");
    const client = new grpc.Client(served.grpcAddress, grpc.credentials.createInsecure());
    const message = {
      model_name: "echo",
      inputs: [
        { name: "TAG", datatype: "INT64", shape: [1, 2], contents: { int64_contents: [1, 2] } },
        {
          name: "TEXT",
          datatype: "BYTES",
          shape: [1, 2],
          contents: { bytes_contents: [Buffer.from("a"), Buffer.from("b")] },
        },
      ],
      raw_input_contents: [],
    };
    const raw = {
      model_name: "echo",
      inputs: ["TAG", "TEXT", "HALF"].map((name, at) => ({
        name,
        datatype: ["INT64", "BYTES", "FP16"][at],
        shape: [1, 2],
      })),
      raw_input_contents: [Buffer.alloc(16), Buffer.alloc(8), Buffer.alloc(4)],
    };
    const begin = (asked: object, deadlineMs: number, told: (code: number) => void) => {
      const asItIs = (bytes: Buffer) => bytes;
      const bytes = method?.encodeRequest(asked) ?? Buffer.alloc(0);
      const deadline = Date.now() + deadlineMs;
      return client.makeUnaryRequest(method?.path ?? "", asItIs, asItIs, bytes, { deadline }, (error) =>
        told(error?.code ?? grpc.status.OK),
      );
    };
    const call = (asked: object, deadlineMs: number) =>
      new Promise<number>((resolve) => begin(asked, deadlineMs, resolve));
    expect(await call(message, 60_000)).toBe(grpc.status.INVALID_ARGUMENT);
    const first = Promise.withResolvers<number>();
    const waits = begin(raw, 60_000, first.resolve);
    await untilWaiting(1);
    expect(await call(raw, 60_000)).toBe(grpc.status.RESOURCE_EXHAUSTED);
    waits.cancel();
    expect(await first.promise).toBe(grpc.status.CANCELLED);
    // The server learns of it when it comes to it.
    let told = await call(raw, 300);
    while (told === grpc.status.RESOURCE_EXHAUSTED) told = await call(raw, 300);
    expect(told).toBe(grpc.status.DEADLINE_EXCEEDED);
    client.close();
  });
});

test("what was answered is told to Prometheus by model and version, under Triton's and KServe's names", async () => {
  served = await serveEcho({ config: "version_policy { all {} } response_cache { enable: true }" });
  await Promise.all([1, 2].map((tag) => ask(tagged(tag))));
  await ask(tagged(1));
  await ask(`{"inputs":[]}`);
  const text = await (await fetch(`${served.url}/metrics`)).text();
  const of = (name: string, labels = 'model="echo",version="2"') =>
    text
      .split("\n")
      .find((line) => line.startsWith(`${name}{${labels}} `))
      ?.split(" ")[1];
  expect({
    success: of("nv_inference_request_success"),
    failure: of("nv_inference_request_failure"),
    rows: of("nv_inference_count"),
    executions: of("nv_inference_exec_count"),
    hits: of("nv_cache_num_hits_per_model"),
    pending: of("nv_inference_pending_request_count"),
    other: of("nv_inference_count", 'model="echo",version="1"'),
    predict: of("request_predict_seconds_count", 'model_name="echo",model_version="2"'),
    infer: of("millwright_inference_seconds_count", 'model="echo",version="2",phase="infer"'),
  }).toEqual({
    success: "3",
    failure: "1",
    rows: "2",
    executions: "2",
    hits: "1",
    pending: "0",
    other: "0",
    predict: "2",
    infer: "2",
  });
});

test("a model with a response cache is asked once for what is asked again, and anew after a reload", async () => {
  served = await serveEcho({ turns: () => 3, config: "response_cache { enable: true }" });
  const texts = await Promise.all(
    [1, 1, 1, 2].map(async (tag) => ((await (await ask(tagged(tag))).json()) as { outputs: object[] }).outputs[0]),
  );
  expect(texts).toEqual([1, 1, 1, 2].map((tag) => expect.objectContaining({ data: [tag, -tag] })));
  const { inference_count, execution_count, inference_stats } = await statistics();
  const { cache_hit: hit, cache_miss: miss, success } = inference_stats;
  expect({ inference_count, execution_count, hit: hit?.count, miss: miss?.count, all: success?.count }).toEqual({
    inference_count: 2,
    execution_count: 2,
    hit: 2,
    miss: 2,
    all: 4,
  });
  await served.models.load("echo");
  await ask(tagged(1));
  expect((await statistics()).inference_stats["cache_hit"]?.count).toBe(0);
});
