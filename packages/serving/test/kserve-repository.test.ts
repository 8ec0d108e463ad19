import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { strToU8, zipSync } from "fflate";
import { afterAll, beforeAll, expect, test } from "vitest";
import { applier, isvcOf, type Applier } from "./support/apply-documents.ts";
import { serveDocuments } from "./support/serve-documents.ts";
import type { Serving } from "../src/index.ts";

// `modelFormat: triton` over a repository: each of its models answers by its own name, as Triton's do.

const TREES = join(import.meta.dirname, "tree-models");
const [LOGISTIC, POISSON] = ["xgboost-logistic.json", "xgboost-poisson.json"] as const;

let root: string;
let serving: Serving;
let files: Server;
let apply: Applier;
const fetched: string[] = [];

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "mill-repository-"));
  serving = await serveDocuments(root);
  apply = applier(root, () => serving);
  files = createServer((request, response) => {
    fetched.push(request.url ?? "");
    response.end(readFileSync(join(root, request.url ?? "")));
  });
  await new Promise<void>((resolve) => files.listen(0, "127.0.0.1", resolve));
});
afterAll(async () => {
  files.close();
  await serving.close();
  rmSync(root, { recursive: true, force: true });
});

/** A repository of models by their files; one without a file has no version that could be loaded. */
function repository(name: string, models: Readonly<Record<string, string | undefined>>): string {
  for (const [model, file] of Object.entries(models)) {
    const version = join(root, name, model, "1");
    mkdirSync(version, { recursive: true });
    writeFileSync(join(root, name, model, "config.pbtxt"), `name: "${model}"`);
    if (file !== undefined) cpSync(join(TREES, file), join(version, "xgboost.json"));
  }
  return join(root, name);
}

const triton = (name: string, uri: string, percent?: number) => isvcOf({ name, uri, format: "triton", percent });

async function answerOf(model: string): Promise<unknown> {
  const inputs = [{ name: "x", datatype: "FP32", shape: [1, 8], data: [1, 2, 3, 4, 5, 6, 7, 8] }];
  const url = `http://127.0.0.1:${serving.port}/v2/models/${model}/infer`;
  const response = await fetch(url, { method: "POST", body: JSON.stringify({ inputs }) });
  const { model_name, outputs, code } = (await response.json()) as {
    model_name?: string;
    outputs?: { data: number[] }[];
    code?: string;
  };
  return outputs === undefined ? code : [model_name, outputs[0]?.data];
}

test("each model of a repository is served by its own name; one that is wrong takes none of the others down", async () => {
  const uri = repository("mixed", { probability: LOGISTIC, count: POISSON, broken: undefined });
  const { service } = await apply(triton("mixed", uri));
  expect(service).toMatchObject({
    state: "UNAVAILABLE",
    reason: expect.stringMatching(/^broken: its version 1 has none of /) as string,
    transitionStatus: "BlockedByFailedLoad",
    revisions: [
      {
        percent: 100,
        models: [
          { name: "broken", state: "UNAVAILABLE" },
          { name: "count", state: "READY", reason: "" },
          { name: "probability", state: "READY" },
        ],
      },
    ],
  });
  expect(service?.conditions).toContainEqual({
    type: "Ready",
    status: "False",
    reason: "ModelLoadFailed",
    message: service?.reason,
  });
  const [[one, probability], [other, count]] = (await Promise.all(["probability", "count"].map(answerOf))) as [
    [string, number[]],
    [string, number[]],
  ];
  expect([one, other]).toEqual(["probability", "count"]);
  expect(probability).not.toEqual(count);
  expect(await answerOf("mixed")).toBe("serving/unknown-service");
  const ready = async (model: string) => (await fetch(`http://127.0.0.1:${serving.port}/v2/models/${model}/ready`)).ok;
  expect(await Promise.all(["count", "broken"].map(ready))).toEqual([true, false]);

  repository("mixed", { broken: LOGISTIC });
  const mended = await apply(triton("mixed", uri));
  expect(mended.service).toMatchObject({ change: "unchanged", state: "READY", transitionStatus: "UpToDate" });
  expect(await answerOf("broken")).toEqual(["broken", probability]);
});

