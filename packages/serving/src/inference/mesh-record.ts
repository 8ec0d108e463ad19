import { createLatencyHistogram, type LatencyHistogram } from "../latency.ts";

/** A model that made room. */
export interface Eviction {
  readonly atMs: number;
  readonly name: string;
  /** The model that needed it; null where the bound was lowered. */
  readonly madeRoomFor: string | null;
}

/** How long whole requests took, until their answers were ready: counts by the buckets of a latency histogram. */
export interface MeshLatencies {
  /** Those that waited for their model to be loaded. */
  readonly cold: LatencyHistogram;
  /** Those whose model was in memory. */
  readonly warm: LatencyHistogram;
}

const EVICTIONS_KEPT = 20;

/** What was done to have models in memory, since the process began. */
export class MeshRecord {
  readonly #lately: Eviction[] = [];
  readonly latencies: MeshLatencies = { cold: createLatencyHistogram(), warm: createLatencyHistogram() };
  readonly tookCold = (ms: number): void => this.latencies.cold.observe(ms / 1_000);
  readonly tookWarm = (ms: number): void => this.latencies.warm.observe(ms / 1_000);
  loads = 0;
  evictions = 0;

  evicted(eviction: Eviction): void {
    this.evictions += 1;
    this.#lately.unshift(eviction);
    if (this.#lately.length > EVICTIONS_KEPT) this.#lately.pop();
  }

  /** The last evictions, the newest first. */
  lately(): readonly Eviction[] {
    return [...this.#lately];
  }
}
