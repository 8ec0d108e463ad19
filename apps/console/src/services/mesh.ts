import type { Occupancy } from "@millwright/client";
import { quantileMs } from "./load.ts";

export interface MeshSample {
  readonly atMs: number;
  readonly occupancy: Occupancy;
}

/** What was done to have models in memory between two samples, and how long requests took meanwhile. */
export interface MeshInterval {
  readonly atMs: number;
  readonly loads: number;
  readonly evictions: number;
  readonly cold: Took;
  readonly warm: Took;
}

export interface Took {
  readonly requests: number;
  /** Undefined where there was none. */
  readonly p50Ms: number | undefined;
  readonly p99Ms: number | undefined;
}

type Buckets = Occupancy["cold"];

/** Since the process began, or since an earlier sample; one that has begun anew counts from nothing. */
export function tookSince(after: Buckets, before: Buckets = []): Took {
  const within = after.map(({ seconds: bound, count }, at) => ({
    bound,
    below: Math.max(0, count - (before[at]?.count ?? 0)),
  }));
  return {
    requests: within.at(-1)?.below ?? 0,
    p50Ms: quantileMs(within, 0.5),
    p99Ms: quantileMs(within, 0.99),
  };
}

export function meshIntervals(samples: readonly MeshSample[]): readonly MeshInterval[] {
  return samples.slice(1).flatMap((sample, at): readonly MeshInterval[] => {
    const before = samples[at]?.occupancy;
    if (before === undefined) return [];
    const { occupancy, atMs } = sample;
    return [
      {
        atMs,
        loads: Math.max(0, occupancy.loads - before.loads),
        evictions: Math.max(0, occupancy.evictions - before.evictions),
        cold: tookSince(occupancy.cold, before.cold),
        warm: tookSince(occupancy.warm, before.warm),
      },
    ];
  });
}
