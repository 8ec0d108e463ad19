import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { silentLogger, systemClock } from "@millwright/kernel";
import { openPythonModel } from "@millwright/serving/adapters/python-model";
import type { InferenceModel } from "@millwright/serving/inference";
import type { BenchResult } from "./bench-result.ts";
import { quantile } from "./support/open-loop.ts";
import { root } from "./support/processes.ts";

const COLD_STARTS = 4;
const WARM_REQUESTS = 500;
/** The shortest that there is; nothing is asked for so long, and the last worker ends. */
const WINDOW_MS = 6_000;
const GONE_MS_MAX = 4 * WINDOW_MS;

const NUMPY = `
class Model:
    inputs = {"x": ("FP64", [-1])}
    outputs = {"y": ("FP64", [-1])}

    def predict(self, inputs):
        return {"y": inputs["x"] + 1}
`;

const SCIKIT = `
import sys, joblib, numpy
from sklearn.linear_model import LogisticRegression

x = numpy.random.default_rng(1).normal(size=(500, 8))
joblib.dump(LogisticRegression().fit(x, x[:, 0] > 0), sys.argv[1])
`;

/** A pool of Python workers that has none left when it is asked: how long the request waits, beside one that finds a worker. */
export async function run(): Promise<readonly BenchResult[]> {
  const python = join(root, ".venv-acceptance", "bin", "python");
  if (!existsSync(python)) throw new Error("there is no Python environment at .venv-acceptance (see CONTRIBUTING.md)");
  const folder = mkdtempSync(join(tmpdir(), "mill-scale-to-zero-"));
  try {
    const files = { numpy: join(folder, "numpy", "model.py"), scikit: join(folder, "scikit", "model.joblib") };
    for (const name of Object.keys(files)) mkdirSync(join(folder, name));
    writeFileSync(files.numpy, NUMPY);
    execFileSync(python, ["-c", SCIKIT, files.scikit]);
    const place = async () => ({ interpreter: async () => python, workers: 1 });
    const open = openPythonModel({ place, clock: systemClock, logger: silentLogger });
    const config = {
      parameters: {
        "min-scale": { string_value: "0" },
        "max-scale": { string_value: "1" },
        window: { string_value: `${WINDOW_MS}ms` },
        "scale-to-zero-pod-retention-period": { string_value: "0s" },
      },
    };
    const [numpy, scikit] = [await open(files.numpy, config), await open(files.scikit, config)];
    try {
      return [
        ...(await measured("a class of numpy alone", { model: numpy, shape: [8] })),
        ...(await measured("a model of scikit-learn", { model: scikit, shape: [1, 8] })),
      ];
    } finally {
      await Promise.all([numpy.close(), scikit.close()]);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Measured {
  readonly model: InferenceModel;
  readonly shape: readonly number[];
}

async function measured(name: string, { model, shape }: Measured): Promise<readonly BenchResult[]> {
  const ask = async () => {
    const input = { name: model.inputs[0]?.name ?? "", datatype: "FP64", shape, data: new Float64Array(8) } as const;
    const begunMs = performance.now();
    await model.infer([input], [model.outputs[0]?.name ?? ""]);
    return performance.now() - begunMs;
  };
  const warm: number[] = [];
  for (let request = 0; request < WARM_REQUESTS; request += 1) warm.push(await ask());
  const cold: number[] = [];
  const gone: number[] = [];
  for (let start = 0; start < COLD_STARTS; start += 1) {
    gone.push(await untilNone(model));
    cold.push(await ask());
  }
  return [
    {
      name: `${name}: a request that finds no worker, p50`,
      value: quantile(cold, 0.5),
      unit: "ms",
      peer: { name: "that finds one", value: quantile(warm, 0.5) },
    },
    { name: `${name}: the slowest of ${COLD_STARTS}`, value: Math.max(...cold), unit: "ms" },
    {
      name: `${name}: from the last request to no worker, with a window of 6 s and no grace`,
      value: quantile(gone, 0.5) / 1_000,
      unit: "s",
    },
  ];
}

async function untilNone({ workers }: InferenceModel): Promise<number> {
  const begunMs = performance.now();
  while ((workers?.().pids.length ?? 0) > 0) {
    if (performance.now() - begunMs > GONE_MS_MAX) throw new Error("the last worker does not end");
    await sleep(50);
  }
  return performance.now() - begunMs;
}
