import type { Clock, Logger } from "@millwright/kernel";
import { timetable } from "@millwright/orchestration";
import type { RoadRunner } from "./road-runner.ts";

/** Takes the road when the project's schedule says so. */
export interface Scheduler {
  /** When the next run is due; null without a schedule. */
  nextRunAtMs(): number | null;
  close(): void;
}

/** So often the clock is looked at: a machine that slept, or whose clock was set, is noticed within it. */
const LOOK_EVERY_MS = 1_000;

/**
 * One run at a time: times that pass while one is under way become one run after it, and times at which nothing was
 * up are not made up for, since each run takes all that has changed. The schedule is the one that the last run read.
 */
export function startScheduler({
  runner,
  clock,
  logger,
}: {
  readonly runner: RoadRunner;
  readonly clock: Clock;
  readonly logger: Logger;
}): Scheduler {
  let known: { readonly key: string; readonly nextAtMs: number } | undefined;
  let isRunning = false;
  const next = (): number | null => {
    const { schedule } = runner.project().settings;
    if (schedule === undefined) return null;
    const key = JSON.stringify(schedule);
    if (known?.key !== key) known = { key, nextAtMs: timetable(schedule).nextAfter(clock.nowMs()) };
    return known.nextAtMs;
  };
  const takeRoad = async () => {
    const { ended } = await runner.start({ force: false, trigger: "schedule" });
    await ended;
  };
  const look = () => {
    const dueAtMs = next();
    if (dueAtMs === null || dueAtMs > clock.nowMs() || isRunning || runner.isBusy()) return;
    known = undefined;
    isRunning = true;
    takeRoad()
      .catch((error: unknown) => logger.error({ err: error }, "a scheduled run failed"))
      .finally(() => (isRunning = false));
  };
  const timer = setInterval(look, LOOK_EVERY_MS);
  return { nextRunAtMs: next, close: () => clearInterval(timer) };
}
