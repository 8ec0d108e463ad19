import { isMillError, type Clock, type IdSource } from "@millwright/kernel";
import type { DeployedTraffic } from "../deployment.ts";
import type { LoadedService } from "../service.ts";
import { createSplit, type Weighted } from "./split.ts";
import { rowKey } from "./sticky-key.ts";
import type { VariantMeter } from "./variant-meter.ts";

/** A variant that is loaded, with what it is counted by. */
export interface LoadedVariant {
  readonly name: string;
  readonly service: LoadedService;
  readonly meter: VariantMeter;
}

export interface RoutePorts {
  readonly clock: Pick<Clock, "monotonicMs">;
  readonly ids: IdSource;
}

interface Target extends Weighted {
  readonly variant: LoadedVariant;
}

/**
 * The service whose requests its variants share: each row goes to the variant that its key is assigned to, and is answered
 * by that one whole. `primary` stands for all of them where the service is described.
 */
export function routeTraffic(
  { clock, ids }: RoutePorts,
  primary: LoadedVariant,
  { variants, traffic }: { readonly variants: readonly LoadedVariant[]; readonly traffic: DeployedTraffic },
): LoadedService {
  const targets: readonly Target[] = [primary, ...variants].map((variant) => ({
    name: variant.name,
    weight: traffic.weights[variant.name] ?? 0,
    variant,
  }));
  const { name } = primary.service.deployed;
  const split = createSplit(targets, { salt: `${name}\u0000${traffic.experiment ?? ""}` });
  return {
    ...primary.service,
    deployed: { ...primary.service.deployed, traffic },
    variants: targets.map(({ variant }) => variant.service),
    predict: (row, options = {}) => {
      const id = options.id ?? ids();
      const key = rowKey(traffic.stickyBy, row) ?? options.key ?? id;
      const { meter, service } = split.choose(key).variant;
      const begunMs = clock.monotonicMs();
      try {
        const prediction = service.predict(row, { ...options, id });
        if (options.isTrial === true) return prediction;
        meter.answered += 1;
        meter.scores.observe(prediction);
        meter.latency.observe((clock.monotonicMs() - begunMs) / 1_000);
        return prediction;
      } catch (error) {
        // All versions take alike requests: what one refuses is its caller's mistake, and says nothing of the version.
        if (options.isTrial !== true && (!isMillError(error) || error.status >= 500)) meter.failed += 1;
        throw error;
      }
    },
  };
}
