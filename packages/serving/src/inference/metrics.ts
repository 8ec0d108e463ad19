import { payloadMetrics } from "../payloads/payload-log.ts";
import type { Copying } from "../shards/copying.ts";
import type { InferenceServer } from "./inference-server.ts";
import { processMetrics } from "../process-metrics.ts";
import type { MeshLatencies } from "./mesh-record.ts";
import type { ModelDirectory, ServedModel } from "./served-model.ts";
import type { StatisticsReport } from "./statistics.ts";
import { workersMetrics } from "./workers-metrics.ts";

type Read = (report: StatisticsReport, served: ServedModel) => number;

const microseconds =
  (name: keyof StatisticsReport["inference_stats"]): Read =>
  ({ inference_stats: stats }) =>
    stats[name].ns / 1_000;

const countOf =
  (name: keyof StatisticsReport["inference_stats"]): Read =>
  ({ inference_stats: stats }) =>
    stats[name].count;

/** Under the names that Triton gives them, by which people's dashboards and autoscalers ask. */
const FAMILIES: readonly (readonly [name: string, type: "counter" | "gauge", help: string, read: Read])[] = [
  ["nv_inference_request_success", "counter", "Requests answered", countOf("success")],
  ["nv_inference_request_failure", "counter", "Requests refused or failed", countOf("fail")],
  ["nv_inference_count", "counter", "Rows answered by the model", (report) => report.inference_count],
  ["nv_inference_exec_count", "counter", "Executions, each of one batch", (report) => report.execution_count],
  ["nv_inference_request_duration_us", "counter", "Time of requests answered", microseconds("success")],
  ["nv_inference_queue_duration_us", "counter", "Time that they waited", microseconds("queue")],
  ["nv_inference_compute_input_duration_us", "counter", "Time to read them", microseconds("compute_input")],
  ["nv_inference_compute_infer_duration_us", "counter", "Time of the model", microseconds("compute_infer")],
  ["nv_inference_compute_output_duration_us", "counter", "Time to write answers", microseconds("compute_output")],
  ["nv_inference_pending_request_count", "gauge", "Requests that wait", (_report, { scheduler }) => scheduler.waiting],
  ["nv_cache_num_hits_per_model", "counter", "Requests answered from what was kept", countOf("cache_hit")],
  ["nv_cache_num_misses_per_model", "counter", "Requests that were not kept", countOf("cache_miss")],
  ["nv_cache_hit_duration_per_model", "counter", "Time of hits, in microseconds", microseconds("cache_hit")],
  ["nv_cache_miss_duration_per_model", "counter", "Time of misses, in microseconds", microseconds("cache_miss")],
];

const WHOLE = "request_predict_seconds";
/** KServe's names for what is before and after the model. */
const AROUND = { request_preprocess_seconds: "input", request_postprocess_seconds: "output" } as const;
const BY_PHASE = "millwright_inference_seconds";

/** What the server has answered, in Prometheus' text format 0.0.4; a model counts anew from each load. */
export function inferenceMetrics({
  models,
  payloads,
  copying,
}: Pick<InferenceServer, "payloads" | "copying"> & {
  readonly models: Pick<ModelDirectory, "served" | "residency">;
}): string {
  const all = models
    .served()
    .map((served) => ({ served, report: served.statistics.report(), labels: labelsOf(served) }));
  const lines = FAMILIES.flatMap(([name, type, help, read]) => [
    ...headOf(name, type, help),
    ...all.map(({ served, report, labels }) => `${name}{${labels}} ${read(report, served)}`),
  ]);
  const { models: resident, bytes, loads, evictions, latencies } = models.residency();
  const server = [
    ["millwright_models_resident", "gauge", "Models in memory", resident],
    ["millwright_models_resident_bytes", "gauge", "What they take", bytes],
    ["millwright_model_loads_total", "counter", "Loads of models", loads],
    ["millwright_model_evictions_total", "counter", "Models that made room for others", evictions],
    ...(copying === undefined ? [] : [copiesOf(copying)]),
  ] as const;
  const told = server.flatMap(([name, type, help, value]) => [...headOf(name, type, help), `${name} ${value}`]);
  const workers = workersMetrics(
    all.flatMap(({ served: { model }, labels }) =>
      model.workers === undefined ? [] : [{ labels, report: model.workers() }],
    ),
  );
  const asked = all.filter(({ report }) => report.inference_count > 0);
  // Of thousands of models these are more lines than a call takes arguments.
  return `${[lines, told, meshLines(latencies), workers, histogramLines(asked), graphLines(all), payloadMetrics(payloads), processMetrics()].flat().join("\n")}\n`;
}

