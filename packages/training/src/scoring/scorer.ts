import { encodeModel } from "../model/model-file.ts";
import { outputsOf, type TreeModel } from "../model/tree-model.ts";
import { startWorkerThread } from "../worker-thread.ts";

export interface ScorerRequest {
  readonly columns: readonly Float32Array[];
  readonly from: number;
  readonly to: number;
  readonly answers: Float32Array;
}

/** A model in worker threads, so that scoring millions of rows leaves the caller's loop free. */
export interface Scorer {
  /** Answers of rows whose features lie in columns of shared memory, float32, NaN for missing: [rows], or [rows, classes]. */
  score(columns: readonly Float32Array[], rows: number): Promise<Float32Array>;
  close(): Promise<void>;
}

/** Starts the threads of a scorer. A thread that dies fails what it was asked. */
export function startScorer(model: TreeModel, threads: number): Scorer {
  const workerData = encodeModel(model);
  const program = new URL("./scorer-worker.ts", import.meta.url);
  const pool = Array.from({ length: Math.max(1, threads) }, () =>
    startWorkerThread(program, { called: "a scoring thread", workerData }),
  );
  return {
    score: async (columns, rows) => {
      const answers = new Float32Array(new SharedArrayBuffer(rows * outputsOf(model) * 4));
      const share = Math.ceil(rows / pool.length);
      const parts = pool.map((thread, index) => {
        const [from, to] = [Math.min(rows, index * share), Math.min(rows, (index + 1) * share)];
        return thread.ask({ columns, from, to, answers } satisfies ScorerRequest);
      });
      await Promise.all(parts);
      return answers;
    },
    close: async () => {
      await Promise.all(pool.map((thread) => thread.close()));
    },
  };
}
