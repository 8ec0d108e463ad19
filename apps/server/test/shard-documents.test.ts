import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { keepFolderServing, type FolderProcess } from "../src/folder-process.ts";
import { askOnce } from "./support/ask-once.ts";
import { addConstant, ROW } from "./support/constant-model.ts";
import { SMALL_SERVER } from "./support/small-server.ts";

// KServe's documents served by two processes: a canary has its share of the requests, and a request its revision, whichever
// process it comes to; graphs ask the models of both.

let root: string;
let serving: FolderProcess;

const document = (kind: string, name: string, spec: object) =>
  JSON.stringify({
    apiVersion: `serving.kserve.io/${kind === "InferenceService" ? "v1beta1" : "v1alpha1"}`,
    kind,
    metadata: { name },
    spec,
  });

const service = (name: string, model: string, canary: object = {}) =>
  document("InferenceService", name, {
    predictor: { ...canary, model: { modelFormat: { name: "onnx" }, storageUri: join(root, "elsewhere", model) } },
  });

const SERVICES = ["first", "second", "third", "fourth"];
const SPLIT = document("InferenceGraph", "split", {
  nodes: {
    root: {
      routerType: "Splitter",
      steps: [
        { serviceName: "first", weight: 40 },
        { serviceName: "second", weight: 60 },
      ],
    },
  },
});
const ALL = document("InferenceGraph", "every", {
  nodes: {
    root: { routerType: "Ensemble", steps: SERVICES.map((serviceName) => ({ serviceName, name: serviceName })) },
  },
});

const write = (file: string, documents: readonly string[]) =>
  writeFileSync(join(root, "models", file), documents.join("\n---\n"));
/** Later documents of the same names, whose models get a share of the requests. */
const writeCanaries = (canaryTrafficPercent: number) =>
  write(
    "z-canaries.yaml",
    SERVICES.map((name) => service(name, "new", { canaryTrafficPercent })),
  );

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "mill-shard-documents-"));
  mkdirSync(join(root, "models"));
  await addConstant(join(root, "elsewhere"), { name: "old", value: 1 });
  await addConstant(join(root, "elsewhere"), { name: "new", value: 2 });
  write("services.yaml", [...SERVICES.map((name) => service(name, "old")), SPLIT, ALL]);
  serving = await keepFolderServing({
    folder: join(root, "models"),
    shards: 2,
    ...SMALL_SERVER,
  });
});
afterAll(async () => {
  await serving.close();
  rmSync(root, { recursive: true, force: true });
});

async function ask(name: string, id = "1"): Promise<unknown> {
  const body = JSON.stringify({ ...(JSON.parse(ROW) as object), id });
  const { json } = await askOnce(serving.restPort, `/v2/models/${name}/infer`, { body });
  return (json as { outputs?: { data: number[] }[] } | undefined)?.outputs?.[0]?.data[0];
}

/** What each process answers: connections are handed to them in turn. */
const ofBoth = (name: string, id?: string) => Promise.all([ask(name, id), ask(name, id)]);

test("graphs ask the models of both processes, and a splitter each of its own", async () => {
  for (const name of SERVICES) expect(await ofBoth(name)).toEqual([1, 1]);
  for (let times = 0; times < 2; times += 1) {
    const { json } = await askOnce(serving.restPort, "/v1/models/every:predict", { body: '{"instances": [[1]]}' });
    expect(json).toEqual(Object.fromEntries(SERVICES.map((name) => [name, { predictions: [[1]] }])));
  }
  for (let request = 0; request < 40; request += 1) expect(await ask("split", `${request}`)).toBe(1);
  const graphs = await Promise.all([1, 2].map(() => askOnce(serving.restPort, "/v2/models/split/graph")));
  for (const { json } of graphs) {
    const { nodes } = json as { nodes: { root: { steps: { requests: number }[] } } };
    const asked = nodes.root.steps.map(({ requests }) => requests);
    expect(asked.reduce((sum, count) => sum + count, 0)).toBe(40);
    expect(Math.min(...asked)).toBeGreaterThan(0);
  }
});

test("a canary has its share of each process's requests, and a request its own revision", async () => {
  writeCanaries(30);
  const ids = Array.from({ length: 60 }, (_, at) => `request ${at}`);
  const answers = async (name: string) => Promise.all(ids.map((id) => ofBoth(name, id)));
  for (const name of SERVICES) {
    await expect.poll(async () => new Set((await answers(name)).flat()), { timeout: 20_000 }).toEqual(new Set([1, 2]));
    const told = await answers(name);
    // The same request is the same revision's, in whichever process it arrives.
    expect(told.filter(([one, other]) => one !== other)).toEqual([]);
    const share = told.filter(([one]) => one === 2).length / told.length;
    expect(share).toBeGreaterThan(0.1);
    expect(share).toBeLessThan(0.55);
  }
  writeCanaries(100);
  for (const name of SERVICES)
    await expect.poll(async () => new Set((await answers(name)).flat()), { timeout: 20_000 }).toEqual(new Set([2]));
});
