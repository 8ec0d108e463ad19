import { latencyQuantileMs } from "../latency.ts";
import { readMetricsText, type Sample } from "./metrics-text.ts";

/** A metrics page, and when it was read. */
export interface MetricsRead {
  readonly text: string;
  readonly atMs: number;
}

/** Half of what was asked took at most so long, and all but a hundredth; null where nothing was. */
export interface Latency {
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
}

/** What one version of a model, or one variant of a service, did between two reads. */
export interface TopRow {
  readonly model: string;
  readonly version: string;
  readonly perSecond: number;
  readonly errorsPerSecond: number;
  /** Requests that wait now. */
  readonly queue: number;
  /** By phase: of a folder's models queue, batch, input, infer and output; of services features and compute. */
  readonly phases: Readonly<Record<string, Latency>>;
}

/** What a serving process did between two reads of its metrics. */
export interface ServingTop {
  readonly seconds: number;
  readonly perSecond: number;
  readonly errorsPerSecond: number;
  /** Resident, of the serving process. */
  readonly memoryBytes: number | null;
  readonly models: readonly TopRow[];
}

const PHASE = "millwright_inference_seconds";
const WHOLE = "request_predict_seconds";
const SUCCESS = ["nv_inference_request_success", "millwright_predictions_total"];
const FAILURE = ["nv_inference_request_failure", "millwright_requests_failed_total"];

/** Counts begin anew with the process: then what it counts since is all that is known. */
export function servingTop(before: MetricsRead, after: MetricsRead): ServingTop {
  const seconds = Math.max(1e-3, (after.atMs - before.atMs) / 1_000);
  const now = readMetricsText(after.text);
  const then = new Map(readMetricsText(before.text).map((sample) => [keyOf(sample), sample.value]));
  const rate = (samples: readonly Sample[], names: readonly string[]) =>
    samples.filter(({ name }) => names.includes(name)).reduce((sum, sample) => sum + since(sample, then), 0) / seconds;
  const memory = now.find(({ name }) => name === "process_resident_memory_bytes")?.value;
  const rows = Map.groupBy(now.filter(isOfModel), rowKey);
  return {
    seconds,
    perSecond: rate(now, SUCCESS),
    errorsPerSecond: rate(now, FAILURE),
    memoryBytes: memory ?? null,
    models: [...rows.values()].flatMap((samples): readonly TopRow[] => {
      const [first] = samples;
      if (first === undefined) return [];
      const phases = phasesOf(samples, then);
      const counted = samples.some(({ name }) => name === SUCCESS[0]);
      return [
        {
          model: modelOf(first),
          version: versionOf(first),
          perSecond: counted ? rate(samples, SUCCESS) : computedOf(samples, then) / seconds,
          errorsPerSecond: rate(samples, FAILURE),
          queue: samples.find(({ name }) => name === "nv_inference_pending_request_count")?.value ?? 0,
          phases,
        },
      ];
    }),
  };
}

function isOfModel({ name, labels }: Sample): boolean {
  const isPhase = name === `${PHASE}_bucket` || name === `${PHASE}_count` || name === `${WHOLE}_bucket`;
  return isPhase || ((name.startsWith("nv_inference_") || FAILURE.includes(name)) && labels["model"] !== undefined);
}

function modelOf({ labels }: Sample): string {
  return labels["model"] ?? labels["model_name"] ?? "";
}

function versionOf({ labels }: Sample): string {
  return labels["version"] ?? labels["model_version"] ?? "";
}

function rowKey(sample: Sample): string {
  return JSON.stringify([modelOf(sample), versionOf(sample)]);
}

function keyOf({ name, labels }: Sample): string {
  return JSON.stringify([name, labels]);
}

function since(sample: Sample, then: ReadonlyMap<string, number>): number {
  const before = then.get(keyOf(sample)) ?? 0;
  return sample.value >= before ? sample.value - before : sample.value;
}

/** Of a service: what its model computed, row by row. */
function computedOf(samples: readonly Sample[], then: ReadonlyMap<string, number>): number {
  return samples
    .filter(({ name, labels }) => name === `${PHASE}_count` && labels["phase"] === "compute")
    .reduce((sum, sample) => sum + since(sample, then), 0);
}

function phasesOf(samples: readonly Sample[], then: ReadonlyMap<string, number>): TopRow["phases"] {
  const buckets = samples.filter(({ name }) => name.endsWith("_bucket"));
  const byPhase = Map.groupBy(buckets, ({ labels }) => labels["phase"] ?? "whole");
  return Object.fromEntries([...byPhase].map(([phase, all]) => [phase, latencyOf(all, then)]));
}

/** Buckets count all that took at most so long, the ones before included. */
function latencyOf(buckets: readonly Sample[], then: ReadonlyMap<string, number>): Latency {
  const below = buckets.map((sample) => since(sample, then));
  const counts = below.map((count, at) => count - (below[at - 1] ?? 0));
  return { p50Ms: latencyQuantileMs(counts, 0.5) ?? null, p99Ms: latencyQuantileMs(counts, 0.99) ?? null };
}
