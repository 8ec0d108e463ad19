import { Worker } from "node:worker_threads";
import type { CalibrationBin, Metrics } from "../metrics.ts";
import { encodeModel } from "../model/model-file.ts";
import type { TreeModel } from "../model/tree-model.ts";

export type ScorerRequest = { readonly id: number } & (
  | {
      readonly kind: "score";
      readonly columns: readonly Float32Array[];
      readonly from: number;
      readonly to: number;
      readonly probabilities: Float32Array;
    }
  | { readonly kind: "judge"; readonly labels: Float32Array; readonly probabilities: Float32Array }
);

export interface Judgement {
  readonly metrics: Metrics;
  readonly calibration: readonly CalibrationBin[];
}

export interface ScorerReply {
  readonly id: number;
  readonly answer: Judgement | null;
}

/** A model in worker threads, so that scoring millions of rows leaves the caller's loop free. */
export interface Scorer {
  /** Probabilities of rows whose features lie in columns of shared memory, float32, NaN for missing. */
  score(columns: readonly Float32Array[], rows: number): Promise<Float32Array>;
  /** How good probabilities are; both arrays in shared memory. */
  judge(labels: Float32Array, probabilities: Float32Array): Promise<Judgement>;
  close(): Promise<void>;
}

/** Starts the threads of a scorer. A thread that dies fails what it was asked. */
export function startScorer(model: TreeModel, threads: number): Scorer {
  const bytes = encodeModel(model);
  const pool = Array.from({ length: Math.max(1, threads) }, () => startThread(bytes));
  return {
    score: async (columns, rows) => {
      const probabilities = new Float32Array(new SharedArrayBuffer(rows * 4));
      const share = Math.ceil(rows / pool.length);
      const parts = pool.map((ask, index) => {
        const [from, to] = [Math.min(rows, index * share), Math.min(rows, (index + 1) * share)];
        return ask.send({ kind: "score", columns, from, to, probabilities });
      });
      await Promise.all(parts);
      return probabilities;
    },
    judge: async (labels, probabilities) => {
      const answer = await pool[0]?.send({ kind: "judge", labels, probabilities });
      if (answer === null || answer === undefined) throw new Error("the scorer gave no judgement");
      return answer;
    },
    close: async () => {
      await Promise.all(pool.map((thread) => thread.close()));
    },
  };
}

type Unnumbered<Request> = Request extends unknown ? Omit<Request, "id"> : never;

function startThread(model: Uint8Array) {
  const worker = new Worker(new URL("./scorer-worker.ts", import.meta.url), { workerData: model });
  const waiting = new Map<number, PromiseWithResolvers<ScorerReply["answer"]>>();
  let nextId = 1;
  const fail = (error: Error) => {
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  worker.on("message", ({ id, answer }: ScorerReply) => {
    waiting.get(id)?.resolve(answer);
    waiting.delete(id);
  });
  worker.once("error", (error) => fail(error instanceof Error ? error : new Error(String(error))));
  worker.once("exit", (code) => fail(new Error(`a scoring thread ended with ${code}`)));
  return {
    send: (request: Unnumbered<ScorerRequest>): Promise<ScorerReply["answer"]> => {
      const id = nextId++;
      const promise = Promise.withResolvers<ScorerReply["answer"]>();
      waiting.set(id, promise);
      worker.postMessage({ ...request, id });
      return promise.promise;
    },
    close: () => worker.terminate(),
  };
}
