import { parentPort, workerData } from "node:worker_threads";
import type { BinRequest, BinSettings } from "./binner.ts";
import { fillBins, fillCategories, searchOf } from "./bins.ts";

// One thread of a binner: it writes its share of a batch's rows into shared memory.

/** Of these the cells of all features stay in the processor's cache. */
const ROWS_AT_ONCE = 4_096;

const { thresholds, categorical } = workerData as BinSettings;
const searches = thresholds.map((stored, feature) =>
  categorical[feature] === true ? undefined : searchOf({ upper: stored.subarray(1, 1 + (stored[0] ?? 0)) }),
);

parentPort?.on("message", (request: BinRequest) => {
  for (let from = request.from; from < request.to; from += ROWS_AT_ONCE)
    fill({ ...request, from, to: Math.min(request.to, from + ROWS_AT_ONCE) });
  parentPort?.postMessage(null);
});

function fill({ memory, blocks, columns, places, from, to }: BinRequest): void {
  for (const { features, block } of blocks) {
    const cells = { block: new Uint8Array(memory, block), width: features.length, places, from, to };
    features.forEach((feature, at) => {
      const column = columns[feature] ?? new Float32Array();
      const search = searches[feature];
      if (search === undefined) fillCategories(column, { ...cells, at });
      else fillBins(column, search, { ...cells, at });
    });
  }
}
