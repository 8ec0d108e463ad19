import { join } from "node:path";
import type { BenchResult } from "./bench-result.ts";
import { change, flightsFolder, forgetState, takeRoad, type RoadRun, type RoadTask } from "./support/flights.ts";
import { mill } from "./support/processes.ts";

/** The road over all three million rows: cold, again with nothing changed, and with one model changed. */
export async function run(): Promise<readonly BenchResult[]> {
  forgetState(flightsFolder);
  const cold = await takeRoad(flightsFolder);
  const unchanged = await takeRoad(flightsFolder);
  change(join(flightsFolder, "models", "marts", "airport_clock.sql"), (sql) => `${sql}order by 1, 2\n`);
  const changed = await takeRoad(flightsFolder);
  return [
    ...costs("cold", cold),
    ...stages(cold),
    ...judgement(),
    ...costs("unchanged", unchanged),
    ...costs("one model changed", changed),
    { name: "one model changed: steps run", value: ran(changed).length, unit: `of ${changed.tasks.length}` },
  ];
}

function costs(name: string, { cost }: RoadRun): readonly BenchResult[] {
  return [
    { name: `${name}: wall`, value: cost.wallSeconds, unit: "s" },
    { name: `${name}: processor time`, value: cost.cpuSeconds, unit: "s" },
    { name: `${name}: peak memory`, value: cost.peakBytes / 1e9, unit: "GB" },
  ];
}

const ran = ({ tasks }: RoadRun) => tasks.filter(({ tookMs }) => tookMs !== null);

/** Steps run beside each other: their times overlap. */
function stages(road: RoadRun): readonly BenchResult[] {
  const byKind = Map.groupBy(ran(road), ({ kind }: RoadTask) => kind);
  const sums = [...byKind].map(([kind, tasks]) => ({
    name: `cold, ${kind}: all steps`,
    value: secondsOf(tasks),
    unit: "s",
  }));
  const longest = ran(road)
    .toSorted((one, other) => (other.tookMs ?? 0) - (one.tookMs ?? 0))
    .slice(0, 8)
    .map((task) => ({ name: `cold, ${task.id}`, value: secondsOf([task]), unit: "s" }));
  return [...sums, ...longest];
}

function secondsOf(tasks: readonly RoadTask[]): number {
  return tasks.reduce((sum, { tookMs }) => sum + (tookMs ?? 0), 0) / 1_000;
}

/** How good the first model is on the test rows. */
function judgement(): readonly BenchResult[] {
  const versions = JSON.parse(
    mill(["models", "show", "late-flights", "--project", flightsFolder, "--json"]),
  ) as readonly {
    readonly version: number;
    readonly details: { readonly metrics: { readonly test: Readonly<Record<string, number>> } };
  }[];
  const first = versions.find(({ version }) => version === 1);
  return ["auc", "calibration_error", "log_loss"].map((name) => ({
    name: `test ${name}`,
    value: first?.details.metrics.test[name] ?? Number.NaN,
    unit: "",
  }));
}
