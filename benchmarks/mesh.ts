import { spawn, type ChildProcess } from "node:child_process";
import { linkSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { exportOnnx } from "@millwright/training";
import type { BenchResult } from "./bench-result.ts";
import { openLoop, quantile } from "./support/open-loop.ts";
import { millPath, treeBytes } from "./support/processes.ts";
import { randomNetwork } from "./support/random-network.ts";
import { randomTrees } from "./support/random-trees.ts";
import { ended, rowsBody } from "./support/served-folder.ts";

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
    const watch = watchMemory(server.pid ?? 0);
    // The first requests of all pay for the code's own start.
    await ask(port, { seconds: 2, models: WARM });
    const alone = await ask(port, { seconds: WARM_SECONDS, models: WARM });
    const { firsts, others, warm, failed } = await ask(port, { seconds: SECONDS, models: MODELS });
    const peakBytes = await watch.peakBytes();
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    const metric = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, "m").exec(metrics)?.[1]);
    const told = (name: string, value: number, unit: string) => ({ name: `${kind}: ${name}`, value, unit });
    return [
      told("requests", firsts.length + others.length, ""),
      told("requests that failed", failed + alone.failed, ""),
      told("the server's memory at most", peakBytes / 1e6, "MB"),
      told("loads", metric("millwright_model_loads_total"), ""),
      told("models in memory at the end", metric("millwright_models_resident"), ""),
      told("a model's first request: p50", quantile(firsts, 0.5), "ms"),
      told("a model's first request: p99", quantile(firsts, 0.99), "ms"),
      told("its other requests, loads again among them: p50", quantile(others, 0.5), "ms"),
      told("its other requests, loads again among them: p99", quantile(others, 0.99), "ms"),
      told("models that stay, nothing being loaded: p99", quantile(alone.others, 0.99), "ms"),
      told("models that stay, while others are loaded: p99", quantile(warm, 0.99), "ms"),
    ];
  } finally {
    await ended({ process: server });
  }
}

async function allResident(folder: string): Promise<readonly BenchResult[]> {
  const begunMs = performance.now();
  const { process: server, port } = await start(folder, []);
  try {
    const startSeconds = (performance.now() - begunMs) / 1_000;
    await ask(port, { seconds: WARM_SECONDS, models: MODELS });
    return [
      { name: "trees, all in memory: the server's memory", value: treeBytes(server.pid ?? 0) / 1e6, unit: "MB" },
      { name: "trees, all in memory: until it answers", value: startSeconds, unit: "s" },
    ];
  } finally {
    await ended({ process: server });
  }
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

/**
 * The most that the process that serves and the one that keeps it have at once, seen by a process of its own: to look walks
 * through all their pages, and who asks meanwhile would wait for it.
 */
function watchMemory(pid: number): { readonly peakBytes: () => Promise<number> } {
  const program = join(import.meta.dirname, "support", "memory-watch.ts");
  const watch = spawn(process.execPath, [program, String(pid)], { stdio: ["pipe", "pipe", "inherit"] });
  return {
    peakBytes: async () => {
      watch.stdin.end();
      return Number(await text(watch.stdout));
    },
  };
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
  const body = rowsBody({ features: FEATURES });
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
  await openLoop({ perSecond: PER_SECOND, seconds }, () => one(pick()));
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
