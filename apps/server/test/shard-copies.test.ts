import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { keepFolderServing, type FolderProcess } from "../src/folder-process.ts";
import { askOnce } from "./support/ask-once.ts";
import { addConstant } from "./support/constant-model.ts";
import { keepAsking, type Asked } from "./support/keep-asking.ts";
import { SMALL_SERVER } from "./support/small-server.ts";

// Two processes whose callers ask for the same models all the time: each has copies of the other's. Nobody may see that there
// are any, but for the time that an answer takes.

const MODELS = ["m0", "m1", "m2", "m3"];

let root: string;
let serving: FolderProcess;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "mill-copies-test-"));
  for (const [at, name] of MODELS.entries()) await addConstant(root, { name, value: 100 * at + 1 });
  serving = await keepFolderServing({
    folder: root,
    shards: 2,
    ...SMALL_SERVER,
  });
});
afterAll(async () => {
  await serving.close();
  rmSync(root, { recursive: true, force: true });
});

const ask = (path: string, body?: string) => askOnce(serving.restPort, path, body === undefined ? {} : { body });

async function metric(name: string): Promise<number> {
  const text = (await ask("/metrics")).body.toString();
  return Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1]);
}

async function askUntilCopied(copies: number): Promise<Asked> {
  const asked = keepAsking(serving.restPort, { models: MODELS, connections: 8 });
  await expect.poll(() => metric("millwright_model_copies"), { timeout: 30_000 }).toBe(copies);
  return asked;
}

const oldOf = (
  { answers }: Asked,
  name: string,
  { after, below }: { readonly after: number; readonly below: number },
) => answers.filter((one) => one.name === name && one.askedMs > after && Number(one.value) < below);

test("what copies answer is counted as their model's own, each request once, whichever process tells", async () => {
  const asked = await askUntilCopied(MODELS.length);
  await asked.stop();
  for (const [at, name] of MODELS.entries()) {
    const own = asked.answers.filter((one) => one.name === name);
    expect(new Set(own.map(({ value }) => value))).toEqual(new Set([100 * at + 1]));
    for (let told = 0; told < 4; told += 1) {
      const { json } = await ask(`/v2/models/${name}/stats`);
      const [stats, ...others] = (json as { model_stats: { inference_count: number; inference_stats: object }[] })
        .model_stats;
      expect(others).toEqual([]);
      expect(stats).toMatchObject({ inference_count: own.length, inference_stats: { success: { count: own.length } } });
      expect(await metric(`nv_inference_request_success{model="${name}",version="1"}`)).toBe(own.length);
      expect(await metric(`request_predict_seconds_count{model_name="${name}",model_version="1"}`)).toBe(own.length);
    }
  }
  const { json } = await ask("/v2/repository/index", "{}");
  expect((json as { name: string }[]).map(({ name }) => name)).toEqual(MODELS);
});

test("no answer that is asked for after a load is the one before it, and none after an unload", async () => {
  const asked = await askUntilCopied(MODELS.length);
  for (let version = 2; version < 6; version += 1) {
    for (const [at, name] of MODELS.entries()) {
      await addConstant(root, { name, value: 100 * at + version, version });
      expect((await ask(`/v2/repository/models/${name}/load`, "{}")).status).toBe(200);
      const loadedMs = performance.now();
      await expect
        .poll(() => asked.answers.filter((one) => one.name === name && one.askedMs > loadedMs).length)
        .toBeGreaterThan(20);
      expect(oldOf(asked, name, { after: loadedMs, below: 100 * at + version })).toEqual([]);
    }
    await expect.poll(() => metric("millwright_model_copies"), { timeout: 30_000 }).toBe(MODELS.length);
  }
  expect((await ask("/v2/repository/models/m1/unload", "{}")).status).toBe(200);
  const unloadedMs = performance.now();
  await expect.poll(() => asked.refused.filter((one) => one.askedMs > unloadedMs).length).toBeGreaterThan(20);
  expect(oldOf(asked, "m1", { after: unloadedMs, below: 1_000 })).toEqual([]);
  expect(new Set(asked.refused.map(({ name, status }) => `${name} ${status}`))).toEqual(new Set(["m1 409"]));
  expect((await ask("/v2/repository/models/m1/load", "{}")).status).toBe(200);
  await asked.stop();
});

test("a model whose process dies is answered by no copy of what it was, once it is another", async () => {
  const asked = await askUntilCopied(MODELS.length);
  // A version that is not loaded: whoever starts again loads it.
  for (const [at, name] of MODELS.entries()) await addConstant(root, { name, value: 100 * at + 50, version: 50 });
  const [killed = 0] = serving.pids;
  process.kill(killed, "SIGKILL");
  await expect.poll(() => serving.pids.includes(killed), { timeout: 20_000 }).toBe(false);
  await expect.poll(async () => (await ask("/v2/health/ready")).status, { timeout: 20_000 }).toBe(200);
  await expect.poll(() => asked.answers.filter(({ value }) => value % 100 === 50).length).toBeGreaterThan(50);
  await asked.stop();
  for (const name of MODELS) {
    const own = asked.answers.filter((one) => one.name === name);
    const news = own.filter(({ value }) => value % 100 === 50);
    const firstMs = Math.min(...news.map(({ answeredMs }) => answeredMs));
    expect(own.filter(({ askedMs, value }) => askedMs > firstMs && value % 100 !== 50)).toEqual([]);
  }
  expect(asked.refused.filter(({ status }) => status !== 503 && status !== undefined)).toEqual([]);
});
