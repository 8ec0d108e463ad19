/** What a process of callers prints: latencies in milliseconds of its measured seconds, and its own processor time over all. */
export function callerReport({
  latencies,
  seconds,
  refused,
  asked,
}: {
  readonly latencies: readonly number[];
  readonly seconds: number;
  readonly refused: number;
  readonly asked: number;
}): string {
  const sorted = Float64Array.from(latencies).toSorted();
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? null;
  const { user, system } = process.cpuUsage();
  return JSON.stringify({
    perSecond: latencies.length / seconds,
    refused,
    asked,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    p999Ms: at(0.999),
    callerCpuSeconds: (user + system) / 1e6,
  });
}
