/** By which a caller's trace has what was done for it. */
interface TraceIds {
  readonly traceId?: string;
  readonly spanId?: string;
}

const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}(?:-.*)?$/;

/** The ids of a `traceparent` (W3C Trace Context, level 1); none of one that is not as it should be. */
export function traceIdsOf(traceparent: string | undefined): TraceIds {
  const [, traceId, spanId] = TRACEPARENT.exec(traceparent?.trim() ?? "") ?? [];
  return traceId === undefined || spanId === undefined ? {} : { traceId, spanId };
}
