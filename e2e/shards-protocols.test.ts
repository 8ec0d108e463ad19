import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as grpc from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { addIdentity } from "./support/identity-model.ts";
import { childrenOf } from "./support/processes.ts";
import { end, eventually } from "./support/project.ts";
import { serveFolder, type ServingFolder } from "./support/serving-folder.ts";
import { asItIs, grpcClient, inferMessage, keepAskingGrpc, keepAskingRest } from "./support/tensor-callers.ts";
import { field, fieldsOf, type Field } from "./support/wire.ts";

// `mill serve DIR --shards 2` as clients of gRPC and readers of the payload log see it: as one server. Of two clients each has
// a connection to another process, since connections are handed to the processes in turn.

const NAMES = ["identity", "a", "b", "c", "d", "e"];
/** Of requests that are not asked without pause. */
const OTHER_TAGS = 10_000_000;
/** Waits so long for others to be executed with. */
const SLOW = "max_batch_size: 8 dynamic_batching { max_queue_delay_microseconds: 5000000 }";

let folder: string;
let serving: ServingFolder;
let clients: readonly grpc.Client[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "mill-shards-test-"));
  const models = join(folder, "models");
  for (const name of [...NAMES, "slow"]) addIdentity(models, 1, name);
  writeFileSync(join(models, "slow", "config.pbtxt"), SLOW);
  mkdirSync(join(folder, "payloads"));
  serving = await serveFolder(models, "--shards", "2", "--payload-log", join(folder, "payloads"));
  clients = [grpcClient(serving.grpc), grpcClient(serving.grpc)];
});
afterAll(() => {
  for (const client of clients) client.close();
  if (serving.process.exitCode === null) serving.process.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

const INFERENCE = "/inference.GRPCInferenceService";

interface Call {
  readonly metadata?: Readonly<Record<string, string>>;
  readonly deadlineMs?: number;
}

function call(
  client: grpc.Client | undefined,
  method: string,
  { message, metadata = {}, deadlineMs }: Call & { readonly message: Buffer },
): Promise<readonly Field[]> {
  const beside = new grpc.Metadata();
  for (const [name, value] of Object.entries(metadata)) beside.set(name, value);
  const options = deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs };
  return new Promise((resolve, reject) => {
    client?.makeUnaryRequest(method, asItIs, asItIs, message, beside, options, (error, answer) =>
      answer === undefined ? reject(error ?? new Error("no answer")) : resolve(fieldsOf(answer)),
    );
  });
}

/** Of both processes. */
const ofEach = (method: string, message: Buffer, told: Call = {}) =>
  Promise.all(clients.map((client) => call(client, `${INFERENCE}/${method}`, { message, ...told })));

const textIn = (fields: readonly Field[], number: number) =>
  String(fields.find((one) => one.number === number)?.value ?? "");

test("`mm-vmodel-id` names the model whichever process is asked, in each method that is about one", async () => {
  for (const [at, name] of NAMES.entries()) {
    const tag = OTHER_TAGS + at;
    const beside = { metadata: { "mm-vmodel-id": name } };
    for (const answer of await ofEach("ModelInfer", inferMessage(tag), beside)) {
      expect(textIn(answer, 1)).toBe(name);
      expect(textIn(answer, 3)).toBe(String(tag));
    }
    for (const answer of await ofEach("ModelMetadata", field(1, "identity"), beside))
      expect(textIn(answer, 1)).toBe(name);
    for (const [ready] of await ofEach("ModelReady", field(1, "nobody"), beside)) expect(ready?.value).toBe(1);
  }
});

test("index, trace and log settings are one server's over gRPC", async () => {
  for (const models of await ofEach("RepositoryIndex", Buffer.alloc(0)))
    expect(models.map(({ value }) => textIn(fieldsOf(value as Buffer), 1)).toSorted()).toEqual(
      [...NAMES, "slow"].toSorted(),
    );
  const setting = (name: string, value: Buffer) => field(1, Buffer.concat([field(1, name), field(2, value)]));
  await call(clients[0], `${INFERENCE}/TraceSetting`, { message: setting("trace_rate", field(1, "23")) });
  await call(clients[1], `${INFERENCE}/LogSettings`, { message: setting("log_verbose_level", field(2, 3)) });
  const settingIn = (fields: readonly Field[], name: string) =>
    fields
      .map(({ value }) => fieldsOf(value as Buffer))
      .filter((entry) => textIn(entry, 1) === name)
      .map((entry) => fieldsOf(entry[1]?.value as Buffer)[0]?.value)
      .map(String);
  for (const told of await ofEach("TraceSetting", Buffer.alloc(0)))
    expect(settingIn(told, "trace_rate")).toEqual(["23"]);
  for (const told of await ofEach("LogSettings", Buffer.alloc(0)))
    expect(settingIn(told, "log_verbose_level")).toEqual(["3"]);
  await call(clients[0], `${INFERENCE}/LogSettings`, { message: setting("log_verbose_level", field(2, 0)) });
});

test("a time that has passed is told by the process whose model it is", async () => {
  const timeout = field(4, Buffer.concat([field(1, "timeout"), field(2, field(2, 1))]));
  for (const client of clients)
    for (const name of NAMES) {
      const asked = { message: Buffer.concat([inferMessage(OTHER_TAGS), timeout]), metadata: { "mm-vmodel-id": name } };
      await expect(call(client, `${INFERENCE}/ModelInfer`, asked)).rejects.toMatchObject({
        code: grpc.status.DEADLINE_EXCEEDED,
        details: expect.stringContaining("not executed within its time") as string,
      });
    }
});

function askSlowly(): { readonly leave: () => void; readonly over: Promise<unknown> } {
  const body = JSON.stringify({ inputs: [{ name: "x", datatype: "INT64", shape: [1], data: [1] }] });
  const asked = request({ port: serving.rest, path: "/v2/models/slow/infer", method: "POST", agent: false });
  const over = new Promise((resolve) => asked.on("close", resolve).on("error", () => undefined));
  asked.end(body);
  return { leave: () => asked.destroy(), over };
}

interface Stats {
  readonly execution_count: number;
  readonly inference_stats: Readonly<Record<string, { readonly count: number }>>;
}

async function statsOf(name: string): Promise<Stats | undefined> {
  const response = await fetch(`http://127.0.0.1:${serving.rest}/v2/models/${name}/stats`);
  return ((await response.json()) as { readonly model_stats: readonly Stats[] }).model_stats[0];
}

test("nothing is executed for callers who have gone, whichever process they asked", async () => {
  const waiting = async (count: number) => {
    const text = await (await fetch(`http://127.0.0.1:${serving.rest}/metrics`)).text();
    return (
      new RegExp(`^nv_inference_pending_request_count{model="slow",version="1"} ${count}$`, "m").test(text) || undefined
    );
  };
  const calls = clients.map((client) => {
    const beside = new grpc.Metadata();
    beside.set("mm-vmodel-id", "slow");
    return client.makeUnaryRequest(
      `${INFERENCE}/ModelInfer`,
      asItIs,
      asItIs,
      inferMessage(OTHER_TAGS),
      beside,
      () => undefined,
    );
  });
  const slow = [askSlowly(), askSlowly()];
  await eventually("four requests that wait", () => waiting(4));
  for (const one of calls) one.cancel();
  for (const { leave } of slow) leave();
  await Promise.all(slow.map(({ over }) => over));
  const stats = await eventually("four that failed", async () => {
    const told = await statsOf("slow");
    return told?.inference_stats["fail"]?.count === 4 ? told : undefined;
  });
  expect(stats).toMatchObject({ execution_count: 0, inference_stats: { success: { count: 0 } } });
});

/** Over a connection of its own, which is the next process's in turn. */
function readiness(): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request({ port: serving.rest, path: "/v2/health/ready", agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on("error", reject)
      .end();
  });
}

