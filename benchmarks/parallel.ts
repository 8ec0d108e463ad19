import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createModelThreads } from "@millwright/serving/adapters/model-threads";
import { onnxOpener } from "@millwright/serving/adapters/onnx-model";
import type { InferenceModel, OpenModel } from "@millwright/serving/inference";
import { exportOnnx } from "@millwright/training";
import type { BenchResult } from "./bench-result.ts";
import { randomNetwork } from "./support/random-network.ts";
import { randomTrees } from "./support/random-trees.ts";

const FEATURES = 32;
const ROWS = 10_000;
const THREADS = 2;
const TIMES = 25;

/** One request of ten thousand rows: on the answering loop, and shared out among two threads. The best of many, as others use the machine too. */
export async function run(): Promise<readonly BenchResult[]> {
  const folder = mkdtempSync(join(tmpdir(), "mill-parallel-bench-"));
  const threads = createModelThreads({ threads: THREADS, onEnded: () => {} });
  const inThreads = {
    max_batch_size: ROWS,
    parameters: { worker_threads: { string_value: String(THREADS) } },
  };
  const files = {
    trees: await exportOnnx(randomTrees({ seed: 1, trees: 100, features: FEATURES })),
    network: randomNetwork({ seed: 1, widths: [FEATURES, 160, 160, 120, 1] }),
  };
  const results: BenchResult[] = [];
  try {
    for (const [kind, bytes] of Object.entries(files)) {
      const file = join(folder, `${kind}.onnx`);
      writeFileSync(file, bytes);
      const best = async (open: OpenModel, config = {}) => fastest(await open(file, config));
      const alone = await best(onnxOpener());
      const shared = await best(onnxOpener(threads), kind === "network" ? inThreads : {});
      results.push(
        { name: `${kind}: on the loop`, value: alone, unit: "ms" },
        { name: `${kind}: on ${THREADS} threads`, value: shared, unit: "ms" },
        { name: `${kind}: as fast`, value: alone / shared, unit: "times" },
      );
    }
  } finally {
    await threads?.close();
    rmSync(folder, { recursive: true, force: true });
  }
  return results;
}

async function fastest(model: InferenceModel): Promise<number> {
  const data = Float32Array.from({ length: ROWS * FEATURES }, (_, at) => Math.sin(at) * 10);
  const input = { name: "features", datatype: "FP32", shape: [ROWS, FEATURES], data } as const;
  let best = Number.POSITIVE_INFINITY;
  for (let time = 0; time < TIMES; time += 1) {
    const begunMs = performance.now();
    await model.infer([input], ["prediction"]);
    best = Math.min(best, performance.now() - begunMs);
  }
  await model.close();
  return best;
}
