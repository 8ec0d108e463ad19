import { createLatencyHistogram, type LatencyCounts, type LatencyHistogram } from "../latency.ts";
import type { Execution } from "./scheduling/scheduler.ts";

/** Nanoseconds of one request's phases. */
export interface Phases {
  readonly queueNs: number;
  readonly inputNs: number;
  readonly inferNs: number;
  readonly outputNs: number;
}

export interface Duration {
  count: number;
  ns: number;
}

/** What the statistics extension tells of a version. */
export interface StatisticsReport {
  readonly last_inference: number;
  readonly inference_count: number;
  readonly execution_count: number;
  readonly inference_stats: Readonly<Record<(typeof NAMES)[number], Readonly<Duration>>>;
  readonly batch_stats: readonly {
    readonly batch_size: number;
    readonly compute_input: Readonly<Duration>;
    readonly compute_infer: Readonly<Duration>;
    readonly compute_output: Readonly<Duration>;
  }[];
}

const NAMES = [
  "success",
  "fail",
  "queue",
  "compute_input",
  "compute_infer",
  "compute_output",
  "cache_hit",
  "cache_miss",
] as const;
const BATCH_SIZES_MAX = 128;
const PHASES = ["request", "queue", "batch", "input", "infer", "output"] as const;

/** What was counted, as plain data. */
export interface StatisticsCounts {
  readonly report: StatisticsReport;
  readonly latencies: Readonly<Record<(typeof PHASES)[number], LatencyCounts>>;
}

/** Counts what one version of a model answered, since it was loaded. */
export class Statistics {
  readonly #durations = Object.fromEntries(NAMES.map((name) => [name, none()])) as Record<
    (typeof NAMES)[number],
    Duration
  >;
  readonly #batches = new Map<number, Record<"compute_input" | "compute_infer" | "compute_output", Duration>>();
  readonly #latencies = Object.fromEntries(PHASES.map((phase) => [phase, createLatencyHistogram()])) as Record<
    (typeof PHASES)[number],
    LatencyHistogram
  >;
  #rows = 0;
  #executions = 0;
  #lastMs = 0;

  /** A request of so many rows was answered by the model. */
  succeeded(
    { queueNs, inputNs, inferNs, outputNs }: Phases,
    { rows, nowMs }: { readonly rows: number; readonly nowMs: number },
  ): void {
    const durations = this.#durations;
    this.#rows += rows;
    this.#lastMs = nowMs;
    const wholeNs = queueNs + inputNs + inferNs + outputNs;
    const { request, queue, input, infer, output } = this.#latencies;
    request.observe(wholeNs / 1e9);
    queue.observe(queueNs / 1e9);
    input.observe(inputNs / 1e9);
    infer.observe(inferNs / 1e9);
    output.observe(outputNs / 1e9);
    add(durations.success, wholeNs);
    add(durations.queue, queueNs);
    add(durations.compute_input, inputNs);
    add(durations.compute_infer, inferNs);
    add(durations.compute_output, outputNs);
  }

  /** A request was answered from the cache: its rows are not counted, as the model did not see them. */
  hit({
    wholeNs,
    cacheNs,
    nowMs,
  }: {
    readonly wholeNs: number;
    readonly cacheNs: number;
    readonly nowMs: number;
  }): void {
    this.#lastMs = nowMs;
    add(this.#durations.success, wholeNs);
    add(this.#durations.cache_hit, cacheNs);
  }

  /** The model was asked for what the cache had not. */
  missed(cacheNs: number): void {
    add(this.#durations.cache_miss, cacheNs);
  }

  /** The model was executed once, for one request or for several together. */
  executed({ rows, requests, joinMs, inferMs, splitMs }: Execution): void {
    this.#executions += 1;
    if (requests > 1) this.#latencies.batch.observe((joinMs + splitMs) / 1_000);
    const batch = this.#batchOf(rows);
    if (batch === undefined) return;
    add(batch.compute_input, nanoseconds(joinMs));
    add(batch.compute_infer, nanoseconds(inferMs));
    add(batch.compute_output, nanoseconds(splitMs));
  }

  failed(ns: number): void {
    add(this.#durations.fail, ns);
  }

  /** How long requests took, whole and by phase. */
  get latencies(): Readonly<Record<(typeof PHASES)[number], LatencyHistogram>> {
    return this.#latencies;
  }

  /** Rows answered. */
  get rows(): number {
    return this.#rows;
  }

  /** When it answered last, by the wall clock; 0 where it has not. */
  get lastMs(): number {
    return this.#lastMs;
  }

  report(): StatisticsReport {
    return {
      last_inference: this.#lastMs,
      inference_count: this.#rows,
      execution_count: this.#executions,
      inference_stats: structuredClone(this.#durations),
      batch_stats: [...this.#batches].map(([batch_size, durations]) => ({ batch_size, ...structuredClone(durations) })),
    };
  }

  /** What it has counted, which is counted here no more. */
  take(): StatisticsCounts {
    const report = this.report();
    for (const duration of Object.values(this.#durations)) Object.assign(duration, none());
    this.#batches.clear();
    this.#rows = 0;
    this.#executions = 0;
    const latencies = Object.entries(this.#latencies).map(([phase, histogram]) => [phase, histogram.take()] as const);
    return { report, latencies: Object.fromEntries(latencies) as StatisticsCounts["latencies"] };
  }

  /** What was counted elsewhere is counted here. */
  add({ report, latencies }: StatisticsCounts): void {
    this.#rows += report.inference_count;
    this.#executions += report.execution_count;
    this.#lastMs = Math.max(this.#lastMs, report.last_inference);
    for (const name of NAMES) addAll(this.#durations[name], report.inference_stats[name]);
    for (const { batch_size, ...durations } of report.batch_stats) {
      const batch = this.#batchOf(batch_size);
      for (const phase of ["compute_input", "compute_infer", "compute_output"] as const)
        if (batch !== undefined) addAll(batch[phase], durations[phase]);
    }
    for (const phase of PHASES) this.#latencies[phase].add(latencies[phase]);
  }

  #batchOf(rows: number) {
    const known = this.#batches.get(rows);
    if (known !== undefined || this.#batches.size >= BATCH_SIZES_MAX) return known;
    const made = { compute_input: none(), compute_infer: none(), compute_output: none() };
    this.#batches.set(rows, made);
    return made;
  }
}

/** What took less than the clock tells still took. */
export function nanoseconds(ms: number): number {
  return Math.max(1, Math.round(ms * 1e6));
}

function none(): Duration {
  return { count: 0, ns: 0 };
}

function add(into: Duration, ns: number): void {
  into.count += 1;
  into.ns += ns;
}

function addAll(into: Duration, { count, ns }: Readonly<Duration>): void {
  into.count += count;
  into.ns += ns;
}
