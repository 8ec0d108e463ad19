import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Serving } from "../src/index.ts";
import { readDocumentFolder } from "../src/kserve/document-folder.ts";
import { revisionsOf } from "../src/kserve/revisions.ts";
import {
  applier,
  asksApi,
  isvcOf,
  type Applier,
  type RevisionTold,
  type ServiceTold,
} from "./support/apply-documents.ts";
import { grpcCaller } from "./support/grpc-caller.ts";
import { serveDocuments } from "./support/serve-documents.ts";

// `canaryTrafficPercent`: the document that was rolled out last keeps the rest of the requests, as in KServe.

const TREES = join(import.meta.dirname, "tree-models");
const OLD = "xgboost-logistic.json";
const NEW = "xgboost-poisson.json";

let root: string;
let serving: Serving;
let ask: ReturnType<typeof asksApi>;
let apply: Applier;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "mill-canary-"));
  serving = await serveDocuments(root, { grpcAtOnce: true });
  [ask, apply] = [asksApi(root, () => serving), applier(root, () => serving)];
});
afterAll(async () => {
  await serving.close();
  rmSync(root, { recursive: true, force: true });
});

const isvc = (uri: string, percent?: number) => isvcOf({ name: "iris", uri, percent });

/** As the shares are told: `90 xgboost-logistic.json READY`. */
const told = (revisions: readonly RevisionTold[] = []) =>
  revisions.map(({ percent, storageUri, state }) => `${percent} ${storageUri.split("/").at(-1)} ${state}`);

async function answerOf(model: string, id?: string, parameters?: object): Promise<string> {
  const inputs = [{ name: "x", datatype: "FP32", shape: [1, 8], data: [1, 2, 3, 4, 5, 6, 7, 8] }];
  const url = `http://127.0.0.1:${serving.port}/v2/models/${model}/infer`;
  const response = await fetch(url, { method: "POST", body: JSON.stringify({ id, parameters, inputs }) });
  return JSON.stringify(((await response.json()) as { outputs?: unknown }).outputs);
}

const IDS = Array.from({ length: 200 }, (_, at) => `request-${at}`);

/** The ids that the canary answers; every other one is answered by the model that is rolled out. */
async function atCanary({ old, canary }: { readonly old: string; readonly canary: string }): Promise<Set<string>> {
  const found = new Set<string>();
  for (const id of IDS) {
    const answer = await answerOf("iris", id);
    if (answer === canary) found.add(id);
    else expect(answer).toBe(old);
  }
  return found;
}

const isWithin = (few: ReadonlySet<string>, many: ReadonlySet<string>) => [...few].every((id) => many.has(id));

test("a canary answers its share, the same ids each time, and the document before it the rest, also after a restart", async () => {
  const first = await apply(isvc(OLD, 30));
  expect(first.remarks.map(({ because }) => because)).toEqual([expect.stringContaining("no other model")]);
  expect(told(first.service?.revisions)).toEqual([`100 ${OLD} READY`]);
  const old = await answerOf("iris");

  expect(told((await apply(isvc(NEW, 20), { dryRun: true })).service?.revisions)).toEqual([
    `80 ${OLD} NOT UP`,
    `20 ${NEW} NOT UP`,
  ]);
  expect(await answerOf("iris")).toBe(old);

  const { service } = await apply(isvc(NEW, 20));
  expect(service).toMatchObject({ change: "configured", state: "READY" });
  expect(told(service?.revisions)).toEqual([`80 ${OLD} READY`, `20 ${NEW} READY`]);
  const canary = await answerOf("iris@canary");
  expect(canary).not.toBe(old);
  const some = await atCanary({ old, canary });
  expect(some.size).toBeGreaterThan(20);
  expect(some.size).toBeLessThan(60);

  await serving.close();
  serving = await serveDocuments(root);
  expect(await atCanary({ old, canary })).toEqual(some);
  const [listed] = await ask<ServiceTold[]>("listAppliedServices");
  expect(told(listed?.revisions)).toEqual([`80 ${OLD} READY`, `20 ${NEW} READY`]);

  expect((await apply(isvc(NEW, 20))).service).toMatchObject({ change: "unchanged" });
  await apply(isvc(NEW, 60));
  const more = await atCanary({ old, canary });
  expect(more.size).toBeGreaterThan(some.size);
  expect(isWithin(some, more)).toBe(true);
  await apply(isvc(NEW, 0));
  expect((await atCanary({ old, canary })).size).toBe(0);
});

test("what is applied without a share, or with 100, answers all: the canary is promoted, or the old one is back", async () => {
  const [old, canary] = [await answerOf("iris"), await answerOf("iris@canary")];
  await apply(isvc(NEW, 100));
  expect((await atCanary({ old, canary })).size).toBe(IDS.length);
  expect(await answerOf("iris@canary")).toBe(undefined);

  await apply(isvc(OLD, 50));
  const half = await atCanary({ old: canary, canary: old });
  expect(half.size).toBeGreaterThan(60);
  expect(half.size).toBeLessThan(140);
  const back = await apply(isvc(NEW));
  expect(told(back.service?.revisions)).toEqual([`100 ${NEW} READY`]);
  expect((await atCanary({ old: canary, canary: old })).size).toBe(0);
  await apply(isvc(OLD));
  expect(await answerOf("iris")).toBe(old);
});

