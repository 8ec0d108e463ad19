import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { answerRoute } from "@millwright/platform";
import { afterAll, beforeAll, expect, test } from "vitest";
import { appliedRoutes, serviceRoutes } from "../src/http.ts";
import { deployModelLimits, documentsFolder, keepGraphs, type Serving } from "../src/index.ts";
import type { InferenceModel } from "../src/inference/index.ts";
import type { Occupancy } from "../src/occupancy.ts";
import { deploymentFileIn, serveDocuments } from "./support/serve-documents.ts";

// What a project's settings give to the models of its documents: within it they are loaded when they are asked for.

const MODELS = 40;
const BYTES = 100;
const ROOM = 8;

let root: string;
let serving: Serving;
const opened: string[] = [];

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "mill-limits-"));
  mkdirSync(join(root, "models"));
  for (let at = 0; at < MODELS; at += 1) writeFileSync(join(root, "models", `m${at}.json`), "{}");
  serving = await serveDocuments(root, { openModel: openNamed });
});
afterAll(async () => {
  await serving.close();
  rmSync(root, { recursive: true, force: true });
});

/** Answers with its file's name. */
async function openNamed(file: string): Promise<InferenceModel> {
  const name = basename(file, ".json");
  opened.push(name);
  return {
    platform: "test",
    backend: "test",
    inputs: [{ name: "x", datatype: "FP32", shape: [-1], dimensionNames: ["rows"] }],
    outputs: [{ name: "NAME", datatype: "BYTES", shape: [1], dimensionNames: [undefined] }],
    bytes: BYTES,
    infer: async () => [{ name: "NAME", datatype: "BYTES", shape: [1], data: [Buffer.from(name)] }],
    close: async () => {},
  };
}

const url = () => `http://127.0.0.1:${serving.port}`;
const places = () => ({ deploymentFile: deploymentFileIn(root), servingUrl: url });
const registry = {
  find: async () => {
    throw new Error("there is none");
  },
};

async function operation<Answer>(id: string, given: { body?: object; params?: object; query?: object } = {}) {
  const routes = [...appliedRoutes(() => ({ ...places(), registry })), ...serviceRoutes(places)];
  const route = routes.find((one) => one.id === id);
  if (route === undefined) throw new Error(`there is no ${id}`);
  const asked = { params: {}, query: {}, body: {}, ...given, signal: new AbortController().signal };
  return (await answerRoute(route, asked)) as Answer;
}

const occupancy = (query: object = {}) => operation<Occupancy>("showOccupancy", { query });

const document = (name: string) => `apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: { name: ${name} }
spec: { predictor: { model: { modelFormat: { name: xgboost }, storageUri: "${join(root, "models", `${name}.json`)}" } } }
`;

async function ask(name: string): Promise<string | undefined> {
  const inputs = [{ name: "x", datatype: "FP32", shape: [1], data: [1] }];
  const answer = await fetch(`${url()}/v2/models/${name}/infer`, { method: "POST", body: JSON.stringify({ inputs }) });
  const { outputs, code } = (await answer.json()) as { outputs?: { data: string[] }[]; code?: string };
  return outputs?.[0]?.data[0] ?? code;
}

let deployed = 0;

/** The deployment is watched: what it says holds a moment later. */
async function limit(limits: Parameters<typeof deployModelLimits>[1]): Promise<void> {
  const ids = () => `${(deployed += 1)}`;
  await deployModelLimits(
    { deploymentFile: deploymentFileIn(root), onlineStorePath: join(root, "online"), ids },
    limits,
  );
  const wanted = limits?.bytesMax ?? null;
  await expect.poll(async () => (await occupancy()).bytesMax, { timeout: 30_000 }).toBe(wanted);
}

