import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger, systemClock } from "@millwright/kernel";
import {
  createInferenceServer,
  given,
  openComposedModels,
  openFolderModels,
  type InferenceModel,
  type InferenceServer,
  type Tensor,
} from "@millwright/serving/inference";
import type { BenchResult } from "./bench-result.ts";

const REQUESTS = 20_000;
const ROUNDS = 7;
const STEPS = [1, 4, 16];

const SPEC = { name: "x", datatype: "FP32", shape: [-1, 8], dimensionNames: ["rows", undefined] } as const;
const INPUT: Tensor = { name: "x", datatype: "FP32", shape: [1, 8], data: new Float32Array(8) };

/** Answers what it was asked: what is measured is what is around it. */
const echo: InferenceModel = {
  platform: "bench",
  backend: "bench",
  inputs: [SPEC],
  outputs: [SPEC],
  infer: async (inputs) => inputs,
  close: async () => {},
};

/** What a step of a graph costs: a model that answers at once, asked alone and through graphs of so many steps. */
export async function run(): Promise<readonly BenchResult[]> {
  const folder = mkdtempSync(join(tmpdir(), "mill-bench-graphs-"));
  try {
    mkdirSync(join(folder, "echo", "1"), { recursive: true });
    writeFileSync(join(folder, "echo", "1", "model.onnx"), "");
    const server = await serve(folder);
    const alone = await microseconds(server, "echo");
    const results: BenchResult[] = [{ name: "the model alone", value: alone, unit: "µs CPU" }];
    for (const kind of ["sequence", "ensemble"])
      for (const steps of STEPS) {
        const whole = await microseconds(server, `${kind}-${steps}`);
        const each = (whole - alone) / steps;
        results.push({
          name: `a step of ${steps} in ${kind === "sequence" ? "a row" : "an ensemble"}`,
          value: each,
          unit: "µs CPU",
        });
      }
    await server.models.close();
    return results;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function serve(root: string): Promise<InferenceServer> {
  const [clock, logger] = [systemClock, silentLogger];
  const step = (at: number) => ({ serviceName: "echo", name: `s${at}`, ...(at === 0 ? {} : { data: "$response" }) });
  const steps = (count: number) => Array.from({ length: count }, (_, at) => step(at));
  const graphs = STEPS.flatMap((count) => [
    { name: `sequence-${count}`, nodes: { root: { routerType: "Sequence" as const, steps: steps(count) } } },
    { name: `ensemble-${count}`, nodes: { root: { routerType: "Ensemble" as const, steps: steps(count) } } },
  ]);
  const models = await openComposedModels({
    documents: undefined,
    storage: { cacheFolder: root, bytesMax: 0 },
    open: (elsewhere) => openFolderModels({ root, elsewhere, openModel: async () => echo, clock, logger }),
    graphs: async () => graphs,
    server: () => server,
    clock,
    logger,
  });
  const server: InferenceServer = createInferenceServer({ version: "0", models, clock, logger, cacheBytesMax: 0 });
  return server;
}

/** Processor time of a request, the median of some rounds. */
async function microseconds(server: InferenceServer, name: string): Promise<number> {
  const rounds: number[] = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const before = process.cpuUsage();
    for (let asked = 0; asked < REQUESTS; asked += 1) {
      const served = await server.models.obtain(name);
      await server.infer(served, { inputs: [given(INPUT)], arrivedMs: server.clock.monotonicMs() });
    }
    const { user, system } = process.cpuUsage(before);
    // The first is compiled while it runs.
    if (round > 0) rounds.push((user + system) / REQUESTS);
  }
  return rounds.toSorted((one, other) => one - other)[Math.floor(ROUNDS / 2)] ?? 0;
}
