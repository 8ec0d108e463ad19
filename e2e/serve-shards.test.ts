import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, inject, test } from "vitest";
import { addIdentity } from "./support/identity-model.ts";
import { childrenOf, isAlive } from "./support/processes.ts";
import { end, eventually } from "./support/project.ts";
import { serveFolder, type ServingFolder } from "./support/serving-folder.ts";
import {
  answerIn,
  asItIs,
  grpcClient,
  inferMessage,
  keepAskingGrpc,
  keepAskingRest,
  STREAM_INFER,
  type TensorCalls,
} from "./support/tensor-callers.ts";
import { fieldsOf } from "./support/wire.ts";

// `mill serve DIR --shards 2` under load: the model is one process's, and half of its callers are another's. Processes are
// killed and the whole is ended: no request is answered with another's, and none fails but where a process was missing.

let folder: string;
let serving: ServingFolder;
let calls: readonly TensorCalls[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "mill-shards-test-"));
  addIdentity(folder, 1);
  serving = await serveFolder(folder, "--shards", "2");
  calls = [
    keepAskingRest(serving.rest, { callers: 4, onRefused: "end" }),
    keepAskingGrpc(serving.grpc, { callers: 4, onRefused: "end" }),
  ];
  await answersAfter(performance.now());
});

afterEach(async () => {
  await Promise.all(calls.map((one) => one.stop()));
  if (serving.process.exitCode === null) serving.process.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

async function answersAfter(momentMs: number): Promise<void> {
  await Promise.all(
    calls.map((one) =>
      eventually("answers over both protocols", () =>
        one.answered.filter(({ atMs }) => atMs > momentMs).length > 50 ? true : undefined,
      ),
    ),
  );
}

const pids = () => childrenOf(serving.process.pid, "folder-main");

function expectNoneWrong(): void {
  expect(calls.flatMap(({ wrong }) => wrong)).toEqual([]);
}

describe.skipIf(process.platform !== "linux")("two serving processes of one folder", () => {
  test("each killed under load: its callers and its models are answered again, and no answer is another's", async () => {
    const before = pids();
    expect(before).toHaveLength(2);
    for (let kills = inject("full") ? 20 : 2; kills > 0; kills -= 1) {
      const [killed = 0, other] = kills % 2 === 0 ? pids() : pids().toReversed();
      process.kill(killed, "SIGKILL");
      await eventually("another process", () => (pids().length === 2 && !pids().includes(killed) ? true : undefined));
      expect(pids()).toContain(other);
      await answersAfter(performance.now());
    }
    expectNoneWrong();
    // Its port was never given up, and what a missing process would have answered was refused as that.
    expect(calls.map(({ refused }) => refused)).toEqual([0, 0]);
    for (const text of calls.flatMap(({ failed }) => failed))
      expect(text).toMatch(
        /shard-away|One of the serving processes is not there|ECONNRESET|EPIPE|socket hang up|UNAVAILABLE/,
      );
    const ended = pids();
    expect((await end(serving)).code).toBe(0);
    expect(ended.filter(isAlive)).toEqual([]);
  });

  test("SIGTERM under load: what was asked is answered, whichever process has the model", async () => {
    const clients = Array.from({ length: 4 }, () => grpcClient(serving.grpc));
    const streams = clients.map((client) => {
      const stream = client.makeBidiStreamRequest(STREAM_INFER, asItIs, asItIs);
      const tags: number[] = [];
      const over = new Promise<string>((resolve) => stream.on("status", ({ details }) => resolve(details)));
      stream.on("error", () => undefined);
      stream.on("data", (bytes: Buffer) => {
        const [inner] = fieldsOf(bytes).filter(({ number }) => number === 2);
        tags.push(Buffer.isBuffer(inner?.value) ? answerIn(inner.value).tag : Number.NaN);
      });
      return { stream, tags, over };
    });
    const asked = Array.from({ length: 40 }, (_, at) => 1_000_000 + at);
    for (const { stream } of streams) for (const tag of asked.slice(0, 20)) stream.write(inferMessage(tag));
    for (const { tags } of streams) await eventually("an answer in the stream", () => tags[0]);
    const ended = end(serving);
    for (const { stream } of streams) for (const tag of asked.slice(20)) stream.write(inferMessage(tag));
    expect((await ended).code).toBe(0);
    for (const { tags, over } of streams) {
      expect(await over).toMatch(/the server ends/);
      expect(tags).toEqual(asked);
    }
    for (const client of clients) client.close();
    await Promise.all(calls.map((one) => one.stop()));
    expect(calls.map(({ failed }) => failed)).toEqual([[], []]);
    expectNoneWrong();
  });

  test("they end with the process that keeps them", async () => {
    const children = pids();
    serving.process.kill("SIGKILL");
    await eventually("no orphan", () => (children.some(isAlive) ? undefined : true));
    expectNoneWrong();
  });
});
