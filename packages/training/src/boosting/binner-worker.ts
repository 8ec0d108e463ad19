import { parentPort, workerData } from "node:worker_threads";
import type { BinSettings, FillRequest, FindRequest } from "./binner.ts";
import { fillBins, fillCategories, findBins, searchOf, type BinSearch } from "./bins.ts";

// One thread of a binner: it finds thresholds, and writes its share of a batch's rows, in shared memory.

/** Of these the cells of all features stay in the processor's cache. */
const ROWS_AT_ONCE = 4_096;

const { thresholds, categorical } = workerData as BinSettings;
let searches: readonly (BinSearch | undefined)[] | undefined;

parentPort?.on("message", (request: FindRequest | FillRequest) => {
  if (request.kind === "find") find(request);
  else fill(request);
  parentPort?.postMessage(null);
});

function find({ features, sample, maxBins }: FindRequest): void {
  for (const feature of features) {
    const { upper } = findBins(sample[feature] ?? new Float32Array(), maxBins);
    const stored = thresholds[feature] as Float32Array;
    stored[0] = upper.length;
    stored.set(upper, 1);
  }
}

function fill(request: FillRequest): void {
  searches ??= thresholds.map((stored, feature) =>
    categorical[feature] === true ? undefined : searchOf({ upper: stored.subarray(1, 1 + (stored[0] ?? 0)) }),
  );
  for (let from = request.from; from < request.to; from += ROWS_AT_ONCE)
    fillRows({ ...request, from, to: Math.min(request.to, from + ROWS_AT_ONCE) }, searches);
}

function fillRows(
  { memory, blocks, columns, places, from, to }: FillRequest,
  found: readonly (BinSearch | undefined)[],
): void {
  for (const { features, block } of blocks) {
    const cells = { block: new Uint8Array(memory, block), width: features.length, places, from, to };
    features.forEach((feature, at) => {
      const column = columns[feature] ?? new Float32Array();
      const search = found[feature];
      if (search === undefined) fillCategories(column, { ...cells, at });
      else fillBins(column, search, { ...cells, at });
    });
  }
}
