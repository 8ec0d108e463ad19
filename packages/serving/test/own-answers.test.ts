import * as grpc from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { openService, type Method } from "../src/inference/grpc/service.ts";
import { serveEcho } from "./support/tagged-models.ts";

// Callers at once over both protocols, whose answers come in another order than they asked, some of whom go before they are
// answered and some of whom the model refuses: each gets its own.

const REQUESTS = inject("full") ? 100_000 : 2_000;
const AT_ONCE = 64;
const SEED = 7;

let served: Awaited<ReturnType<typeof serveEcho>>;
let infer: Method;
let clients: readonly grpc.Client[];
/** HTTP/2 ends a connection on which more than a thousand calls are cancelled, and more than 33 a second after. */
const CONNECTIONS = 16;

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
  clients = Array.from(
    { length: CONNECTIONS },
    () =>
      new grpc.Client(served.grpcAddress, grpc.credentials.createInsecure(), { "grpc.use_local_subchannel_pool": 1 }),
  );
}

/** A seeded sequence of whole numbers below `bound` (a linear congruential generator). */
function numbers(seed: number, bound: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
}

interface Answered {
  readonly id: string;
  readonly version: string;
  readonly tags: readonly string[];
  readonly texts: readonly string[];
}

/** What came of a request: an answer, why there is none, or nothing, where its caller had gone. */
type Outcome = Answered | { readonly refused: string } | "gone";

interface Asked {
  readonly tag: number;
  readonly version: string;
  /** Whether the model refuses it. */
  readonly isOdd: boolean;
  /** Its caller goes after so many turns of the loop. */
  readonly goesAfter: number | undefined;
}

/** Distinct for each request, and beyond what a number holds. */
const tagsOf = (tag: number) => [String(2n ** 60n + BigInt(tag)), String(-(2n ** 61n) - BigInt(tag))];
const textsOf = ({ tag, isOdd }: Asked) => [`${isOdd ? "!" : "a"}${tag}`, `b${tag}`];

async function askRest(asked: Asked): Promise<Outcome> {
  const { tag, version } = asked;
  const [[first, second], texts] = [tagsOf(tag), JSON.stringify(textsOf(asked))];
  const body = `{"id":"r${tag}","inputs":[{"name":"TAG","datatype":"INT64","shape":[1,2],"data":[${first},${second}]},{"name":"TEXT","datatype":"BYTES","shape":[1,2],"data":${texts}},{"name":"HALF","datatype":"FP16","shape":[1,2],"data":[1.5,-2]}],"outputs":[{"name":"TEXT"},{"name":"TAG"}]}`;
  const going = new AbortController();
  goAfter(asked, () => going.abort());
  try {
    const url = `${served.url}/v2/models/echo/versions/${version}/infer`;
    const response = await fetch(url, { method: "POST", body, signal: going.signal });
    const text = await response.text();
    if (response.status === 422) return { refused: text };
    expect(response.status, text).toBe(200);
    const answer = JSON.parse(text) as { id: string; model_version: string; outputs: { data: string[] }[] };
    const tags = /"INT64","shape":\[1,2\],"data":\[([^\]]*)\]/.exec(text)?.[1]?.split(",") ?? [];
    return { id: answer.id, version: answer.model_version, tags, texts: answer.outputs[0]?.data ?? [] };
  } catch (error) {
    if (going.signal.aborted && (error as Error).name === "AbortError") return "gone";
    throw error;
  }
}

function goAfter({ goesAfter }: Asked, go: () => void): void {
  if (goesAfter === undefined) return;
  let left = goesAfter;
  const turn = () => {
    if (left === 0) return go();
    left -= 1;
    setImmediate(turn);
  };
  setImmediate(turn);
}

function askGrpc(asked: Asked): Promise<Outcome> {
  const { tag, version } = asked;
  const longs = Buffer.alloc(16);
  for (const [at, text] of tagsOf(tag).entries()) longs.writeBigInt64LE(BigInt(text), at * 8);
  const texts = Buffer.concat(textsOf(asked).map((text) => Buffer.from([text.length, 0, 0, 0, ...Buffer.from(text)])));
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
    const client = clients[tag % CONNECTIONS];
    if (client === undefined) throw new Error("there is no connection");
    const call = client.makeUnaryRequest(infer.path, asItIs, asItIs, infer.encodeRequest(message), (error, bytes) => {
      if (error?.code === grpc.status.CANCELLED && asked.goesAfter !== undefined) return resolve("gone");
      if (error?.code === grpc.status.INVALID_ARGUMENT) return resolve({ refused: error.details });
      if (error !== null || bytes === undefined) return reject(error ?? new Error("no answer"));
      resolve(readGrpc(bytes));
    });
    goAfter(asked, () => call.cancel());
  });
}

function readGrpc(bytes: Buffer): Answered {
  const answer = infer.decodeResponse(bytes) as { id: string; model_version: string; raw_output_contents: Buffer[] };
  const [rawTags = Buffer.alloc(0), rawTexts = Buffer.alloc(0)] = answer.raw_output_contents.map((raw) =>
    Buffer.from(raw),
  );
  return {
    id: answer.id,
    version: answer.model_version,
    tags: [0, 8].map((at) => String(rawTags.readBigInt64LE(at))),
    texts: rawTexts
      .toString("latin1")
      .split(/\W+/)
      .filter((text) => text !== ""),
  };
}

describe.each(Object.entries(HOWS))("many callers at once, %s", (_how, config) => {
  beforeAll(() => serve(config));
  afterAll(async () => {
    for (const client of clients) client.close();
    await served.close();
  });

  test(
    `${REQUESTS} requests over REST and gRPC, to two versions, amid bad ones, callers who go and reloads: every answer is its own`,
    { timeout: 600_000 },
    async () => {
      const pick = numbers(SEED + 1, 100);
      const seen = { answered: 0, refused: 0, gone: 0, reloads: 0 };
      let next = 0;
      const caller = async () => {
        while (next < REQUESTS) {
          next += 1;
          const [choice, fate] = [pick(), pick()];
          // Now and then what was asked before.
          const tag = choice > 90 ? Math.ceil(next / 2) : next;
          const version = choice % 2 === 0 ? "1" : "2";
          const asked: Asked = {
            tag,
            version,
            isOdd: fate % 20 === 0,
            goesAfter: fate % 10 === 3 ? pick() % 6 : undefined,
          };
          if (choice === 0) {
            await served.models.load("echo");
            seen.reloads += 1;
          }
          if (choice < 10)
            expect((await fetch(`${served.url}/v2/models/echo/infer`, { method: "POST", body: "{" })).status).toBe(400);
          const outcome = await (choice < 50 ? askRest(asked) : askGrpc(asked));
          if (outcome === "gone") seen.gone += 1;
          else if ("refused" in outcome) {
            expect([asked.isOdd, outcome.refused]).toEqual([true, expect.stringContaining(`nothing of !${tag}.`)]);
            seen.refused += 1;
          } else {
            const id = `${choice < 50 ? "r" : "g"}${tag}`;
            expect(outcome).toEqual({ id, version, tags: tagsOf(tag), texts: textsOf(asked) });
            expect(asked.isOdd).toBe(false);
            seen.answered += 1;
          }
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, caller));
      expect(seen.answered + seen.refused + seen.gone).toBeGreaterThanOrEqual(REQUESTS);
      for (const count of Object.values(seen)) expect(count).toBeGreaterThan(REQUESTS / 250);
      if (inject("full")) console.log(JSON.stringify(seen));
    },
  );
});
