import { wholeNumber, type Parameters } from "./parameters.ts";

/** What a request says of its own urgency. */
export interface CallLimits {
  readonly deadlineMs: number | undefined;
  readonly priority: number | undefined;
}

/**
 * A request's limits, by the parameters `timeout`, in microseconds, and `priority`, as Triton has them, and by how long its
 * transport says that its caller waits; the nearer deadline holds. Throws `inference/bad-request`.
 */
export function callLimits(
  parameters: Parameters,
  { arrivedMs, waitsMs }: { readonly arrivedMs: number; readonly waitsMs: number | undefined },
): CallLimits {
  const timeout = wholeNumber(parameters, "timeout") ?? 0;
  const ownMs = timeout === 0 ? Number.POSITIVE_INFINITY : timeout / 1_000;
  const leftMs = Math.min(ownMs, waitsMs ?? Number.POSITIVE_INFINITY);
  return {
    deadlineMs: leftMs === Number.POSITIVE_INFINITY ? undefined : arrivedMs + leftMs,
    priority: wholeNumber(parameters, "priority"),
  };
}
