import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { linkSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { exportOnnx } from "@millwright/training";
import type { BenchResult } from "./bench-result.ts";
import { childrenOf, millPath, proportionalBytes } from "./support/processes.ts";
import { randomTrees } from "./support/random-trees.ts";

export const long = true;

const MODELS = 5_000;
/** Different ones; the others are further names of these, which the server does not know. */
const DISTINCT = 20;
const [TREES, FEATURES] = [80, 32];
const MEMORY_MEGABYTES = 600;
const PER_SECOND = 200;
const SECONDS = 60;

/**
 * Five thousand models in the memory of a few hundred, asked for by Zipf's law with exponent 1 at 200 requests a second,
 * each when its time comes, whether those before it were answered or not.
 */
export async function run(): Promise<readonly BenchResult[]> {
  const folder = mkdtempSync(join(tmpdir(), "mill-mesh-bench-"));
  try {
    const bytes = await layModels(folder);
    const { process: server, port } = await start(folder);
    try {
      let peakBytes = 0;
      const watch = setInterval(() => (peakBytes = Math.max(peakBytes, bytesOf(server.pid ?? 0))), 250);
      const { firsts, others, failed } = await ask(port);
      clearInterval(watch);
      const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      const metric = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, "m").exec(metrics)?.[1]);
      return [
        { name: "a model's file", value: bytes / 1e3, unit: "KB" },
        { name: "requests", value: firsts.length + others.length, unit: "" },
        { name: "requests that failed", value: failed, unit: "" },
        { name: "the server's memory at most", value: peakBytes / 1e6, unit: "MB" },
        { name: "loads", value: metric("millwright_model_loads_total"), unit: "" },
        { name: "models in memory at the end", value: metric("millwright_models_resident"), unit: "" },
        { name: "a model's first request: p50", value: at(firsts, 0.5), unit: "ms" },
        { name: "a model's first request: p99", value: at(firsts, 0.99), unit: "ms" },
        { name: "its other requests, loads again among them: p50", value: at(others, 0.5), unit: "ms" },
        { name: "its other requests, loads again among them: p99", value: at(others, 0.99), unit: "ms" },
      ];
    } finally {
      server.kill("SIGKILL");
      await once(server, "exit");
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function layModels(folder: string): Promise<number> {
  const files = await Promise.all(
    Array.from({ length: DISTINCT }, async (_, seed) => {
      const file = join(folder, `.model-${seed}`);
      writeFileSync(file, await exportOnnx(randomTrees({ seed: seed + 1, trees: TREES, features: FEATURES })));
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

async function start(folder: string): Promise<{ readonly process: ChildProcess; readonly port: number }> {
  const args = ["serve", folder, "--port", "0", "--memory-megabytes", String(MEMORY_MEGABYTES), "--json"];
  const server = spawn(millPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  for await (const chunk of server.stdout as AsyncIterable<Buffer>) {
    said += chunk.toString();
    if (said.includes("\n")) break;
  }
  return { process: server, port: (JSON.parse(said) as { readonly restPort: number }).restPort };
}

async function ask(port: number) {
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
  const pick = zipf();
  const [firsts, others]: [number[], number[]] = [[], []];
  let failed = 0;
  const one = async (model: number) => {
    const into = seen.has(model) ? others : firsts;
    seen.add(model);
    const begun = performance.now();
    const answer = await fetch(`http://127.0.0.1:${port}/v2/models/m${model}/infer`, { method: "POST", body }).catch(
      () => undefined,
    );
    await answer?.arrayBuffer();
    into.push(performance.now() - begun);
    if (answer?.ok !== true) failed += 1;
  };
  const asked: Promise<void>[] = [];
  const begunMs = performance.now();
  for (let request = 0; request < PER_SECOND * SECONDS; request += 1) {
    const waitsMs = begunMs + (request * 1_000) / PER_SECOND - performance.now();
    if (waitsMs > 1) await sleep(waitsMs);
    asked.push(one(pick()));
  }
  await Promise.all(asked);
  return { firsts, others, failed };
}

/** Model k is asked for 1/k as often as the first: by the inverse of the sums of 1/k. */
function zipf(): () => number {
  const sums: number[] = [];
  let sum = 0;
  for (let rank = 1; rank <= MODELS; rank += 1) sums.push((sum += 1 / rank));
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