test("a canary that cannot be loaded leaves all requests to the one before, and is told", async () => {
  const old = await answerOf("iris");
  await apply(isvc(NEW, 50));
  const file = join(root, "late.json");
  const { service } = await apply(isvc(file, 50));
  expect(told(service?.revisions)).toEqual([`50 ${OLD} READY`, "50 late.json UNAVAILABLE"]);
  expect(service?.revisions[1]?.reason).toContain("there is nothing");
  // Nor does the canary before it answer in its place.
  expect((await atCanary({ old, canary: "none" })).size).toBe(0);
  cpSync(join(TREES, NEW), file);
  const again = await apply(isvc(file, 50));
  expect(told(again.service?.revisions)).toEqual([`50 ${OLD} READY`, "50 late.json READY"]);
  expect((await atCanary({ old, canary: await answerOf("iris@canary") })).size).toBeGreaterThan(60);
});

test("a model that cannot be loaded is not rolled out: the one before goes on, over a restart too, and a mended one takes over", async () => {
  await apply(isvc(OLD));
  const old = await answerOf("iris");
  const [broken, empty] = [join(root, "broken.json"), join(root, "nothing.json")];
  writeFileSync(broken, "{");
  for (const bad of [broken, empty]) {
    const { service } = await apply(isvc(bad));
    expect(told(service?.revisions)).toEqual([`100 ${OLD} READY`, `0 ${bad.split("/").at(-1)} UNAVAILABLE`]);
    expect(service).toMatchObject({ state: "READY", transitionStatus: "BlockedByFailedLoad" });
    const conditions = service?.conditions.map(({ type, status, reason }) => [type, status, reason]);
    expect(conditions).toEqual([
      ["Ready", "False", "ModelLoadFailed"],
      ["PredictorReady", "False", "ModelLoadFailed"],
      ["RoutesReady", "True", ""],
      ["LatestDeploymentReady", "False", "ModelLoadFailed"],
    ]);
    expect(service?.reason).toBe(service?.conditions[0]?.message);
    expect(await answerOf("iris")).toBe(old);
  }
  await serving.close();
  serving = await serveDocuments(root, { grpcAtOnce: true });
  const [listed] = await ask<ServiceTold[]>("listAppliedServices");
  expect(told(listed?.revisions)).toEqual([`100 ${OLD} READY`, "0 nothing.json UNAVAILABLE"]);
  expect(await answerOf("iris")).toBe(old);

  // What was never rolled out leaves no share: a canary's is beside the one that is.
  const canary = await apply(isvc(NEW, 20));
  expect(told(canary.service?.revisions)).toEqual([`80 ${OLD} READY`, `20 ${NEW} READY`]);
  cpSync(join(TREES, NEW), broken);
  const mended = await apply(isvc(broken));
  expect(told(mended.service?.revisions)).toEqual(["100 broken.json READY"]);
  expect(mended.service).toMatchObject({ reason: "", transitionStatus: "UpToDate" });
  expect(await answerOf("iris")).not.toBe(old);
  await apply(isvc(OLD));
});

test("over gRPC a request goes where it goes over REST, and a sequence stays at its revision", async () => {
  await apply(isvc(OLD));
  const old = await answerOf("iris");
  await apply(isvc(NEW, 40));
  const canary = await answerOf("iris@canary");
  const caller = await grpcCaller(await serving.grpcPort);
  const contents = { fp32_contents: [1, 2, 3, 4, 5, 6, 7, 8] };
  const byGrpc = async (asked: object) => {
    const inputs = [{ name: "x", datatype: "FP32", shape: [1, 8], contents }];
    const answer = (await caller.call("ModelInfer", { model_name: "iris", inputs, ...asked })) as {
      outputs: { contents: { fp32_contents: number[] } }[];
    };
    return answer.outputs[0]?.contents.fp32_contents[0];
  };
  const first = (answer: string) => (JSON.parse(answer) as { data: number[] }[])[0]?.data[0];
  expect(first(old)).not.toBe(first(canary));
  try {
    const seen = new Set<number | undefined>();
    for (const id of IDS.slice(0, 40)) {
      const over = await byGrpc({ id });
      expect(over).toBe(first(await answerOf("iris", id)));
      seen.add(over);
    }
    expect(seen).toEqual(new Set([first(old), first(canary)]));
    const revisions = new Set<number | undefined>();
    for (let sequence = 1; sequence <= 20; sequence += 1) {
      const own = new Set<number | undefined>();
      for (const [at, parameter] of [
        { int64_param: sequence },
        { uint64_param: sequence },
        { string_param: `${sequence}` },
      ].entries())
        own.add(await byGrpc({ id: `${sequence}-${at}`, parameters: { sequence_id: parameter } }));
      own.add(first(await answerOf("iris", `${sequence}-rest`, { sequence_id: sequence })));
      expect(own.size).toBe(1);
      revisions.add([...own][0]);
    }
    expect(revisions.size).toBe(2);
  } finally {
    caller.close();
    await apply(isvc(OLD));
  }
});

test("a share is a whole number of percent", async () => {
  const { service, remarks } = await apply(isvc(NEW, 101));
  expect(service).toBe(undefined);
  expect(remarks.map(({ because }) => because)).toEqual([expect.stringContaining("from 0 to 100")]);
});

test("of documents of one name in a folder, the later one is the earlier one's canary where it says so", async () => {
  const folder = mkdtempSync(join(root, "folder-"));
  writeFileSync(join(folder, "iris.yaml"), [isvc("/a"), isvc("/b", 10), isvc("/c", 20)].join("\n---\n"));
  const { services } = await readDocumentFolder(folder);
  expect(services.flatMap(revisionsOf).map(({ percent, model }) => `${percent} ${model.name} ${model.uri}`)).toEqual([
    "80 iris /a",
    "20 iris@canary /c",
  ]);
});
