import { webAssembly, type SharedMemory } from "./kernels/web-assembly.ts";
import { trainingErrors } from "../errors.ts";
import { FEATURE_BYTES, GROUP_FEATURES_MAX } from "./kernels/kernels.ts";
import type { FeatureGroup, Places, ThreadPlan } from "./shared.ts";

export interface MemoryPlan {
  readonly threads: readonly ThreadPlan[];
  readonly places: Places;
  readonly memory: SharedMemory;
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
const BYTES_MAX = 2 ** 32 - PAGE_BYTES;
const ALIGNMENT = 64;

/** Lays out all that the kernels touch. A byte a cell for bins, 16 bytes a row and 4 for each output (of several 8 more), histograms by leaf. Throws `training/too-large`. */
export function planMemory({ rows, features, outputs, leaves, threads }: MemoryNeeds): MemoryPlan {
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
  if (end > BYTES_MAX)
    throw trainingErrors.create("training/too-large", {
      because: `${rows} rows by ${features} features and ${leaves} leaves need ${Math.round(end / 2 ** 20)} MiB, where ${Math.round(BYTES_MAX / 2 ** 20)} are the most`,
    });
  const pages = Math.ceil(end / PAGE_BYTES);
  return { threads: plans, places, memory: new webAssembly.Memory({ initial: pages, maximum: pages, shared: true }) };
}

function grouped(features: readonly number[]): readonly Omit<FeatureGroup, "block">[] {
  const groups: Omit<FeatureGroup, "block">[] = [];
  for (let first = 0; first < features.length; first += GROUP_FEATURES_MAX)
    groups.push({ first, features: features.slice(first, first + GROUP_FEATURES_MAX) });
  return groups;
}
