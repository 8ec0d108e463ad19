import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger, systemClock } from "@millwright/kernel";
import { openPythonModel } from "@millwright/serving/adapters/python-model";
import type { InferenceModel } from "@millwright/serving/inference";
import type { BenchResult } from "./bench-result.ts";
import { cpuSecondsOf, root } from "./support/processes.ts";

const REQUESTS = 3_000;
const STARTS = 7;
const FEATURES = 32;
const MEGABYTE_VALUES = 2 ** 17;

const ECHO = `
class Model:
    inputs = {"x": ("FP64", [-1])}
    outputs = {"x": ("FP64", [-1])}

    def predict(self, inputs):
        return inputs
`;

/** Makes a classifier, and says how long one row takes in its own process, in microseconds. */
const SCIKIT = `
import sys, time, joblib, numpy
from sklearn.linear_model import LogisticRegression

x = numpy.random.default_rng(1).normal(size=(500, ${FEATURES}))
model = LogisticRegression().fit(x, x[:, 0] > 0)
joblib.dump(model, sys.argv[1])
took = []
for at in range(${REQUESTS}):
    begun = time.perf_counter()
    model.predict(x[:1])
    took.append(time.perf_counter() - begun)
print(sorted(took)[len(took) // 2] * 1e6)
`;

/** Models in worker processes of Python: what a request takes beside the same call within one process, and what a start takes. */
export async function run(): Promise<readonly BenchResult[]> {
  const python = join(root, ".venv-acceptance", "bin", "python");
  if (!existsSync(python)) throw new Error("there is no Python environment at .venv-acceptance (see CONTRIBUTING.md)");
  const folder = mkdtempSync(join(tmpdir(), "mill-python-bench-"));
  const [own, scikit] = ["own", "scikit"].map((name) => join(folder, name, "1")) as [string, string];
  for (const place of [own, scikit]) mkdirSync(place, { recursive: true });
  writeFileSync(join(own, "model.py"), ECHO);
  const within = Number(execFileSync(python, ["-c", SCIKIT, join(scikit, "model.joblib")], { encoding: "utf8" }));
  const place = async () => ({ interpreter: async () => python, workers: 1 });
  const open = openPythonModel({ place, clock: systemClock, logger: silentLogger });
  try {
    return [
      ...(await asked("an echo of 8 bytes", await open(join(own, "model.py"), {}), 1)),
      ...(await asked("an echo of a megabyte", await open(join(own, "model.py"), {}), MEGABYTE_VALUES)),
      ...(await asked(
        "a linear model of scikit-learn",
        await open(join(scikit, "model.joblib"), {}),
        FEATURES,
        within,
      )),
      await started("a start with a class of numpy alone", () => open(join(own, "model.py"), {})),
      await started("a start with scikit-learn", () => open(join(scikit, "model.joblib"), {})),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** One request after the other, and what both processes take of the processor for each. */
async function asked(name: string, model: InferenceModel, values: number, within?: number): Promise<BenchResult[]> {
  const [input] = model.inputs;
  const shape = input?.shape.length === 2 ? [1, values] : [values];
  const tensor = { name: input?.name ?? "", datatype: "FP64", shape, data: new Float64Array(values) } as const;
  const outputs = [model.outputs[0]?.name ?? ""];
  const requests = Math.max(100, Math.floor(REQUESTS / Math.max(1, values / 1_000)));
  for (let warm = 0; warm < 100; warm += 1) await model.infer([tensor], outputs);
  const { pids, bytes } = await workersOf(model);
  const before = process.cpuUsage();
  const workersBefore = sum(pids.map(cpuSecondsOf));
  const took: number[] = [];
  for (let request = 0; request < requests; request += 1) {
    const begunMs = performance.now();
    await model.infer([tensor], outputs);
    took.push((performance.now() - begunMs) * 1_000);
  }
  const { user, system } = process.cpuUsage(before);
  const workers = (sum(pids.map(cpuSecondsOf)) - workersBefore) * 1e6;
  await model.close();
  const peer = within === undefined ? {} : { peer: { name: "within one process", value: within } };
  return [
    { name: `${name}: p50`, value: middle(took), unit: "µs", ...peer },
    { name: `${name}: processor of the server, a request`, value: (user + system) / requests, unit: "µs" },
    { name: `${name}: processor of the worker, a request`, value: workers / requests, unit: "µs" },
    { name: `${name}: memory of the worker`, value: bytes / 1e6, unit: "MB" },
  ];
}

async function workersOf({ workers }: InferenceModel) {
  // What they take is looked at when it is asked for, and told the next time.
  workers?.();
  await new Promise((done) => setTimeout(done, 100));
  const report = workers?.();
  return { pids: report?.pids ?? [], bytes: report?.bytes ?? 0 };
}

async function started(name: string, open: () => Promise<InferenceModel>): Promise<BenchResult> {
  const took: number[] = [];
  for (let start = 0; start < STARTS; start += 1) {
    const begunMs = performance.now();
    const model = await open();
    took.push(performance.now() - begunMs);
    await model.close();
  }
  return { name: `${name}, until it answers`, value: middle(took), unit: "ms" };
}

function middle(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[values.length >> 1] ?? Number.NaN;
}

function sum(values: readonly number[]): number {
  return values.reduce((whole, value) => whole + value, 0);
}