test("a name that is another document's is refused by name, and nothing is applied", async () => {
  const uri = repository("clashing", { count: LOGISTIC, fresh: LOGISTIC });
  const before = await answerOf("count");
  const { service, remarks } = await apply(triton("clashing", uri));
  expect(service).toBe(undefined);
  expect(remarks).toMatchObject([
    { level: "error", path: "spec.predictor.model.storageUri", because: "InferenceService mixed has the name count" },
  ]);
  expect((await apply(isvcOf({ name: "count", uri: join(TREES, LOGISTIC) }))).remarks).toMatchObject([
    { because: "InferenceService mixed has the name count" },
  ]);
  expect([await answerOf("count"), await answerOf("fresh")]).toEqual([before, "serving/unknown-service"]);
});

/** What an archive has is known once it is fetched. */
function archive(name: string, models: Readonly<Record<string, string>>, within = ""): string {
  const entries = Object.entries(models).map(([model, file]) => [
    `${within}${model}/1/xgboost.json`,
    file === "" ? strToU8("{") : readFileSync(join(TREES, file)),
  ]);
  writeFileSync(join(root, name), zipSync(Object.fromEntries(entries) as Record<string, Uint8Array>));
  return `http://127.0.0.1:${(files.address() as AddressInfo).port}/${name}`;
}

test("a repository comes as an archive too, with or without a folder of its own; a clash within is told, and the first keeps its name", async () => {
  const before = await answerOf("count");
  const { service } = await apply(triton("fetched", archive("flat.zip", { count: LOGISTIC, other: POISSON })));
  expect(service).toMatchObject({
    state: "UNAVAILABLE",
    reason: "count: InferenceService mixed has the name count",
    transitionStatus: "InvalidSpec",
  });
  expect(await answerOf("count")).toEqual(before);
  expect(await answerOf("other")).toEqual(["other", (before as [string, number[]])[1]]);
  const one = await apply(triton("alone", archive("alone.zip", { cifar: POISSON })));
  expect(one.service).toMatchObject({ state: "READY" });
  expect(await answerOf("cifar")).toEqual(["cifar", (before as [string, number[]])[1]]);
  await apply(triton("deep", archive("deep.zip", { x: POISSON, y: LOGISTIC }, "models/")));
  expect(await answerOf("x")).toEqual(["x", (before as [string, number[]])[1]]);
  // An archive is fetched once for all its models, and not again because another document changes.
  expect(fetched.filter((url) => url === "/deep.zip" || url === "/alone.zip")).toEqual(["/alone.zip", "/deep.zip"]);
});

test("a repository's canary shares the requests of each model that both have", async () => {
  const uri = repository("next", { count: LOGISTIC, probability: LOGISTIC, broken: LOGISTIC });
  const { service } = await apply(triton("mixed", uri, 100));
  expect(service).toMatchObject({ state: "READY" });
  const [logistic, poisson] = [await answerOf("probability"), await answerOf("x")];
  const back = await apply(triton("mixed", repository("mixed", { count: POISSON }), 50));
  expect(back.service?.revisions.map(({ revision, percent }) => [revision, percent])).toEqual([
    ["rolled-out", 50],
    ["canary", 50],
  ]);
  const data = (answer: unknown) => JSON.stringify((answer as [string, number[]])[1]);
  const answers = new Set((await Promise.all(Array.from({ length: 60 }, () => answerOf("count")))).map(data));
  expect(answers).toEqual(new Set([data(logistic), data(poisson)]));
});

test("where a model itself lies there, it has the document's name", async () => {
  const folder = join(repository("one", { here: POISSON }), "here");
  // Its name would be another one.
  rmSync(join(folder, "config.pbtxt"));
  const { service } = await apply(triton("itself", folder));
  expect(service).toMatchObject({ state: "READY", revisions: [{ models: [] }] });
  expect(await answerOf("itself")).toEqual(["itself", ((await answerOf("x")) as [string, number[]])[1]]);
});