const MESH = "millwright_mesh_request_seconds";

/** Whole requests by where they found their model: in memory, or to be loaded first. */
function meshLines(latencies: MeshLatencies | undefined): readonly string[] {
  if (latencies === undefined) return [];
  return [
    ...headOf(MESH, "histogram", "Time of requests: warm, whose model was in memory; cold, which waited for its load"),
    ...(["warm", "cold"] as const).flatMap((found) => latencies[found].lines(MESH, `found="${found}"`)),
  ];
}

function copiesOf({ copies }: Copying) {
  return ["millwright_model_copies", "gauge", "Copies of other processes' models that answer", copies.count] as const;
}

function histogramLines(
  asked: readonly { readonly served: ServedModel; readonly labels: string }[],
): readonly string[] {
  return [
    headOf(WHOLE, "histogram", "Time of requests that the model answered, as KServe names it"),
    asked.flatMap(({ served }) =>
      served.statistics.latencies.request.lines(
        WHOLE,
        `model_name="${escaped(served.name)}",model_version="${served.version}"`,
      ),
    ),
    Object.entries(AROUND).flatMap(([name, phase]) => [
      ...headOf(name, "histogram", `Time of requests in the phase ${phase}, as KServe names it`),
      ...asked.flatMap(({ served }) =>
        served.statistics.latencies[phase].lines(
          name,
          `model_name="${escaped(served.name)}",model_version="${served.version}"`,
        ),
      ),
    ]),
    headOf(BY_PHASE, "histogram", "Time of requests by phase: queue, batch (joined and split), input, infer, output"),
    asked.flatMap(({ served, labels }) =>
      (["queue", "batch", "input", "infer", "output"] as const).flatMap((phase) =>
        served.statistics.latencies[phase].lines(BY_PHASE, `${labels},phase="${phase}"`),
      ),
    ),
  ].flat();
}

const STEPS = [
  ["millwright_graph_step_requests_total", "Requests of a graph's step", "requests"],
  ["millwright_graph_step_failures_total", "Those of them that failed", "failures"],
  ["millwright_graph_step_skipped_total", "Requests whose condition sent them another way", "skipped"],
  ["millwright_graph_step_seconds_total", "Time of a graph's step", "seconds"],
] as const;

/** Of graphs of models what each step has been asked. */
function graphLines(all: readonly { readonly served: ServedModel }[]): readonly string[] {
  const steps = all.flatMap(({ served: { name, model } }) =>
    Object.entries(model.graph?.().nodes ?? {}).flatMap(([node, told]) =>
      told.steps.map((step) => ({
        step,
        labels: `model="${escaped(name)}",node="${escaped(node)}",step="${escaped(step.name)}",target="${escaped(step.target)}"`,
      })),
    ),
  );
  if (steps.length === 0) return [];
  return STEPS.flatMap(([name, help, field]) => [
    ...headOf(name, "counter", help),
    ...steps.map(({ step, labels }) => `${name}{${labels}} ${step[field]}`),
  ]);
}

function headOf(name: string, type: string, help: string): readonly string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`];
}

function labelsOf({ name, version }: ServedModel): string {
  return `model="${escaped(name)}",version="${version}"`;
}

function escaped(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
}
