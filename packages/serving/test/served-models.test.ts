import { expect, test } from "vitest";
import type { ServedModel } from "../src/inference/served-model.ts";
import { joinedMetrics } from "../src/joined-metrics.ts";
import { createLatencyHistogram } from "../src/latency.ts";
import { occupancyOf } from "../src/occupancy.ts";
import { phasesIn } from "../src/phases-in.ts";
import { createServicePhases, phaseMetrics } from "../src/service-phases.ts";

test("two pages of metrics are one: a family has one head, and no series is told twice", () => {
  const one = "# HELP a A.\n# TYPE a counter\na 1\n# HELP b B.\n# TYPE b gauge\nb 5\n";
  const other = '# HELP b B too.\n# TYPE b gauge\nb 7\n# HELP a A.\n# TYPE a counter\na{model="m"} 2\n';
  expect(joinedMetrics([one, other]).split("\n")).toEqual([
    "# HELP a A.",
    "# TYPE a counter",
    "a 1",
    'a{model="m"} 2',
    "# HELP b B.",
    "# TYPE b gauge",
    "b 5",
    "",
  ]);
});

test("the phases of one service are read from the metrics, each with its buckets", () => {
  const phases = createServicePhases();
  phases.features.observe(0.0002);
  phases.compute.observe(0.0003);
  phases.compute.observe(9);
  const of = { service: "late", version: 3, variant: undefined, phases };
  const text = phaseMetrics([of, { ...of, service: "other" }]).join("\n");
  const [features, compute, ...others] = phasesIn(text, "late");
  expect(others).toEqual([]);
  expect(features).toMatchObject({ version: "3", variant: null, phase: "features", seconds: 0.0002 });
  expect(compute?.phase).toBe("compute");
  expect(compute?.seconds).toBeCloseTo(9.0003);
  expect(compute?.buckets.at(-1)).toEqual({ seconds: null, count: 2 });
  expect(compute?.buckets.find(({ seconds }) => seconds === 0.0005)?.count).toBe(1);
  expect(compute?.buckets.length).toBe(createLatencyHistogram().counts().length);
});

test("what is in memory is told of each model: a service by its versions, a model by its bytes and its last request", () => {
  const served = (name: string, more: object) =>
    ({
      name,
      version: "1",
      bytes: 70,
      model: {},
      statistics: { rows: 4, lastMs: 9 },
      ...more,
    }) as unknown as ServedModel;
  const phases = { ...createServicePhases(), lastMs: 5 };
  phases.compute.observe(0.001);
  const occupancy = occupancyOf({
    models: {
      served: () => [served("late", {}), served("trees", {}), served("graph", { model: { graph: () => ({}) } })],
      residency: () => ({ models: 1, bytes: 70, bytesMax: 100, loads: 2, evictions: 1, pinned: ["trees"] }),
    },
    measured: (name) => (name === "late" ? [{ service: name, version: 3, variant: undefined, phases }] : undefined),
  });
  expect(occupancy).toMatchObject({ bytes: 70, bytesMax: 100, loads: 2, evictions: 1 });
  expect(occupancy.models).toEqual([
    { name: "graph", version: "1", kind: "graph", bytes: null, isPinned: true, rows: 4, lastAskedMs: 9 },
    { name: "trees", version: "1", kind: "model", bytes: 70, isPinned: true, rows: 4, lastAskedMs: 9 },
    { name: "late", version: "3", kind: "service", bytes: null, isPinned: true, rows: 1, lastAskedMs: 5 },
  ]);
});
