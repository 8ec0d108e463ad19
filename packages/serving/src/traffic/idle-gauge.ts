import { performance } from "node:perf_hooks";

/** Above this share of the time at work, whoever asks waits for others already. */
const BUSY = 0.75;
const LOOK_EVERY_MS = 50;

/** Whether the loop of this thread has had time to spare lately. */
export function createIdleGauge(): () => boolean {
  let last = performance.eventLoopUtilization();
  let lookedMs = performance.now();
  let isIdle = true;
  return () => {
    const nowMs = performance.now();
    if (nowMs - lookedMs < LOOK_EVERY_MS) return isIdle;
    const now = performance.eventLoopUtilization();
    isIdle = performance.eventLoopUtilization(now, last).utilization < BUSY;
    last = now;
    lookedMs = nowMs;
    return isIdle;
  };
}
