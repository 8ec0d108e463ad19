import { parentPort, workerData } from "node:worker_threads";
import { calibration, scoreMetrics } from "../metrics.ts";
import { decodeModel } from "../model/model-file.ts";
import { scoreColumns } from "../model/tree-model.ts";
import type { ScorerReply, ScorerRequest } from "./scorer.ts";

// One thread of a scorer: it has its own copy of the model, and writes into shared memory.

const model = decodeModel(workerData as Uint8Array);

parentPort?.on("message", (request: ScorerRequest) => {
  parentPort?.postMessage({ id: request.id, answer: answer(request) } satisfies ScorerReply);
});

function answer(request: ScorerRequest): ScorerReply["answer"] {
  if (request.kind === "judge") {
    const { labels, probabilities } = request;
    return { metrics: scoreMetrics(labels, probabilities), calibration: calibration(labels, probabilities) };
  }
  const { columns, from, to, probabilities } = request;
  probabilities.set(scoreColumns(model, columns, { from, to }), from);
  return null;
}
