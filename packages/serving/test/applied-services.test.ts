import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { answerRoute } from "@millwright/platform";
import { afterAll, beforeAll, expect, test } from "vitest";
import { appliedRoutes } from "../src/http.ts";
import { keepGraphs, type Serving } from "../src/index.ts";
import { deploymentFileIn, serveDocuments } from "./support/serve-documents.ts";

// KServe's documents applied to a project through its API: served beside its services, kept, and taken away.

const TREES = join(import.meta.dirname, "tree-models");

let root: string;
let serving: Serving | undefined;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "mill-applied-"));
  serving = await serveDocuments(root);
});
afterAll(async () => {
  await serving?.close();
  rmSync(root, { recursive: true, force: true });
});

const deploymentFile = () => deploymentFileIn(root);

const servingUrl = () => (serving === undefined ? undefined : `http://127.0.0.1:${serving.port}`);
const registry = {
  find: async ({ name, version }: { readonly name: string; readonly version?: number }) => {
    if (name !== "churn") throw new Error(`there is no ${name}`);
    return { path: join(TREES, "xgboost-logistic.json"), version: String(version ?? 3) };
  },
};

async function ask<Answer>(operation: string, { params = {}, body = {} }: { params?: object; body?: object } = {}) {
  const routes = appliedRoutes(() => ({ deploymentFile: deploymentFile(), servingUrl, registry }));
  const route = routes.find(({ id }) => id === operation);
  if (route === undefined) throw new Error(`there is no ${operation}`);
  const { signal } = new AbortController();
  return (await answerRoute(route, { params: params as Record<string, string>, query: {}, body, signal })) as Answer;
}

const apply = (documents: string, dryRun = false) =>
  ask<{ isApplied: boolean; services: object[]; remarks: { because: string }[] }>("applyServices", {
    body: { documents, folder: TREES, dryRun },
  });
const list = () => ask<{ kind: string; name: string; state: string; source: string }[]>("listAppliedServices");

const service = (name: string, storageUri: string) => `apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: { name: ${name} }
spec: { predictor: { model: { modelFormat: { name: xgboost }, storageUri: "${storageUri}" } } }
`;

async function infer(name: string): Promise<readonly string[]> {
  const inputs = [{ name: "x", datatype: "FP32", shape: [1, 8], data: [1, 2, 3, 4, 5, 6, 7, 8] }];
  const url = `${servingUrl()}/v2/models/${name}/infer`;
  const response = await fetch(url, { method: "POST", body: JSON.stringify({ inputs }) });
  const { outputs, code } = (await response.json()) as { outputs?: { name: string }[]; code?: string };
  return outputs?.map((output) => output.name) ?? [String(code)];
}

test("a dry run changes nothing; an error in one document applies none", async () => {
  const dry = await apply(service("iris", "xgboost-logistic.json"), true);
  expect(dry).toMatchObject({ isApplied: false, services: [{ name: "iris", change: "created" }], remarks: [] });
  const bad = await apply(`${service("iris", "xgboost-logistic.json")}---\n${service("other", "s3://b/k")}`);
  expect(bad).toMatchObject({ isApplied: false, services: [] });
  expect(await list()).toEqual([]);
  expect(await infer("iris")).toEqual(["serving/unknown-service"]);
});

test("what is applied answers at once, is unchanged when it is applied again, and follows a change", async () => {
  const created = await apply(service("iris", "xgboost-logistic.json"));
  expect(created).toMatchObject({ isApplied: true, services: [{ change: "created", state: "READY" }] });
  expect(await infer("iris")).toEqual(["predict"]);
  const again = await apply(service("iris", "xgboost-logistic.json"));
  expect(again.services).toMatchObject([{ change: "unchanged" }]);
  const changed = await apply(service("iris", "nothing-there.json"));
  expect(changed.services).toMatchObject([{ change: "configured", state: "READY" }]);
  // What cannot be loaded leaves what was served before.
  expect(await infer("iris")).toEqual(["predict"]);
  await apply(service("iris", "xgboost-logistic.json"));
});

test("what could not be loaded is tried again when its document is applied again, unchanged", async () => {
  const file = join(root, "late.json");
  const first = await apply(service("late", file));
  expect(first.services).toMatchObject([{ change: "created", state: "UNAVAILABLE" }]);
  cpSync(join(TREES, "xgboost-logistic.json"), file);
  const again = await apply(service("late", file));
  expect(again.services).toMatchObject([{ change: "unchanged", state: "READY" }]);
  expect(await infer("late")).toEqual(["predict"]);
  await ask("deleteAppliedService", { params: { kind: "InferenceService", name: "late" } });
});

test("a registered model is the version that its alias means now; one that is none is an error", async () => {
  const { remarks, services } = await apply(service("churn", "models:/churn@champion"));
  expect(services).toMatchObject([{ name: "churn", state: "READY" }]);
  expect(remarks.map(({ because }) => because).join()).toContain("is version 3 now");
  expect((await apply(service("lost", "models:/lost/1"))).isApplied).toBe(false);
});

test("the graphs that a project defines are asked by their names; what a step was asked is seen", async () => {
  const steps = [{ serviceName: "iris", name: "a" }, { serviceName: "churn" }];
  const graph = { name: "both", nodes: { root: { routerType: "Ensemble" as const, steps } }, timeoutMs: 1_500 };
  await keepGraphs(join(root, "serving", "services"), [{ ...graph, propagateHeaders: ["^x-user$", "^x-team$"] }]);
  await expect.poll(() => infer("both"), { timeout: 30_000 }).toEqual(["a.predict", "1.predict"]);
  const [seen] = await ask<{ nodes: { root: { steps: { requests: number }[] } } }[]>("listInferenceGraphs");
  expect(seen).toMatchObject({
    name: "both",
    state: "READY",
    nodes: { root: { steps: [{ requests: 1 }, { requests: 1 }] } },
  });
  expect((await list()).find(({ name }) => name === "both")).toMatchObject({ source: "defined", state: "READY" });
});

test("all of it is served again after a start, and what is deleted is not", async () => {
  await serving?.close();
  serving = undefined;
  expect((await list()).map(({ state }) => state)).toEqual(["NOT UP", "NOT UP", "NOT UP"]);
  serving = await serveDocuments(root);
  expect(await infer("both")).toEqual(["a.predict", "1.predict"]);
  await ask("deleteAppliedService", { params: { kind: "InferenceService", name: "churn" } });
  expect((await list()).map(({ name }) => name)).toEqual(["both", "iris"]);
  expect(await infer("churn")).toEqual(["inference/not-ready"]);
  await expect(ask("deleteAppliedService", { params: { kind: "InferenceService", name: "../x" } })).rejects.toThrow();
});
