import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, inject, test } from "vitest";
import { addIdentity } from "./support/identity-model.ts";
import { childOf, isAlive, othersAtWork } from "./support/processes.ts";
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

// `mill serve DIR` under load: killed, ended and given new versions. No request is answered with another's, and none fails
// but those that a killed process had in its hands.

let folder: string;
let serving: ServingFolder;
let calls: readonly TensorCalls[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "mill-kept-"));
  addIdentity(folder, 1);
  serving = await serveFolder(folder);
});

afterEach(async () => {
  await Promise.all(calls.map((one) => one.stop()));
  if (serving.process.exitCode === null) serving.process.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

async function keepAsking(onRefused?: "end"): Promise<void> {
  const told = { callers: 4, ...(onRefused === undefined ? {} : { onRefused }) };
  calls = [keepAskingRest(serving.rest, told), keepAskingGrpc(serving.grpc, told)];
  await answersAfter(performance.now());
}

/** Waits until callers over both protocols have been answered many times after a moment; when the first of them was. */
async function answersAfter(momentMs: number): Promise<number> {
  const first = await Promise.all(
    calls.map((one) =>
      eventually("answers over both protocols", () => {
        const since = one.answered.filter(({ atMs }) => atMs > momentMs);
        return since.length > 50 ? since[0]?.atMs : undefined;
      }),
    ),
  );
  return Math.max(...first.map(Number));
}

function expectNoneWrong(): void {
  expect(calls.flatMap(({ wrong }) => wrong)).toEqual([]);
}

describe.skipIf(process.platform !== "linux")("the serving process of a folder", () => {
  test("killed again and again under load, it is there again on its ports within a second, and no answer is another's", async () => {
    await keepAsking();
    const took: number[] = [];
    for (let kills = inject("full") ? 20 : 3; kills > 0; kills -= 1) {
      const killed = childOf(serving.process.pid, "folder-main") ?? 0;
      process.kill(killed, "SIGKILL");
      const killedAtMs = performance.now();
      const again = await eventually("another process", () => {
        const found = childOf(serving.process.pid, "folder-main");
        return found === killed ? undefined : found;
      });
      took.push((await answersAfter(performance.now())) - killedAtMs);
      expect(isAlive(again)).toBe(true);
    }
    console.log(`answers over both protocols again after ${took.map((ms) => Math.round(ms)).join(", ")} ms`);
    expect(Math.min(...took)).toBeLessThan(1_000 * othersAtWork());
    expectNoneWrong();
    // It has the same hands for the end that was asked for.
    const { code } = await end(serving);
    expect(code).toBe(0);
  });

  test("it ends with the process that keeps it", async () => {
    await keepAsking();
    const child = childOf(serving.process.pid, "folder-main") ?? 0;
    expect(isAlive(child)).toBe(true);
    serving.process.kill("SIGKILL");
    await eventually("no orphan", () => (isAlive(child) ? undefined : true));
    expectNoneWrong();
  });

  test("SIGTERM under load: what was asked is answered, over kept connections and in streams", async () => {
    await keepAsking("end");
    const client = grpcClient(serving.grpc);
    const stream = client.makeBidiStreamRequest(STREAM_INFER, asItIs, asItIs);
    const tags: number[] = [];
    const over = new Promise<string>((resolve) => {
      stream.on("status", ({ details }) => resolve(details));
      stream.on("error", () => undefined);
    });
    stream.on("data", (bytes: Buffer) => {
      const [inner] = fieldsOf(bytes).filter(({ number }) => number === 2);
      tags.push(Buffer.isBuffer(inner?.value) ? answerIn(inner.value).tag : Number.NaN);
    });
    const asked = Array.from({ length: 40 }, (_, at) => 1_000_000 + at);
    for (const tag of asked.slice(0, 20)) stream.write(inferMessage(tag));
    await eventually("an answer in the stream", () => tags[0]);
    const ended = end(serving);
    for (const tag of asked.slice(20)) stream.write(inferMessage(tag));
    expect((await ended).code).toBe(0);
    expect(tags).toEqual(asked);
    expect(await over).toMatch(/the server ends/);
    client.close();
    await Promise.all(calls.map((one) => one.stop()));
    expect(calls.map(({ failed }) => failed)).toEqual([[], []]);
    expect(calls.every(({ refused }) => refused > 0)).toBe(true);
    expectNoneWrong();
  });

  test("new versions under load: none fails, and nobody is answered by an older one than before", async () => {
    await keepAsking();
    const versions = Array.from({ length: inject("full") ? 30 : 5 }, (_, at) => at + 2);
    for (const version of versions) {
      addIdentity(folder, version);
      const load = `http://127.0.0.1:${serving.rest}/v2/repository/models/identity/load`;
      expect((await fetch(load, { method: "POST" })).status).toBe(200);
      const loadedAtMs = performance.now();
      await answersAfter(loadedAtMs);
      // What was asked before the load may have been answered after it.
      for (const { answered } of calls) expect(answered.at(-1)?.version).toBe(String(version));
    }
    await Promise.all(calls.map((one) => one.stop()));
    expect(calls.map(({ failed, refused }) => ({ failed, refused }))).toEqual([
      { failed: [], refused: 0 },
      { failed: [], refused: 0 },
    ]);
    expectNoneWrong();
  });
});
