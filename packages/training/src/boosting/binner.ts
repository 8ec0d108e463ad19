import type { RowBatch } from "../rows/part-rows.ts";
import { startWorkerThread } from "../worker-thread.ts";

/** How each feature's values become bins. */
export interface BinSettings {
  /** By feature: count, then values; of a categorical one the count alone, one fewer than its values. */
  readonly thresholds: readonly Float32Array[];
  /** By feature: whether its values are places of categories. */
  readonly categorical: readonly boolean[];
}

/** Blocks of bins in shared memory: row-major, a byte for each of a block's features. */
export interface BinBlocks {
  readonly memory: SharedArrayBuffer;
  readonly blocks: readonly { readonly features: readonly number[]; readonly block: number }[];
}

/** Asks for the thresholds of some features by a sample of their values. */
export interface FindRequest {
  readonly kind: "find";
  readonly features: readonly number[];
  readonly sample: readonly Float32Array[];
  readonly maxBins: number;
}

export interface FillRequest extends BinBlocks {
  readonly kind: "fill";
  readonly columns: readonly Float32Array[];
  readonly places: Int32Array;
  readonly from: number;
  readonly to: number;
}

/** Puts rows into bins, in worker threads. */
export interface Binner {
  /** Finds the thresholds of all features that are amounts, by a sample of their values; before anything is put into bins. */
  find(sample: readonly Float32Array[], maxBins: number): Promise<void>;
  /** Writes a batch's bins at its rows' places. */
  fill(into: BinBlocks, batch: Pick<RowBatch, "columns" | "places" | "rows">): Promise<void>;
  close(): Promise<void>;
}

export function startBinner(settings: BinSettings, threads: number): Binner {
  const program = new URL("./binner-worker.ts", import.meta.url);
  const pool = Array.from({ length: threads }, () =>
    startWorkerThread(program, { called: "a binning thread", workerData: settings }),
  );
  return {
    find: async (sample, maxBins) => {
      const amounts = sample.flatMap((_column, feature) => (settings.categorical[feature] === true ? [] : [feature]));
      const parts = pool.map((thread, index) => {
        const features = amounts.filter((_feature, place) => place % pool.length === index);
        return thread.ask({ kind: "find", features, sample, maxBins } satisfies FindRequest);
      });
      await Promise.all(parts);
    },
    fill: async (into, { columns, places, rows }) => {
      const share = Math.ceil(rows / pool.length);
      const parts = pool.map((thread, index) => {
        const [from, to] = [Math.min(rows, index * share), Math.min(rows, (index + 1) * share)];
        return thread.ask({ kind: "fill", ...into, columns, places, from, to } satisfies FillRequest);
      });
      await Promise.all(parts);
    },
    close: async () => {
      await Promise.all(pool.map((thread) => thread.close()));
    },
  };
}
