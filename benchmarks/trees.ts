import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BenchResult } from "./bench-result.ts";
import { flightsFolder, takeRoad } from "./support/flights.ts";
import { root } from "./support/processes.ts";

/** Takes minutes: the road first, where it has not been taken yet, then both trainers with one and two threads. */
export const long = true;

const THREADS = [1, 2];
const TREES = 100;
const trainer = { trees: TREES, leaves: 31, learningRate: 0.1, minDataInLeaf: 100, bins: 255 };
const OUTPUT_BYTES_MAX = 2 ** 24;

interface Fit {
  readonly threads: number;
  readonly binSeconds: number;
  readonly fitSeconds: number;
  readonly fitProcessorSeconds: number;
  readonly auc: number;
}

interface Fitted {
  readonly rows: number;
  readonly results: readonly Fit[];
}

/** Our trees beside LightGBM's: the same rows, columns, leaves and number of trees. */
export async function run(): Promise<readonly BenchResult[]> {
  if (!existsSync(join(flightsFolder, ".mill", "lake"))) await takeRoad(flightsFolder);
  const folder = mkdtempSync(join(tmpdir(), "mill-trees-"));
  try {
    const program = join(root, "packages", "training", "test", "flights-trees-child.ts");
    const given = [flightsFolder, folder, JSON.stringify(trainer), JSON.stringify(THREADS)];
    const ours = JSON.parse(output(process.execPath, [program, ...given])) as Fitted;
    const theirs = lightgbm(folder, ours);
    return ours.results.flatMap((fit) =>
      compared({ rows: ours.rows, ours: fit, theirs: theirs.find(({ threads }) => threads === fit.threads) }),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function compared({
  rows,
  ours,
  theirs,
}: {
  readonly rows: number;
  readonly ours: Fit;
  readonly theirs: Fit | undefined;
}): readonly BenchResult[] {
  const peer = (value: (fit: Fit) => number) =>
    theirs === undefined ? {} : { peer: { name: "LightGBM", value: value(theirs) } };
  const rate = ({ fitSeconds }: Fit) => (rows * TREES) / fitSeconds;
  const processorRate = ({ fitProcessorSeconds }: Fit) => (rows * TREES) / fitProcessorSeconds;
  const name = `${ours.threads} thread${ours.threads === 1 ? "" : "s"}`;
  return [
    { name: `${name}: rows x trees`, value: rate(ours), unit: "1/s", ...peer(rate) },
    {
      name: `${name}: rows x trees by processor time`,
      value: processorRate(ours),
      unit: "1/s",
      ...peer(processorRate),
    },
    { name: `${name}: binning`, value: ours.binSeconds, unit: "s", ...peer(({ binSeconds }) => binSeconds) },
    { name: `${name}: test AUC`, value: ours.auc, unit: "", ...peer(({ auc }) => auc) },
  ];
}

/** Without its Python environment there is no peer, and the figures stand alone. */
function lightgbm(folder: string, ours: Fitted): readonly Fit[] {
  const python = join(root, ".venv-acceptance", "bin", "python");
  if (!existsSync(python)) {
    console.error(
      "no peer: `python3 -m venv .venv-acceptance && .venv-acceptance/bin/pip install lightgbm scikit-learn`",
    );
    return [];
  }
  const settings = {
    ...ours,
    threads: THREADS,
    trees: TREES,
    parameters: {
      objective: "binary",
      num_leaves: trainer.leaves,
      learning_rate: trainer.learningRate,
      min_data_in_leaf: trainer.minDataInLeaf,
      max_bin: trainer.bins,
    },
  };
  const path = join(folder, "settings.json");
  writeFileSync(path, JSON.stringify(settings));
  const program = join(import.meta.dirname, "support", "lightgbm-peer.py");
  return (JSON.parse(output(python, [program, path])) as Fitted).results;
}

function output(program: string, args: readonly string[]): string {
  return execFileSync(program, args, { encoding: "utf8", maxBuffer: OUTPUT_BYTES_MAX });
}
