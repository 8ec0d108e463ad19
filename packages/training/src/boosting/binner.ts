import type { RowBatch } from "../rows/part-rows.ts";
import { startWorkerThread } from "../worker-thread.ts";

/** How each feature's values become bins. */
export interface BinSettings {
  /** By feature: count, then values. */
  readonly thresholds: readonly Float32Array[];
  /** By feature: whether its values are places of categories. */
  readonly categorical: readonly boolean[];
}

/** Blocks of bins in shared memory: row-major, a byte for each of a block's features. */
export interface BinBlocks {
  readonly memory: SharedArrayBuffer;
  readonly blocks: readonly { readonly features: readonly number[]; readonly block: number }[];
}

export interface BinRequest extends BinBlocks {
  readonly columns: readonly Float32Array[];
  readonly places: Int32Array;
  readonly from: number;
  readonly to: number;
}

/** Puts rows into bins, in worker threads. */
export interface Binner {
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
    fill: async (into, { columns, places, rows }) => {
      const share = Math.ceil(rows / pool.length);
      const parts = pool.map((thread, index) => {
        const [from, to] = [Math.min(rows, index * share), Math.min(rows, (index + 1) * share)];
        return thread.ask({ ...into, columns, places, from, to } satisfies BinRequest);
      });
      await Promise.all(parts);
    },
    close: async () => {
      await Promise.all(pool.map((thread) => thread.close()));
    },
  };
}
