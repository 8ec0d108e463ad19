import { Worker } from "node:worker_threads";

/** A thread that answers what it is asked, one question after the other. */
export interface WorkerThread {
  ask(request: unknown): Promise<unknown>;
  close(): Promise<void>;
}

/** Starts a thread's program. If it dies, it fails what it was asked; `called` says in the error what it is. */
export function startWorkerThread(
  program: URL,
  { called, workerData }: { readonly called: string; readonly workerData?: unknown },
): WorkerThread {
  const worker = new Worker(program, { workerData });
  const waiting: PromiseWithResolvers<unknown>[] = [];
  const fail = (error: Error) => {
    for (const { reject } of waiting.splice(0)) reject(error);
  };
  worker.on("message", (answer) => waiting.shift()?.resolve(answer));
  worker.once("error", (error) => fail(error instanceof Error ? error : new Error(String(error))));
  worker.once("exit", (code) => fail(new Error(`${called} ended with ${code}`)));
  return {
    ask: (request) => {
      const answer = Promise.withResolvers<unknown>();
      waiting.push(answer);
      // What is asked ahead of its use may fail when nobody waits for it yet; whoever awaits it is told all the same.
      answer.promise.catch(() => undefined);
      worker.postMessage(request);
      return answer.promise;
    },
    close: async () => {
      await worker.terminate();
    },
  };
}
