import * as grpc from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { openService, type Method } from "../src/inference/grpc/service.ts";
import { serveEcho } from "./support/tagged-models.ts";

// Callers at once over both protocols, whose answers come in another order than they asked: each gets its own.

const REQUESTS = inject("full") ? 100_000 : 2_000;
const AT_ONCE = 64;
const SEED = 7;

let served: Awaited<ReturnType<typeof serveEcho>>;
let infer: Method;
let client: grpc.Client;

const HOWS = {
  "executed one by one": "version_policy { all {} }",
  "executed in batches, and some answered from what was kept":
    "version_policy { all {} } max_batch_size: 8 dynamic_batching {} response_cache { enable: true }",
};

async function serve(config: string): Promise<void> {
  served = await serveEcho({ turns: numbers(SEED, 5), config });
  const found = (await openService()).methods.find(({ name }) => name === "ModelInfer");
  if (found === undefined) throw new Error("there is no ModelInfer");
  infer = found;
  client = new grpc.Client(served.grpcAddress, grpc.credentials.createInsecure());
}

/** A seeded sequence of whole numbers below `bound` (a linear congruential generator). */
function numbers(seed: number, bound: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
}

interface Answer {
  readonly id: string;
  readonly version: string;
  readonly tags: readonly string[];
  readonly texts: readonly string[];
}

/** Distinct for each request, and beyond what a number holds. */
const tagsOf = (tag: number) => [String(2n ** 60n + BigInt(tag)), String(-(2n ** 61n) - BigInt(tag))];

async function askRest(tag: number, version: string): Promise<Answer> {
  const [first, second] = tagsOf(tag);
  const body = `{"id":"r${tag}","inputs":[{"name":"TAG","datatype":"INT64","shape":[1,2],"data":[${first},${second}]},{"name":"TEXT","datatype":"BYTES","shape":[1,2],"data":["a${tag}","b${tag}"]},{"name":"HALF","datatype":"FP16","shape":[1,2],"data":[1.5,-2]}],"outputs":[{"name":"TEXT"},{"name":"TAG"}]}`;
  const response = await fetch(`${served.url}/v2/models/echo/versions/${version}/infer`, { method: "POST", body });
  const text = await response.text();
  expect(response.status, text).toBe(200);
  const answer = JSON.parse(text) as { id: string; model_version: string; outputs: { data: string[] }[] };
  const tags = /"INT64","shape":\[1,2\],"data":\[([^\]]*)\]/.exec(text)?.[1]?.split(",") ?? [];
  return { id: answer.id, version: answer.model_version, tags, texts: answer.outputs[0]?.data ?? [] };
}

function askGrpc(tag: number, version: string): Promise<Answer> {
  const longs = Buffer.alloc(16);
  for (const [at, text] of tagsOf(tag).entries()) longs.writeBigInt64LE(BigInt(text), at * 8);
  const texts = Buffer.concat(
    [`a${tag}`, `b${tag}`].map((text) => Buffer.from([text.length, 0, 0, 0, ...Buffer.from(text)])),
  );
  const shape = [1, 2];
  const message = {
    model_name: "echo",
    model_version: version,
    id: `g${tag}`,
    inputs: [
      { name: "TEXT", datatype: "BYTES", shape },
      { name: "HALF", datatype: "FP16", shape },
      { name: "TAG", datatype: "INT64", shape },
    ],
    outputs: [{ name: "TAG" }, { name: "TEXT" }],
    raw_input_contents: [texts, Buffer.alloc(4), longs],
  };
  return new Promise((resolve, reject) => {
    const asItIs = (bytes: Buffer) => bytes;
    client.makeUnaryRequest(infer.path, asItIs, asItIs, infer.encodeRequest(message), (error, bytes) => {
      if (error !== null || bytes === undefined) return reject(error ?? new Error("no answer"));
      const answer = infer.decodeResponse(bytes) as {
        id: string;
        model_version: string;
        raw_output_contents: Buffer[];
      };
      const [rawTags = Buffer.alloc(0), rawTexts = Buffer.alloc(0)] = answer.raw_output_contents.map((raw) =>
        Buffer.from(raw),
      );
      resolve({
        id: answer.id,
        version: answer.model_version,
        tags: [0, 8].map((at) => String(rawTags.readBigInt64LE(at))),
        texts: rawTexts
          .toString("latin1")
          .split(/\W+/)
          .filter((text) => text !== ""),
      });
    });
  });
}

describe.each(Object.entries(HOWS))("many callers at once, %s", (_how, config) => {
  beforeAll(() => serve(config));
  afterAll(async () => {
    client.close();
    await served.close();
  });

  test(`${REQUESTS} requests over REST and gRPC, to two versions, amid bad ones and reloads: every answer is its own`, async () => {
    const pick = numbers(SEED + 1, 100);
    let next = 0;
    const caller = async () => {
      while (next < REQUESTS) {
        next += 1;
        const choice = pick();
        // Now and then what was asked before.
        const tag = choice > 90 ? Math.ceil(next / 2) : next;
        const version = choice % 2 === 0 ? "1" : "2";
        if (choice === 0) await served.models.load("echo");
        if (choice < 10)
          expect((await fetch(`${served.url}/v2/models/echo/infer`, { method: "POST", body: "{" })).status).toBe(400);
        const answer = await (choice < 50 ? askRest(tag, version) : askGrpc(tag, version));
        const name = choice < 50 ? "r" : "g";
        expect(answer).toEqual({ id: `${name}${tag}`, version, tags: tagsOf(tag), texts: [`a${tag}`, `b${tag}`] });
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, caller));
    expect(next).toBeGreaterThanOrEqual(REQUESTS);
  });
});