test("a bound that comes while all are in memory has those loaded first make room, and is kept", async () => {
  const documents = Array.from({ length: MODELS }, (_, at) => document(`m${at}`)).join("---\n");
  const applied = await operation<{ services: { state: string }[] }>("applyServices", {
    body: { documents, folder: root },
  });
  expect(new Set(applied.services.map(({ state }) => state))).toEqual(new Set(["READY"]));
  expect(await occupancy()).toMatchObject({ bytes: MODELS * BYTES, bytesMax: null, evictions: 0 });
  await ask("m0");
  await limit({ bytesMax: ROOM * BYTES, pinned: ["m30", "m31", "not-there-yet"] });
  await expect.poll(async () => (await occupancy()).bytes, { timeout: 30_000 }).toBe(ROOM * BYTES);
  const { models, evictions, pinnedBytes, lately } = await occupancy();
  expect({ evictions, pinnedBytes }).toEqual({ evictions: MODELS - ROOM, pinnedBytes: 2 * BYTES });
  expect(lately[0]).toMatchObject({ madeRoomFor: null });
  const there = models.map(({ name }) => name);
  expect(there).toEqual(expect.arrayContaining(["m30", "m31"]));
  expect(there).not.toContain(opened[0]);
  expect(models.filter(({ isPinned }) => isPinned).map(({ name }) => name)).toEqual(["m30", "m31"]);
});

test("each answers its own though few are in memory: loaded, evicted, loaded again", async () => {
  const before = opened.length;
  for (let round = 0; round < 2; round += 1)
    for (let from = 0; from < MODELS; from += 10) {
      const names = Array.from({ length: 10 }, (_, at) => `m${from + at}`);
      expect(await Promise.all(names.map(ask))).toEqual(names);
    }
  const { bytes, cold, warm, modelCount, lately } = await occupancy();
  expect({ bytes, modelCount }).toEqual({ bytes: ROOM * BYTES, modelCount: ROOM });
  expect(opened.length - before).toBeGreaterThan(MODELS);
  expect(opened.slice(before)).not.toContain("m30");
  const all = (buckets: Occupancy["cold"]) => buckets.at(-1)?.count ?? 0;
  expect(all(cold)).toBeGreaterThan(MODELS);
  expect(all(cold)).toBeLessThanOrEqual(opened.length - before);
  expect(all(cold) + all(warm)).toBe(2 * MODELS + 1);
  expect(lately.every(({ madeRoomFor }) => madeRoomFor !== null)).toBe(true);
  const text = await (await fetch(`${url()}/metrics`)).text();
  expect(text).toContain(`millwright_mesh_request_seconds_count{found="cold"} ${all(cold)}\n`);
});

test("a page of what is in memory is told by name, in an order, and from a place on", async () => {
  await ask("m7");
  const named = await occupancy({ search: "M3", order: "name", offset: 1, limit: 1 });
  expect(named.models.map(({ name }) => name)).toEqual(["m31"]);
  expect(named.found).toBeGreaterThan(1);
  expect(named.modelCount).toBe(ROOM);
  expect((await occupancy({ limit: 1 })).models).toMatchObject([{ name: "m7", rows: 1 }]);
  expect((await occupancy()).largest).toHaveLength(ROOM);
  await expect(occupancy({ order: "none" })).rejects.toMatchObject({ code: "kernel/invalid" });
});

test("a process that begins within the bound loads the pinned ones alone, and each other for its first request", async () => {
  await serving.close();
  const before = opened.length;
  serving = await serveDocuments(root, { openModel: openNamed });
  expect(opened.slice(before).toSorted()).toEqual(["m30", "m31"]);
  expect(await ask("m5")).toBe("m5");
  expect(await ask("none")).toMatch(/unknown/);
  await operation("deleteAppliedService", { params: { kind: "InferenceService", name: "m20" } });
  expect(await ask("m20")).toMatch(/unknown/);
});

test("a graph's models come as they are asked", async () => {
  const steps = ["m1", "m2"].map((name) => ({ serviceName: name, name }));
  await keepGraphs(documentsFolder(places()), [{ name: "both", nodes: { root: { routerType: "Ensemble", steps } } }]);
  await fetch(`${url()}/documents/reload`, { method: "POST" });
  const body = JSON.stringify({ instances: [1] });
  const answer = await fetch(`${url()}/v1/models/both:predict`, { method: "POST", body });
  expect(await answer.json()).toEqual({ m1: { predictions: ["m1"] }, m2: { predictions: ["m2"] } });
});

test("without the bound all are loaded again, and none makes room", async () => {
  const { evictions } = await occupancy();
  await limit(undefined);
  await expect.poll(async () => (await occupancy()).modelCount, { timeout: 30_000 }).toBe(MODELS);
  expect(await occupancy()).toMatchObject({ bytes: (MODELS - 1) * BYTES, evictions });
});
