import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { edit, end, eventually, mill, millLater, millUp, type Up } from "./support/project.ts";
import { treeModel } from "./support/tree-model.ts";

// A project gives the models of its documents less memory than they take together, and each answers all the same.

const MODELS = 24;

let work: string;
let projectDir: string;
let up: Up;

beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), "mill-limits-"));
  projectDir = join(work, "many");
  expect(mill(["init", projectDir]).code).toBe(0);
  const limits = 'limits: { servedModelsMb: 1, pinnedModels: ["model-0"] }';
  edit(projectDir, "millwright.ts", (text) => text.replace(/(name: "[^"]+")/, `$1, ${limits}`));
  mkdirSync(join(work, "models"));
  for (let at = 0; at < MODELS; at += 1) writeFileSync(fileOf(at), treeModel({ value: at, trees: 8, depth: 8 }));
  writeFileSync(join(work, "services.yaml"), Array.from({ length: MODELS }, (_, at) => documentOf(at)).join("---\n"));
  mkdirSync(join(projectDir, "services"), { recursive: true });
  writeFileSync(join(projectDir, "services", "both.ts"), GRAPH);
  up = await millUp(projectDir);
  await up.road;
});
afterAll(async () => {
  await end(up);
  rmSync(work, { recursive: true, force: true });
});

const GRAPH = `import { defineInferenceGraph } from "millwright";

export const both = defineInferenceGraph({
  name: "both",
  nodes: { root: { routerType: "Ensemble", steps: [{ name: "one", serviceName: "model-1" }] } },
});
`;

const fileOf = (at: number) => join(work, "models", `${at}.txt`);

const documentOf = (at: number) => `apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: { name: model-${at} }
spec: { predictor: { model: { modelFormat: { name: lightgbm }, storageUri: "${fileOf(at)}" } } }
`;

interface Occupancy {
  readonly bytes: number;
  readonly bytesMax: number | null;
  readonly evictions: number;
  readonly cold: readonly { readonly count: number }[];
  readonly models: readonly { readonly name: string; readonly isPinned: boolean }[];
}

async function occupancy(): Promise<Occupancy> {
  const answer = await fetch(`http://127.0.0.1:${up.controlPort}/api/v1/serving/occupancy`);
  return (await answer.json()) as Occupancy;
}

async function ask(name: string): Promise<number | string | undefined> {
  const inputs = [{ name: "x", datatype: "FP32", shape: [1, 8], data: [1, 2, 3, 4, 5, 6, 7, 8] }];
  const url = `http://127.0.0.1:${up.port}/v2/models/${name}/infer`;
  const answer = await fetch(url, { method: "POST", body: JSON.stringify({ inputs }) });
  const { outputs, code } = (await answer.json()) as { outputs?: { data: number[] }[]; code?: string };
  return outputs === undefined ? code : Math.round(outputs[0]?.data[0] ?? Number.NaN);
}

const pinnedOf = ({ models }: Occupancy) => models.filter((one) => one.isPinned && one.name !== "both");

test("applied models are loaded on demand, make room, and come back; what is pinned or a graph's own stays", async () => {
  const { code, stdout } = await millLater([
    "services",
    "apply",
    "-f",
    join(work, "services.yaml"),
    "--project",
    projectDir,
  ]);
  expect({ code, ready: stdout.match(/created, ready/g)?.length }).toEqual({ code: 0, ready: MODELS });
  for (let round = 0; round < 2; round += 1)
    for (let at = 0; at < MODELS; at += 1) expect(await ask(`model-${at}`)).toBe(at);
  const told = await occupancy();
  expect(told.bytesMax).toBe(2 ** 20);
  expect(told.bytes).toBeLessThanOrEqual(2 ** 20);
  expect(told.evictions).toBeGreaterThan(MODELS);
  expect(told.cold.at(-1)?.count).toBeGreaterThan(MODELS);
  expect(
    pinnedOf(told)
      .map(({ name }) => name)
      .toSorted(),
  ).toEqual(["model-0", "model-1"]);
}, 120_000);

test("a serving process that died has the same limits, and every model answers", async () => {
  const status = await fetch(`http://127.0.0.1:${up.controlPort}/api/v1/status`);
  const { up: processes } = (await status.json()) as { readonly up: { readonly servingPid: number } };
  process.kill(processes.servingPid, "SIGKILL");
  const back = await eventually("the serving process", () =>
    occupancy().then(
      (told) => told,
      () => undefined,
    ),
  );
  expect(back).toBeDefined();
  expect(
    await eventually("an answer", () =>
      ask("model-9").then(
        (told) => told,
        () => undefined,
      ),
    ),
  ).toBe(9);
  const told = await occupancy();
  expect(told).toMatchObject({ bytesMax: 2 ** 20, evictions: 0 });
  expect(told.models.map(({ name }) => name)).toEqual(expect.arrayContaining(["model-0", "model-1", "model-9"]));
  expect(told.models.length).toBeLessThan(6);
}, 120_000);

test("a limit that is none, a pin without one, and a pin of the project's own are refused with their remedy", () => {
  const refusal = (limits: string) => {
    edit(projectDir, "millwright.ts", (text) => text.replace(/limits: \{.*?\}/, `limits: ${limits}`));
    const { code, stderr } = mill(["check", "--project", projectDir]);
    expect(code).not.toBe(0);
    return stderr;
  };
  expect(refusal("{ servedModelsMb: 0 }")).toMatch(/kernel\/invalid[\s\S]*\/limits\/servedModelsMb/);
  expect(refusal('{ pinnedModels: ["model-2"] }')).toMatch(/servedModelsMb no model has to make room/);
  const own = refusal('{ servedModelsMb: 1, pinnedModels: ["both"] }');
  expect(own).toMatch(/limits\.pinnedModels names both, which the project serves by itself/);
  expect(own).toMatch(/Pin models that documents ask for/);
}, 60_000);
