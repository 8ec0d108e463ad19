import { inferenceErrors } from "../inference/errors.ts";

const TIMER_MS_MAX = 2 ** 31 - 1;

/** What is answered before the deadline. Throws `inference/deadline` then; what comes later is nobody's. */
export function withinTime<Answer>(
  running: Promise<Answer>,
  {
    deadlineMs,
    clock,
    because,
  }: { readonly deadlineMs: number; readonly clock: { monotonicMs(): number }; readonly because: string },
): Promise<Answer> {
  if (deadlineMs === Number.POSITIVE_INFINITY) return running;
  const leftMs = Math.min(Math.max(0, Math.ceil(deadlineMs - clock.monotonicMs())), TIMER_MS_MAX);
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(inferenceErrors.create("inference/deadline", { because })), leftMs);
    running.finally(() => clearTimeout(timer)).then(resolve, reject);
  });
}
