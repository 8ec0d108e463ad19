import { Agent, request } from "node:http";
import * as grpc from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { askHttp } from "./bad-inputs/ask.ts";
import { ECHO, inputs } from "./bad-inputs/rest-rows.ts";
import { serveForBadInputs } from "./bad-inputs/serve.ts";
import { grpcCase, httpCases, type GrpcFuzzed, type HttpFuzzed } from "./fuzz/cases.ts";
import { seeded } from "./fuzz/mutate.ts";

// Requests of which parts were changed, by a seed: whatever comes, each is answered, nothing is a defect, nothing is kept.

const REQUESTS = inject("full") ? 100_000 : 2_000;
const AT_ONCE = 16;
const SEED = 20_261;
/** Nothing that was refused may stay; this much comes and goes. */
const GROWTH_BYTES_MAX = 256 * 2 ** 20;
const ANSWERED_WITHIN_MS = 60_000;

let served: Awaited<ReturnType<typeof serveForBadInputs>>;
let agent: Agent;
let client: grpc.Client;
beforeAll(async () => {
  served = await serveForBadInputs();
  agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  client = new grpc.Client(`127.0.0.1:${served.grpcPort}`, grpc.credentials.createInsecure());
});
afterAll(async () => {
  agent.destroy();
  client.close();
  await served.close();
});

async function stillAnswers(): Promise<void> {
  const { status, text } = await askHttp(served, { path: ECHO, body: { inputs: inputs() } });
  expect({ status, text }).toMatchObject({ status: "200", text: expect.stringContaining('["a","b"]') as string });
}

/** Sends all of them, some at once, and counts the answers; the first few that are not as they may be are told whole. */
async function fuzz<Sent>(
  make: (random: ReturnType<typeof seeded>) => Sent,
  { ask, isFault }: { readonly ask: (sent: Sent) => Promise<string>; readonly isFault: (answer: string) => boolean },
): Promise<void> {
  const random = seeded(SEED);
  const answers = new Map<string, number>();
  const faults: unknown[] = [];
  const before = process.memoryUsage.rss();
  let next = 0;
  const caller = async () => {
    while (next < REQUESTS && faults.length < 5) {
      const number = (next += 1);
      const sent = make(random);
      const answer = await ask(sent);
      const kind = answer.split(" ", 1)[0] ?? "";
      answers.set(kind, (answers.get(kind) ?? 0) + 1);
      if (isFault(answer)) faults.push({ number, answer, sent });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, caller));
  console.log(REQUESTS, Object.fromEntries(answers));
  expect(faults).toEqual([]);
  expect(answers.size).toBeGreaterThan(1);
  expect(process.memoryUsage.rss() - before).toBeLessThan(GROWTH_BYTES_MAX);
  await stillAnswers();
}

function askedHttp({ method, path, headers, body }: HttpFuzzed): Promise<string> {
  return new Promise((resolve) => {
    const told = { host: "127.0.0.1", port: served.restPort, method, path, headers, agent };
    const asked = request(told, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      response.on("end", () => resolve(`${response.statusCode} ${text}`));
    });
    asked.setTimeout(ANSWERED_WITHIN_MS, () => asked.destroy(new Error("no answer")));
    asked.on("error", (error) => resolve(`failed ${error.message}`));
    asked.end(body);
  });
}

/** A refusal is one of what the caller can mend, in words; a time may have been asked for in which nothing can be done. */
function isHttpFault(answer: string): boolean {
  if (answer.startsWith("200") || /^504 .*"inference\/deadline"/.test(answer)) return false;
  return !/^4\d\d \{"error":"[^"]/.test(answer);
}

const asItIs = (bytes: Buffer) => bytes;

function askedGrpc({ path, bytes }: GrpcFuzzed): Promise<string> {
  return new Promise((resolve) => {
    const options = { deadline: Date.now() + ANSWERED_WITHIN_MS };
    client.makeUnaryRequest(path, asItIs, asItIs, bytes, new grpc.Metadata(), options, (error) =>
      resolve(`${grpc.status[error?.code ?? 0]} ${error?.details ?? ""}`),
    );
  });
}

const MAY_BE =
  /^(?:OK|INVALID_ARGUMENT|NOT_FOUND|UNAVAILABLE Model|FAILED_PRECONDITION|UNIMPLEMENTED|DEADLINE_EXCEEDED The request) /;

test.each(Object.entries(httpCases))(`${REQUESTS} requests of %s`, async (_name, make) => {
  await fuzz(make, { ask: askedHttp, isFault: isHttpFault });
});

test(`${REQUESTS} requests of gRPC`, async () => {
  await fuzz(grpcCase, { ask: askedGrpc, isFault: (answer) => !MAY_BE.test(answer) });
});
