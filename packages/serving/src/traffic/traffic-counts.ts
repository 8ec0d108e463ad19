import type { ShadowMeter } from "./shadow.ts";
import type { VariantCounts } from "./variant-meter.ts";

/** What a serving process tells of the versions that share its services' requests. */
export interface TrafficCounts {
  /** Another one after each start: counts begin anew then. */
  readonly instance: string;
  readonly variants: readonly (VariantCounts & { readonly service: string })[];
  readonly shadows: readonly Readonly<ShadowMeter>[];
}

/** Where the serving process tells it. */
export const TRAFFIC_PAGE = "/traffic";

/** Who answers in a millisecond, and not in two seconds, hangs. */
const TIMEOUT_MS = 2_000;

/** Asks a serving process. Rejects with what `fetch` says where none answers. */
export async function readTrafficCounts(servingUrl: string): Promise<TrafficCounts> {
  const response = await fetch(`${servingUrl}${TRAFFIC_PAGE}`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  return (await response.json()) as TrafficCounts;
}
