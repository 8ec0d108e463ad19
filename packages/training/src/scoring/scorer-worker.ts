import { parentPort, workerData } from "node:worker_threads";
import { decodeModel } from "../model/model-file.ts";
import { createColumnScorer } from "../model/score-rows.ts";
import { outputsOf } from "../model/tree-model.ts";
import type { ScorerRequest } from "./scorer.ts";

// One thread of a scorer: it has its own copy of the model, and writes into shared memory.

const model = decodeModel(workerData as Uint8Array);
const score = createColumnScorer(model);

parentPort?.on("message", ({ columns, from, to, answers }: ScorerRequest) => {
  answers.set(score(columns, { from, to }), from * outputsOf(model));
  parentPort?.postMessage(null);
});
