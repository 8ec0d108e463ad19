import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "@millwright/kernel";
import { afterAll, beforeAll, expect, test } from "vitest";
import { keepFolderServing, type FolderProcess } from "../src/folder-process.ts";
import { askOnce, type Answer, type Sent } from "./support/ask-once.ts";
import { addConstant, ROW } from "./support/constant-model.ts";

// A folder that two processes serve as one: every request is made to each of them, over a connection of its own.

const MODELS = 12;
const SHARDS = 2;

let root: string;
let serving: FolderProcess;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "mill-shards-test-"));
  for (let model = 0; model < MODELS; model += 1) await addConstant(root, { name: `m${model}`, value: model });
  const steps = Array.from({ length: MODELS }, (_, model) => ({ serviceName: `m${model}`, name: `of${model}` }));
  const graph = (name: string, spec: object) =>
    JSON.stringify({ apiVersion: "serving.kserve.io/v1alpha1", kind: "InferenceGraph", metadata: { name }, spec });
  const all = graph("all", { nodes: { root: { routerType: "Ensemble", steps } } });
  const again = graph("again", { nodes: { root: { routerType: "Sequence", steps: [{ serviceName: "all" }] } } });
  writeFileSync(join(root, "graphs.yaml"), `${all}\n---\n${again}`);
  serving = await keepFolderServing({
    folder: root,
    shards: SHARDS,
    restPort: 0,
    grpcPort: 0,
    bodyBytesMax: 2 ** 20,
    cacheBytesMax: 2 ** 20,
    onDemand: { bytesMax: 2 ** 30, pinned: ["m0", "m1"] },
    logger: silentLogger,
  });
});
afterAll(async () => {
  await serving.close();
  rmSync(root, { recursive: true, force: true });
});

const once = (path: string, sent: Sent) => askOnce(serving.restPort, path, sent);

/** Of each process, its answer to the same request. */
async function each(path: string, sent: Sent = {}): Promise<readonly Answer[]> {
  const answers: Answer[] = [];
  for (let shard = 0; shard < SHARDS; shard += 1) answers.push(await once(path, sent));
  return answers;
}

test("each model answers its own, whichever process is asked, in each of the protocols of HTTP", async () => {
  for (let model = 0; model < MODELS; model += 1) {
    for (const { json } of await each(`/v2/models/m${model}/infer`, { body: ROW }))
      expect(json).toMatchObject({ id: "7", model_name: `m${model}`, outputs: [{ data: [model] }] });
    for (const { json } of await each(`/v1/models/m${model}:predict`, { body: '{"instances": [[1]]}' }))
      expect(json).toEqual({ predictions: [[model]] });
    const headers = { "content-type": "application/json" };
    for (const { json } of await each(`/invocations?model=m${model}`, { body: '{"inputs": [[1]]}', headers }))
      expect(json).toEqual({ predictions: [[model]] });
  }
});

test("binary tensors, packed bodies and refusals cross as they are", async () => {
  const head = JSON.stringify({
    inputs: [{ name: "features", datatype: "FP32", shape: [1, 1], parameters: { binary_data_size: 4 } }],
    outputs: [{ name: "prediction", parameters: { binary_data: true } }],
  });
  const body = Buffer.concat([Buffer.from(head), Buffer.alloc(4)]);
  for (const model of [2, 3, 4, 5]) {
    const headers = { "inference-header-content-length": String(Buffer.byteLength(head)) };
    for (const answer of await each(`/v2/models/m${model}/infer`, { body, headers })) {
      const length = Number(answer.headers["inference-header-content-length"]);
      expect(answer.headers["content-type"]).toBe("application/octet-stream");
      expect(answer.body.subarray(length).readFloatLE()).toBe(model);
    }
    for (const answer of await each(`/v2/models/m${model}/infer`, { body: '{"inputs": []}' }))
      expect(answer).toMatchObject({ status: 400, json: { code: "inference/bad-request" } });
    for (const answer of await each(`/v2/models/m${model}/infer`, { method: "PUT" }))
      expect(answer).toMatchObject({ status: 405, headers: { allow: "POST" } });
    for (const answer of await each(`/v2/models/m${model}/infer`, { body: Buffer.alloc(2 ** 20 + 1) }))
      expect(answer).toMatchObject({ status: 413, json: { code: "inference/too-large" } });
  }
  for (const answer of await each("/v2/models/nobody/infer", { body: ROW }))
    expect(answer).toMatchObject({ status: 404, json: { code: "inference/unknown-model" } });
});

test("a graph asks models of every process, and a graph that is another process's", async () => {
  for (const name of ["all", "again"])
    for (const { json } of await each(`/v1/models/${name}:predict`, { body: '{"instances": [[1]]}' }))
      expect(json).toEqual(
        Object.fromEntries(Array.from({ length: MODELS }, (_, model) => [`of${model}`, { predictions: [[model]] }])),
      );
});

