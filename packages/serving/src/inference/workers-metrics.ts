import type { WorkersReport } from "./ports.ts";

/** Of the processes of models that have any: Prometheus' samples, by the labels of their model. */
const FAMILIES: readonly (readonly [
  name: string,
  type: "counter" | "gauge",
  help: string,
  read: (report: WorkersReport) => number,
])[] = [
  ["millwright_model_workers", "gauge", "Workers that answer", ({ running }) => running],
  ["millwright_model_workers_starting", "gauge", "Workers whose model is being loaded", ({ starting }) => starting],
  ["millwright_model_workers_wanted", "gauge", "Workers that there are to be", ({ wanted }) => wanted],
  ["millwright_model_worker_starts_total", "counter", "Workers started", ({ starts }) => starts],
  ["millwright_model_worker_crashes_total", "counter", "Workers that ended by themselves", ({ crashes }) => crashes],
  [
    "millwright_model_worker_start_seconds_total",
    "counter",
    "Time of starts, until the model answered",
    ({ startedMs }) => startedMs / 1_000,
  ],
  ["millwright_model_worker_resident_bytes", "gauge", "Memory of the workers that answer", ({ bytes }) => bytes],
];

interface Labelled {
  readonly labels: string;
  readonly report: WorkersReport;
}

export function workersMetrics(models: readonly Labelled[]): readonly string[] {
  if (models.length === 0) return [];
  return FAMILIES.flatMap(([name, type, help, read]) => [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} ${type}`,
    ...models.map(({ labels, report }) => `${name}{${labels}} ${read(report)}`),
  ]);
}
