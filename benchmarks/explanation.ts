import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BenchResult } from "./bench-result.ts";
import { askRest, type Found } from "./support/ask.ts";
import { root } from "./support/processes.ts";
import { randomNetwork } from "./support/random-network.ts";
import { withServed } from "./support/served-folder.ts";

const [FEATURES, TREES, LEAVES] = [32, 100, 31];
const BACKGROUND_ROWS = 20;
const ROWS = [1, 100];

/** Trains trees, keeps them as text, and prints how long LightGBM's own contributions take of so many rows, in milliseconds. */
const LIGHTGBM = `
import json, sys, time, numpy, lightgbm
rng = numpy.random.default_rng(1)
x = rng.normal(size=(20000, ${FEATURES}))
y = (x[:, :8] * x[:, 8:16]).sum(axis=1) + rng.normal(size=20000)
settings = {"objective": "regression", "num_leaves": ${LEAVES}, "num_threads": 1, "verbose": -1}
booster = lightgbm.train(settings, lightgbm.Dataset(x, y), num_boost_round=${TREES})
booster.save_model(sys.argv[1])
found = []
for rows in json.loads(sys.argv[2]):
    took = []
    for _ in range(200 if rows == 1 else 20):
        begun = time.perf_counter()
        booster.predict(x[:rows], pred_contrib=True, num_threads=1)
        took.append((time.perf_counter() - begun) * 1e3)
    found.append(sorted(took)[len(took) // 2])
print(json.dumps(found))
`;

/** What an explanation takes beside a prediction: of trees exactly, beside LightGBM's own, and of a network by asking it. */
export async function run(): Promise<readonly BenchResult[]> {
  const python = join(root, ".venv-acceptance", "bin", "python");
  if (!existsSync(python)) throw new Error("there is no Python environment at .venv-acceptance (see CONTRIBUTING.md)");
  const made = mkdtempSync(join(tmpdir(), "mill-explanation-"));
  const file = join(made, "model.txt");
  try {
    const told = execFileSync(python, ["-c", LIGHTGBM, file, JSON.stringify(ROWS)], { encoding: "utf8" });
    const within = JSON.parse(told) as readonly number[];
    const models = {
      trees: { bytes: readFileSync(file), file: "model.txt" },
      network: { bytes: randomNetwork({ seed: 1, widths: [FEATURES, 64, 64, 1] }) },
    };
    return await withServed(models, async (server) => {
      const found = (path: string, body: object) =>
        askRest({ server, connections: 1, path: `/v1/models/${path}`, bodies: [JSON.stringify(body)] });
      const results: BenchResult[] = [];
      for (const [at, rows] of ROWS.entries()) {
        const instances = rowsOf(rows);
        const predicted = await found("trees:predict", { instances });
        const explained = await found("trees:explain", { instances });
        const called = `trees, ${rows === 1 ? "a row" : `${rows} rows`}`;
        results.push(...beside(called, explained, predicted), {
          name: `${called} explained: p50, with HTTP`,
          value: explained.p50Ms,
          unit: "ms",
          peer: { name: "LightGBM in its own process", value: within[at] ?? Number.NaN },
        });
      }
      const predicted = await found("network:predict", { instances: rowsOf(1) });
      const background = rowsOf(BACKGROUND_ROWS);
      const explained = await found("network:explain", { instances: rowsOf(1), background });
      results.push(...beside(`a network, a row against ${BACKGROUND_ROWS}`, explained, predicted));
      return results;
    });
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
}

function beside(name: string, explained: Found, predicted: Found): readonly BenchResult[] {
  return [
    {
      name: `${name} explained: the server's processor time each`,
      value: explained.cpuUs,
      unit: "µs",
      peer: { name: "predicted", value: predicted.cpuUs },
    },
    {
      name: `${name} explained: p50`,
      value: explained.p50Ms,
      unit: "ms",
      peer: { name: "predicted", value: predicted.p50Ms },
    },
  ];
}

function rowsOf(count: number): readonly (readonly number[])[] {
  return Array.from({ length: count }, (_, row) =>
    Array.from({ length: FEATURES }, (_one, at) => Math.sin(row * FEATURES + at)),
  );
}
