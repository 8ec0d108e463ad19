import { startWorkerThread } from "../worker-thread.ts";
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
  const thread = startWorkerThread(new URL("./judge-worker.ts", import.meta.url), { called: "the judging thread" });
  return {
    ask: (kind, request) => thread.ask({ kind, request }) as Promise<never>,
    close: () => thread.close(),
  };
}
