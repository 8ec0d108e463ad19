import { setTimeout as pause } from "node:timers/promises";
import type { ControlApi, TaskReport } from "@millwright/client";
import type { CommandCall } from "@millwright/platform";
import { INTERRUPTED } from "./interruption.ts";
import { createRoadProgress, exitOf, roadSummary } from "./road-progress.ts";

const ASK_EVERY_MS = 250;

interface FollowRequest {
  readonly selectors?: readonly string[];
  readonly force: boolean;
  readonly trigger: string;
  readonly signal: AbortSignal;
}

/** Has the running `mill up` take the road, and follows it as if it ran here. Ctrl-C stops the run. */
export async function followRun(
  call: CommandCall,
  api: ControlApi,
  { selectors, force, trigger, signal }: FollowRequest,
): Promise<number> {
  const { runId } = await api.startRun({
    body: { force, trigger, ...(selectors === undefined ? {} : { select: selectors }) },
  });
  signal.addEventListener("abort", () => void api.cancelRun({ runId }).catch(() => undefined));
  const progress = createRoadProgress(call.out);
  const told = new Map<string, string>();
  try {
    for (;;) {
      const report = await api.showRun({ runId });
      for (const task of report.tasks) tellChange(task, told, progress.onTask);
      if (report.state !== "running") {
        call.out.result(report, () => roadSummary(report, null));
        if (signal.aborted) return INTERRUPTED;
        return exitOf(report);
      }
      await pause(ASK_EVERY_MS);
    }
  } finally {
    progress.stop();
  }
}

function tellChange(task: TaskReport, told: Map<string, string>, onTask: (task: TaskReport) => void): void {
  const now = JSON.stringify([task.state, task.progress]);
  if (task.state === "waiting" || told.get(task.id) === now) return;
  told.set(task.id, now);
  onTask(task);
}