describe.skipIf(process.platform !== "linux")("of two processes", () => {
  test("one that hangs is told as missing by the other one, over both protocols", async () => {
    const [stopped = 0] = childrenOf(serving.process.pid, "folder-main");
    process.kill(stopped, "SIGSTOP");
    try {
      const health = clients.map((client) =>
        call(client, "/grpc.health.v1.Health/Check", { message: Buffer.alloc(0) }),
      );
      const index = clients.map((client) => call(client, `${INFERENCE}/RepositoryIndex`, { message: Buffer.alloc(0) }));
      for (const all of [health, index]) for (const one of all) one.catch(() => undefined);
      expect(await Promise.any([readiness(), readiness()])).toBe(503);
      expect((await Promise.any(health)).map(({ value }) => value)).toEqual([2]);
      const states = (await Promise.any(index)).map(({ value }) => textIn(fieldsOf(value as Buffer), 3));
      expect(states).toHaveLength(NAMES.length + 1);
      expect(new Set(states)).toEqual(new Set(["READY", "UNAVAILABLE"]));
    } finally {
      process.kill(stopped, "SIGKILL");
    }
    await eventually(
      "another process",
      () => !childrenOf(serving.process.pid, "folder-main").includes(stopped) || undefined,
    );
    await eventually("both are there", async () => {
      const statuses = await Promise.all(
        clients.map((client) => call(client, "/grpc.health.v1.Health/Check", { message: Buffer.alloc(0) })),
      ).catch(() => []);
      return (statuses.length === 2 && statuses.every(([status]) => status?.value === 1)) || undefined;
    });
  });

  test("each answer is in the payload log once, also those of copies", async () => {
    const calls = [keepAskingRest(serving.rest, { callers: 4 }), keepAskingGrpc(serving.grpc, { callers: 4 })];
    await eventually("a copy", async () => {
      const text = await (await fetch(`http://127.0.0.1:${serving.rest}/metrics`)).text();
      return /^millwright_model_copies 1$/m.test(text) || undefined;
    });
    const fromMs = performance.now();
    await eventually("answers with it", () =>
      calls.every(({ answered }) => answered.filter(({ atMs }) => atMs > fromMs).length > 50) ? true : undefined,
    );
    await Promise.all(calls.map((one) => one.stop()));
    expect(calls.flatMap(({ wrong, failed }) => [...wrong, ...failed])).toEqual([]);
    expect((await end(serving)).code).toBe(0);
    const place = join(folder, "payloads");
    const folders = readdirSync(place);
    expect(folders.toSorted()).toEqual(["process-0", "process-1"]);
    const kept = folders
      .flatMap((name) => readdirSync(join(place, name)).map((file) => join(place, name, file)))
      .filter((file) => file.endsWith(".jsonl"))
      .flatMap((file) => readFileSync(file, "utf8").trim().split("\n"))
      .map((line) => JSON.parse(line) as { readonly client_request_id: string | null; readonly model_name: string });
    const asked = calls.flatMap(({ answered }) => answered.map(({ tag }) => tag));
    const tags = kept
      .filter(({ model_name }) => model_name === "identity")
      .map(({ client_request_id: id }) => Number(id));
    const own = tags.filter((tag) => tag < OTHER_TAGS);
    expect(own.toSorted((one, other) => one - other)).toEqual(asked.toSorted((one, other) => one - other));
  });
});
