import { Worker } from "node:worker_threads";
import { encodeModel } from "../model/model-file.ts";
import { outputsOf, type TreeModel } from "../model/tree-model.ts";

export interface ScorerRequest {
  readonly id: number;
  readonly columns: readonly Float32Array[];
  readonly from: number;
  readonly to: number;
  readonly answers: Float32Array;
}

export interface ScorerReply {
  readonly id: number;
}

/** A model in worker threads, so that scoring millions of rows leaves the caller's loop free. */
export interface Scorer {
  /** Answers of rows whose features lie in columns of shared memory, float32, NaN for missing: [rows], or [rows, classes]. */
  score(columns: readonly Float32Array[], rows: number): Promise<Float32Array>;
  close(): Promise<void>;
}

/** Starts the threads of a scorer. A thread that dies fails what it was asked. */
export function startScorer(model: TreeModel, threads: number): Scorer {
  const bytes = encodeModel(model);
  const pool = Array.from({ length: Math.max(1, threads) }, () => startThread(bytes));
  return {
    score: async (columns, rows) => {
      const answers = new Float32Array(new SharedArrayBuffer(rows * outputsOf(model) * 4));
      const share = Math.ceil(rows / pool.length);
      const parts = pool.map((ask, index) => {
        const [from, to] = [Math.min(rows, index * share), Math.min(rows, (index + 1) * share)];
        return ask.send({ columns, from, to, answers });
      });
      await Promise.all(parts);
      return answers;
    },
    close: async () => {
      await Promise.all(pool.map((thread) => thread.close()));
    },
  };
}

function startThread(model: Uint8Array) {
  const worker = new Worker(new URL("./scorer-worker.ts", import.meta.url), { workerData: model });
  const waiting = new Map<number, PromiseWithResolvers<void>>();
  let nextId = 1;
  const fail = (error: Error) => {
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  worker.on("message", ({ id }: ScorerReply) => {
    waiting.get(id)?.resolve();
    waiting.delete(id);
  });
  worker.once("error", (error) => fail(error instanceof Error ? error : new Error(String(error))));
  worker.once("exit", (code) => fail(new Error(`a scoring thread ended with ${code}`)));
  return {
    send: (request: Omit<ScorerRequest, "id">): Promise<void> => {
      const id = nextId++;
      const promise = Promise.withResolvers<void>();
      waiting.set(id, promise);
      worker.postMessage({ ...request, id });
      return promise.promise;
    },
    close: () => worker.terminate(),
  };
}