test("index, statistics and metrics are of one server", async () => {
  const [one, other] = await each("/v2/repository/index", { body: "{}" });
  expect(one?.json).toEqual(other?.json);
  const entries = one?.json as { name: string }[] | undefined;
  const names = entries?.map(({ name }) => name);
  expect(names?.toSorted()).toEqual(
    [...Array.from({ length: MODELS }, (_, model) => `m${model}`), "again", "all"].toSorted(),
  );
  const counts = await each("/v2/models/stats");
  const told = counts.map(({ json }) => {
    const { model_stats } = json as {
      model_stats: { name: string; inference_stats: { success: { count: number } } }[];
    };
    return Object.fromEntries(model_stats.map((stats) => [stats.name, stats.inference_stats.success.count]));
  });
  expect(told[0]).toEqual(told[1]);
  expect(Object.keys(told[0] ?? {})).toHaveLength(MODELS + 2);
  const series = (await each("/metrics")).map(({ body }) =>
    body
      .toString()
      .match(/^nv_inference_count.*$/gm)
      ?.toSorted(),
  );
  expect(series[0]).toEqual(series[1]);
  expect(series[0]).toHaveLength(MODELS + 2);
  expect((await once("/metrics", {})).body.toString()).toMatch(
    new RegExp(`^millwright_models_resident ${MODELS}$`, "m"),
  );
});

test("a model that is unloaded through one process is away for all, and is back when it is loaded", async () => {
  for (const model of ["m6", "m7", "m8"]) {
    expect((await once(`/v2/repository/models/${model}/unload`, { body: "" })).status).toBe(200);
    for (const { status } of await each(`/v2/models/${model}/infer`, { body: ROW })) expect(status).toBe(409);
    for (const { status } of await each(`/v2/models/${model}/ready`)) expect(status).toBe(409);
    expect((await once(`/v2/repository/models/${model}/load`, { body: "" })).status).toBe(200);
    for (const { status } of await each(`/v2/models/${model}/infer`, { body: ROW })) expect(status).toBe(200);
  }
});

const isLinux = process.platform === "linux";

test.skipIf(!isLinux)(
  "settings and regions of shared memory are every process's, also of one that starts again",
  async () => {
    const segment = `mill-shards-${process.pid}`;
    writeFileSync(`/dev/shm/${segment}`, Buffer.alloc(64));
    try {
      expect((await once("/v2/logging", { body: '{"log_verbose_level": 3}' })).status).toBe(200);
      expect((await once("/v2/trace/setting", { body: '{"trace_rate": "17"}' })).status).toBe(200);
      const body = JSON.stringify({ key: `/${segment}`, offset: 0, byte_size: 64 });
      expect((await once("/v2/systemsharedmemory/region/here/register", { body })).status).toBe(200);
      expect(
        (await once("/v2/systemsharedmemory/region/there/register", { body: '{"key": "/nothing-there"}' })).status,
      ).toBe(400);
      const asTold = async () => {
        for (const { json } of await each("/v2/logging")) expect(json).toMatchObject({ log_verbose_level: 3 });
        for (const { json } of await each("/v2/trace/setting")) expect(json).toMatchObject({ trace_rate: "17" });
        for (const { json } of await each("/v2/systemsharedmemory/status"))
          expect(json).toMatchObject([{ name: "here" }]);
      };
      await asTold();
      const [killed = 0] = serving.pids;
      process.kill(killed, "SIGKILL");
      await expect.poll(() => serving.pids.includes(killed), { timeout: 20_000 }).toBe(false);
      await expect
        .poll(async () => (await each("/v2/health/ready")).map(({ status }) => status), { timeout: 20_000 })
        .toEqual([200, 200]);
      await asTold();
      for (const { json } of await each("/v2/models/m9/infer", { body: ROW }))
        expect(json).toMatchObject({ model_name: "m9" });
      expect((await once("/v2/systemsharedmemory/unregister", { body: "" })).status).toBe(200);
      for (const { json } of await each("/v2/systemsharedmemory/status")) expect(json).toEqual([]);
      expect((await once("/v2/logging", { body: '{"log_verbose_level": 0}' })).status).toBe(200);
    } finally {
      rmSync(`/dev/shm/${segment}`, { force: true });
    }
  },
);

test.skipIf(!isLinux)(
  "a process that is not there is told as that: its models by 503, the index and readiness",
  async () => {
    const [stopped = 0] = serving.pids;
    // It keeps its connections and answers nothing; killed right after, whoever waits for it is told at once.
    process.kill(stopped, "SIGSTOP");
    const asked = Array.from({ length: MODELS * SHARDS }, (_, at) =>
      once(`/v2/models/m${Math.floor(at / SHARDS)}/infer`, { body: ROW }).catch(() => undefined),
    );
    process.kill(stopped, "SIGKILL");
    const refused = (await Promise.all(asked)).filter((answer) => answer !== undefined && answer.status !== 200);
    expect(refused.length).toBeGreaterThan(0);
    for (const answer of refused)
      expect(answer).toMatchObject({
        status: 503,
        headers: { "retry-after": "1" },
        json: { code: "inference/shard-away" },
      });
    await expect
      .poll(async () => (await each("/v2/health/ready")).map(({ status }) => status), { timeout: 20_000 })
      .toEqual([200, 200]);
    for (let model = 0; model < MODELS; model += 1)
      for (const { json } of await each(`/v2/models/m${model}/infer`, { body: ROW }))
        expect(json).toMatchObject({ outputs: [{ data: [model] }] });
  },
);

test("a pinned model that is not there ends the start, and leaves no process", async () => {
  const options = { restPort: 0, grpcPort: 0, bodyBytesMax: 2 ** 20, cacheBytesMax: 2 ** 20, logger: silentLogger };
  const refused = keepFolderServing({
    ...options,
    folder: root,
    shards: 2,
    onDemand: { bytesMax: 2 ** 30, pinned: ["gone"] },
  });
  await expect(refused).rejects.toMatchObject({ code: "inference/unknown-model" });
});
