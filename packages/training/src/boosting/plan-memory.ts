import { webAssembly, type SharedMemory } from "./kernels/web-assembly.ts";
import { trainingErrors } from "../errors.ts";
import { FEATURE_BYTES, GROUP_FEATURES_MAX } from "./kernels/kernels.ts";
import type { FeatureGroup, Places, ThreadPlan } from "./shared.ts";

export interface MemoryPlan {
  readonly threads: readonly ThreadPlan[];
  readonly places: Places;
  readonly memory: SharedMemory;
}

interface MemoryLayout extends Omit<MemoryPlan, "memory"> {
  readonly bytes: number;
}

export interface MemoryNeeds {
  readonly rows: number;
  readonly features: number;
  readonly outputs: number;
  readonly leaves: number;
  readonly threads: number;
}

const PAGE_BYTES = 65_536;
/** What 32-bit addresses reach. */
export const MEMORY_BYTES_MAX = 2 ** 32 - PAGE_BYTES;
const ALIGNMENT = 64;

/** Where all that the kernels touch would lie: a byte a cell for bins, 16 bytes a row and 4 for each output (of several 8 more), histograms by leaf. */
export function layOutMemory({ rows, features, outputs, leaves, threads }: MemoryNeeds): MemoryLayout {
  let end = ALIGNMENT;
  const take = (bytes: number): number => {
    const at = end;
    end += Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
    return at;
  };
  const places: Places = {
    gradients: take(rows * 8),
    scores: take(rows * outputs * 4),
    normalizers: take(outputs > 1 ? rows * 8 : 0),
    order: take(rows * 4),
    spare: take(rows * 4),
    table: take(256),
    leftCounts: take(threads * 4),
    leafRanges: take(leaves * 8),
    leafValues: take(leaves * 4),
  };
  const plans = Array.from({ length: threads }, (_, thread): ThreadPlan => {
    const own = Array.from({ length: features }, (_feature, index) => index).filter(
      (index) => index % threads === thread,
    );
    return {
      features: own,
      groups: grouped(own).map((group) => ({ ...group, block: take(rows * group.features.length) })),
      histograms: take(leaves * own.length * FEATURE_BYTES),
    };
  });
  return { threads: plans, places, bytes: end };
}

/** Lays out the memory and takes it. Throws `training/too-large`. */
export function planMemory(needs: MemoryNeeds): MemoryPlan {
  const { threads, places, bytes } = layOutMemory(needs);
  if (bytes > MEMORY_BYTES_MAX)
    throw trainingErrors.create("training/too-large", {
      because: `${needs.rows} rows by ${needs.features} features and ${needs.leaves} leaves need ${Math.round(bytes / 2 ** 20)} MiB, where ${Math.round(MEMORY_BYTES_MAX / 2 ** 20)} are the most`,
    });
  const pages = Math.ceil(bytes / PAGE_BYTES);
  return { threads, places, memory: new webAssembly.Memory({ initial: pages, maximum: pages, shared: true }) };
}

function grouped(features: readonly number[]): readonly Omit<FeatureGroup, "block">[] {
  const groups: Omit<FeatureGroup, "block">[] = [];
  for (let first = 0; first < features.length; first += GROUP_FEATURES_MAX)
    groups.push({ first, features: features.slice(first, first + GROUP_FEATURES_MAX) });
  return groups;
}
