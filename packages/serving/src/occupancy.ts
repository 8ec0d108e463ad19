import type { Eviction } from "./inference/mesh-record.ts";
import type { ModelDirectory, ServedModel } from "./inference/served-model.ts";
import { bucketsOf, type Bucket } from "./latency.ts";
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
  /** Of those that are pinned. */
  readonly pinnedBytes: number;
  /** What those may take; null where there is no bound. */
  readonly bytesMax: number | null;
  readonly loads: number;
  readonly evictions: number;
  /** The last evictions, the newest first. */
  readonly lately: readonly Eviction[];
  /** Whole requests of models that are loaded on demand: of those that waited for a load, and of the others. */
  readonly cold: readonly Bucket[];
  readonly warm: readonly Bucket[];
  /** Of all that is in memory. */
  readonly modelCount: number;
  /** The largest of the models that are counted, the largest first. */
  readonly largest: readonly Pick<Occupant, "name" | "version" | "bytes" | "isPinned">[];
  /** How many models have the text that is looked for in their names. */
  readonly found: number;
  /** A page of those. */
  readonly models: readonly Occupant[];
}

/** By what the models are sorted: the ones asked last, the largest, those that answered most, or by name. */
type OccupancyOrder = "recent" | "size" | "rows" | "name";

/** Which part of what is in memory is told. */
export interface OccupancyAsked {
  readonly search?: string;
  readonly order?: OccupancyOrder;
  readonly offset?: number;
  readonly limit?: number;
}

/** Where the serving process tells it. */
export const OCCUPANCY_PAGE = "/occupancy";

export interface OccupancyParts {
  readonly models: Pick<ModelDirectory, "served" | "residency">;
  /** Of a project's services, by their names; nothing of what is no service. */
  readonly measured: (service: string) => readonly PhasesOf[] | undefined;
}

const LIMIT = 200;
export const OCCUPANTS_MAX = 1_000;
const LARGEST = 40;

/** Tells what is in memory now. */
export function occupancyOf(parts: OccupancyParts, asked: OccupancyAsked = {}): Occupancy {
  const { search = "", order = "recent", offset = 0, limit = LIMIT } = asked;
  const { bytes, bytesMax = null, loads, evictions, lately = [], latencies } = parts.models.residency();
  const all = occupantsOf(parts);
  const wanted = search.toLowerCase();
  const found = wanted === "" ? all : all.filter(({ name }) => name.toLowerCase().includes(wanted));
  const counted = all.filter(({ kind }) => kind === "model");
  return {
    processBytes: process.memoryUsage.rss(),
    bytes,
    pinnedBytes: counted.reduce((sum, one) => sum + (one.isPinned ? (one.bytes ?? 0) : 0), 0),
    bytesMax,
    loads,
    evictions,
    lately,
    cold: bucketsOf(latencies?.cold),
    warm: bucketsOf(latencies?.warm),
    modelCount: all.length,
    largest: counted
      .toSorted(ORDERS.size)
      .slice(0, LARGEST)
      .map(({ name, version, bytes: taken, isPinned }) => ({ name, version, bytes: taken, isPinned })),
    found: found.length,
    models: found.toSorted(ORDERS[order]).slice(offset, offset + Math.min(limit, OCCUPANTS_MAX)),
  };
}

const ORDERS: Readonly<Record<OccupancyOrder, (one: Occupant, other: Occupant) => number>> = {
  recent: (one, other) => (other.lastAskedMs ?? 0) - (one.lastAskedMs ?? 0) || byName(one, other),
  size: (one, other) => (other.bytes ?? -1) - (one.bytes ?? -1) || byName(one, other),
  rows: (one, other) => (other.rows ?? -1) - (one.rows ?? -1) || byName(one, other),
  name: byName,
};

function byName(one: Occupant, other: Occupant): number {
  if (one.name !== other.name) return one.name < other.name ? -1 : 1;
  return one.version.localeCompare(other.version, "en", { numeric: true });
}

/** Reads what is asked for out of an address; what is no number or order is as if it were not there. */
export function occupancyAsked(url: string): OccupancyAsked {
  const { searchParams } = new URL(url, "http://localhost");
  const order = searchParams.get("order") ?? "";
  const wholeNumber = (name: string) => {
    const text = searchParams.get(name) ?? "";
    return /^\d{1,9}$/.test(text) ? { [name]: Number(text) } : {};
  };
  return {
    search: searchParams.get("search") ?? "",
    ...(Object.hasOwn(ORDERS, order) ? { order: order as OccupancyOrder } : {}),
    ...wholeNumber("offset"),
    ...wholeNumber("limit"),
  };
}

function occupantsOf({ models, measured }: OccupancyParts): readonly Occupant[] {
  const pinned = new Set(models.residency().pinned);
  return models.served().flatMap((served): readonly Occupant[] => {
    const own = measured(served.name);
    if (own !== undefined && own.length > 0) return own.map((one) => serviceVersion(served.name, one));
    const one = modelVersion(served);
    return [{ ...one, isPinned: one.kind !== "model" || pinned.has(served.name) }];
  });
}

function serviceVersion(name: string, { version, phases }: PhasesOf): Occupant {
  const rows = phases.compute.counts().reduce((sum, count) => sum + count, 0);
  const told = { bytes: null, isPinned: true, rows, lastAskedMs: phases.lastMs ?? null };
  return { name, version: String(version), kind: "service", ...told };
}

function modelVersion({ name, version, model, bytes, statistics }: ServedModel): Omit<Occupant, "isPinned"> {
  const { rows, lastMs } = statistics;
  const lastAskedMs = lastMs === 0 ? null : lastMs;
  // A function is mostly asked by a shorter way, which does not count here.
  if (model.backend === "typescript") return { name, version, kind: "function", bytes: null, rows: null, lastAskedMs };
  if (model.graph !== undefined) return { name, version, kind: "graph", bytes: null, rows, lastAskedMs };
  return { name, version, kind: "model", bytes, rows, lastAskedMs };
}
