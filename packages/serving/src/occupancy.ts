import type { ModelDirectory, ServedModel } from "./inference/served-model.ts";
import type { PhasesOf } from "./service-phases.ts";

/** One version of a model that is in memory. */
interface Occupant {
  readonly name: string;
  readonly version: string;
  readonly kind: "service" | "function" | "graph" | "model";
  /** What it takes; null where that is not told apart from the process. */
  readonly bytes: number | null;
  /** Whether it stays when others need room. */
  readonly isPinned: boolean;
  /** Rows answered since it was loaded; null where they are not counted. */
  readonly rows: number | null;
  /** When it was asked last; null where it was not, or that is not known. */
  readonly lastAskedMs: number | null;
}

/** What a serving process has in memory, and what it did to have it there. */
export interface Occupancy {
  /** Of the whole process. */
  readonly processBytes: number;
  /** Of the models that are counted. */
  readonly bytes: number;
  /** What those may take; null where there is no bound. */
  readonly bytesMax: number | null;
  readonly loads: number;
  readonly evictions: number;
  readonly models: readonly Occupant[];
}

/** Where the serving process tells it. */
export const OCCUPANCY_PAGE = "/occupancy";

export interface OccupancyParts {
  readonly models: Pick<ModelDirectory, "served" | "residency">;
  /** Of a project's services, by their names; nothing of what is no service. */
  readonly measured: (service: string) => readonly PhasesOf[] | undefined;
}

/** Tells what is in memory now. */
export function occupancyOf({ models, measured }: OccupancyParts): Occupancy {
  const { bytes, bytesMax = null, loads, evictions, pinned = [] } = models.residency();
  return {
    processBytes: process.memoryUsage.rss(),
    bytes,
    bytesMax,
    loads,
    evictions,
    models: models.served().flatMap((served): readonly Occupant[] => {
      const own = measured(served.name);
      if (own !== undefined && own.length > 0) return own.map((one) => serviceVersion(served.name, one));
      const one = modelVersion(served);
      return [{ ...one, isPinned: one.kind !== "model" || pinned.includes(served.name) }];
    }),
  };
}

function serviceVersion(name: string, { version, phases }: PhasesOf): Occupant {
  const rows = phases.compute.counts().reduce((sum, count) => sum + count, 0);
  const told = { bytes: null, isPinned: true, rows, lastAskedMs: phases.lastMs ?? null };
  return { name, version: String(version), kind: "service", ...told };
}

function modelVersion({ name, version, model, bytes, statistics }: ServedModel): Omit<Occupant, "isPinned"> {
  const { inference_count: rows, last_inference: lastMs } = statistics.report();
  const lastAskedMs = lastMs === 0 ? null : lastMs;
  // A function is mostly asked by a shorter way, which does not count here.
  if (model.backend === "typescript") return { name, version, kind: "function", bytes: null, rows: null, lastAskedMs };
  if (model.graph !== undefined) return { name, version, kind: "graph", bytes: null, rows, lastAskedMs };
  return { name, version, kind: "model", bytes, rows, lastAskedMs };
}
