import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { linkSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { exportOnnx } from "@millwright/training";
import type { BenchResult } from "./bench-result.ts";
import { childrenOf, millPath, proportionalBytes } from "./support/processes.ts";
import { randomNetwork } from "./support/random-network.ts";
import { randomTrees } from "./support/random-trees.ts";

export const long = true;

const MODELS = 5_000;
/** Different ones; the others are further names of these, which the server does not know. */
const DISTINCT = 20;
const [TREES, FEATURES] = [140, 32];
const WIDTHS = [FEATURES, 160, 160, 120, 1];
const MEMORY_MEGABYTES = 600;
const PER_SECOND = 200;
const SECONDS = 60;
const WARM_SECONDS = 15;
/** Asked for so often that they always are in memory. */
const WARM = 20;

/** Graphs of ONNX of 200 KB: trees, which are read natively, and networks, which are ONNX Runtime's. */
const KINDS = {
  trees: (seed: number) => exportOnnx(randomTrees({ seed, trees: TREES, features: FEATURES })),
  networks: async (seed: number) => randomNetwork({ seed, widths: WIDTHS }),
} as const;

/**
 * Five thousand models in the memory of a few hundred, asked for by Zipf's law with exponent 1 at 200 requests a second,
 * each when its time comes, whether those before it were answered or not; then those of trees all in memory at once.
 */
export async function run(): Promise<readonly BenchResult[]> {
  const results: BenchResult[] = [];
  for (const [kind, make] of Object.entries(KINDS))
    results.push(
      ...(await inFolder(make, async (folder, bytes) => [
        { name: `${kind}: a model's file`, value: bytes / 1e3, unit: "KB" },
        ...(await meshOf(kind, folder)),
        ...(kind === "trees" ? await allResident(folder) : []),
      ])),
    );
  return results;
}

async function inFolder(
  make: (seed: number) => Promise<Uint8Array>,
  measured: (folder: string, bytes: number) => Promise<readonly BenchResult[]>,
): Promise<readonly BenchResult[]> {
  const folder = mkdtempSync(join(tmpdir(), "mill-mesh-bench-"));
  try {
    return await measured(folder, await layModels(folder, make));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function meshOf(kind: string, folder: string): Promise<readonly BenchResult[]> {
  const { process: server, port } = await start(folder, ["--memory-megabytes", String(MEMORY_MEGABYTES)]);
  try {
    let peakBytes = 0;
    const watch = setInterval(() => (peakBytes = Math.max(peakBytes, bytesOf(server.pid ?? 0))), 250);
    // The first requests of all pay for the code's own start.
    await ask(port, { seconds: 2, models: WARM });
    const alone = await ask(port, { seconds: WARM_SECONDS, models: WARM });
    const { firsts, others, warm, failed } = await ask(port, { seconds: SECONDS, models: MODELS });
    clearInterval(watch);
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    const metric = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, "m").exec(metrics)?.[1]);
    const told = (name: string, value: number, unit: string) => ({ name: `${kind}: ${name}`, value, unit });
    return [
      told("requests", firsts.length + others.length, ""),
      told("requests that failed", failed + alone.failed, ""),
      told("the server's memory at most", peakBytes / 1e6, "MB"),
      told("loads", metric("millwright_model_loads_total"), ""),
      told("models in memory at the end", metric("millwright_models_resident"), ""),
      told("a model's first request: p50", at(firsts, 0.5), "ms"),
      told("a model's first request: p99", at(firsts, 0.99), "ms"),
      told("its other requests, loads again among them: p50", at(others, 0.5), "ms"),
      told("its other requests, loads again among them: p99", at(others, 0.99), "ms"),
      told("models that stay, nothing being loaded: p99", at(alone.others, 0.99), "ms"),
      told("models that stay, while others are loaded: p99", at(warm, 0.99), "ms"),
    ];
  } finally {
    await ended(server);
  }
}

async function allResident(folder: string): Promise<readonly BenchResult[]> {
  const begunMs = performance.now();
  const { process: server, port } = await start(folder, []);
  try {
    const startSeconds = (performance.now() - begunMs) / 1_000;
    await ask(port, { seconds: WARM_SECONDS, models: MODELS });
    return [
      { name: "trees, all in memory: the server's memory", value: bytesOf(server.pid ?? 0) / 1e6, unit: "MB" },
      { name: "trees, all in memory: until it answers", value: startSeconds, unit: "s" },
    ];
  } finally {
    await ended(server);
  }
}

async function ended(server: ChildProcess): Promise<void> {
  server.kill("SIGTERM");
  await once(server, "exit");
}

async function layModels(folder: string, make: (seed: number) => Promise<Uint8Array>): Promise<number> {
  const files = await Promise.all(
    Array.from({ length: DISTINCT }, async (_, seed) => {
      const file = join(folder, `.model-${seed}`);
      writeFileSync(file, await make(seed + 1));
      return file;
    }),
  );
  for (let model = 0; model < MODELS; model += 1) {
    mkdirSync(join(folder, `m${model}`, "1"), { recursive: true });
    linkSync(files[model % DISTINCT] ?? "", join(folder, `m${model}`, "1", "model.onnx"));
  }
  return statSync(files[0] ?? "").size;
}

/** Of the process that serves and the one that keeps it. */
function bytesOf(pid: number): number {
  return [pid, ...childrenOf(pid)].reduce((sum, one) => sum + proportionalBytes(one), 0);
}

async function start(
  folder: string,
  more: readonly string[],
): Promise<{ readonly process: ChildProcess; readonly port: number }> {
  const args = ["serve", folder, "--port", "0", "--json", ...more];
  const server = spawn(millPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  for await (const chunk of server.stdout as AsyncIterable<Buffer>) {
    said += chunk.toString();
    if (said.includes("\n")) break;
  }
  return { process: server, port: (JSON.parse(said) as { readonly restPort: number }).restPort };
}

async function ask(port: number, { seconds, models }: { readonly seconds: number; readonly models: number }) {
  const body = JSON.stringify({
    inputs: [
      {
        name: "features",
        datatype: "FP32",
        shape: [1, FEATURES],
        data: Array.from({ length: FEATURES }, (_, one) => one),
      },
    ],
  });
  const seen = new Set<number>();
  const pick = zipf(models);
  const [firsts, others, warm]: [number[], number[], number[]] = [[], [], []];
  let failed = 0;
  const one = async (model: number) => {
    const into = seen.has(model) ? others : firsts;
    seen.add(model);
    const begun = performance.now();
    const answer = await fetch(`http://127.0.0.1:${port}/v2/models/m${model}/infer`, { method: "POST", body }).catch(
      () => undefined,
    );
    await answer?.arrayBuffer();
    const tookMs = performance.now() - begun;
    into.push(tookMs);
    if (into === others && model < WARM) warm.push(tookMs);
    if (answer?.ok !== true) failed += 1;
  };
  const asked: Promise<void>[] = [];
  const begunMs = performance.now();
  for (let request = 0; request < PER_SECOND * seconds; request += 1) {
    const waitsMs = begunMs + (request * 1_000) / PER_SECOND - performance.now();
    if (waitsMs > 1) await sleep(waitsMs);
    asked.push(one(pick()));
  }
  await Promise.all(asked);
  return { firsts, others, warm, failed };
}

/** Model k is asked for 1/k as often as the first: by the inverse of the sums of 1/k. */
function zipf(models: number): () => number {
  const sums: number[] = [];
  let sum = 0;
  for (let rank = 1; rank <= models; rank += 1) sums.push((sum += 1 / rank));
  let state = 7;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const wanted = (state / 2 ** 32) * sum;
    return sums.findIndex((upTo) => upTo >= wanted);
  };
}

function at(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
