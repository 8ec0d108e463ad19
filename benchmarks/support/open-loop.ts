import { setTimeout as sleep } from "node:timers/promises";

/** Begins requests each when its time comes, whether those before it were answered or not. Resolves once all have ended. */
export async function openLoop(
  { perSecond, seconds }: { readonly perSecond: number; readonly seconds: number },
  one: () => Promise<void>,
): Promise<void> {
  const asked: Promise<void>[] = [];
  const begunMs = performance.now();
  for (let request = 0; request < perSecond * seconds; request += 1) {
    const waitsMs = begunMs + (request * 1_000) / perSecond - performance.now();
    if (waitsMs > 1) await sleep(waitsMs);
    asked.push(one());
  }
  await Promise.all(asked);
}

/** The value below which such a share of all lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
