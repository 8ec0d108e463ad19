import { Worker } from "node:worker_threads";
import type { JudgeWork } from "./judge-worker.ts";

/** A thread that judges, one question after the other. */
export interface JudgeThread {
  ask<Kind extends keyof JudgeWork>(
    kind: Kind,
    request: Parameters<JudgeWork[Kind]>[0],
  ): Promise<ReturnType<JudgeWork[Kind]>>;
  close(): Promise<void>;
}

/** Starts the thread. If it dies, it fails what it was asked. */
export function startJudgeThread(): JudgeThread {
  const worker = new Worker(new URL("./judge-worker.ts", import.meta.url));
  const waiting: PromiseWithResolvers<unknown>[] = [];
  const fail = (error: Error) => {
    for (const { reject } of waiting.splice(0)) reject(error);
  };
  worker.on("message", (answer) => waiting.shift()?.resolve(answer));
  worker.once("error", (error) => fail(error instanceof Error ? error : new Error(String(error))));
  worker.once("exit", (code) => fail(new Error(`the judging thread ended with ${code}`)));
  return {
    ask: (kind, request) => {
      const promise = Promise.withResolvers<unknown>();
      waiting.push(promise);
      // What is asked ahead of its use may fail when nobody waits for it yet; whoever awaits it is told all the same.
      promise.promise.catch(() => undefined);
      worker.postMessage({ kind, request });
      return promise.promise as Promise<never>;
    },
    close: async () => {
      await worker.terminate();
    },
  };
}
