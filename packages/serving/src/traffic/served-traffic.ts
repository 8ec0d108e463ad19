import { systemClock, systemIds, type Logger } from "@millwright/kernel";
import { shadowFolder } from "../log-folders.ts";
import type { DeployedService } from "../deployment.ts";
import { openPredictionLog, type PredictionLog } from "../prediction-log.ts";
import { loadService, type LoadedService, type ServicePorts } from "../service.ts";
import { createIdleGauge } from "./idle-gauge.ts";
import { routeTraffic, type LoadedVariant } from "./route-traffic.ts";
import {
  createShadow,
  createShadowMeter,
  withShadow,
  type DeployedShadow,
  type ShadowMeter,
  type ShadowRecord,
} from "./shadow.ts";
import type { TrafficCounts } from "./traffic-counts.ts";
import { countsOf, createVariantMeter, shadowMetrics, variantMetrics, type VariantMeter } from "./variant-meter.ts";

export type LoadService = (service: DeployedService, as?: Parameters<typeof loadService>[2]) => Promise<LoadedService>;

/** The versions that share the requests of services, and what each has been asked since this process began. */
export class ServedTraffic {
  readonly #options: { readonly logFolder: string; readonly logger: Logger };
  /** Of this process alone: who adds its counts up sees by it that they began anew. */
  readonly #instance = systemIds();
  readonly #meters = new Map<string, VariantMeter>();
  readonly #shadowMeters = new Map<string, ShadowMeter>();
  /** Opened with the first shadow. */
  #shadowLog: PredictionLog<ShadowRecord> | undefined;

  constructor(options: { readonly logFolder: string; readonly logger: Logger }) {
    this.#options = options;
  }

  /** A service, or the versions that share its requests. */
  async load(ports: ServicePorts, deployed: DeployedService, load: LoadService): Promise<LoadedService> {
    const { traffic, ...own } = deployed;
    if (traffic === undefined) return load(own);
    const { primary, variants, experiment } = traffic;
    const loadVariant = async (name: string, service: DeployedService): Promise<LoadedVariant> => ({
      name,
      service: await load(service, { variant: name, experiment }),
      meter: this.#meterOf({ service: service.name, variant: name, version: service.version }),
    });
    const [first, ...others] = await Promise.all([
      loadVariant(primary, own),
      ...Object.entries(variants).map(([name, model]) => loadVariant(name, { ...own, ...model })),
    ]);
    const routed = routeTraffic(ports, first, { variants: others, traffic });
    return traffic.shadow === undefined ? routed : this.#shadowed(ports, { routed, shadow: traffic.shadow, deployed });
  }

  /** The shadow looks its features up as the others do, and what it answers goes to a log of its own. */
  async #shadowed(
    { online }: ServicePorts,
    {
      routed,
      shadow: { variant, percent },
      deployed: { traffic, ...own },
    }: { readonly routed: LoadedService; readonly shadow: DeployedShadow; readonly deployed: DeployedService },
  ): Promise<LoadedService> {
    const model = traffic?.variants[variant];
    if (model === undefined) return routed;
    const unlogged = { add: () => true, seal: () => {}, dropped: 0, close: () => {} };
    const ports = { online, log: unlogged, clock: systemClock, ids: systemIds };
    const service = await loadService(ports, { ...own, ...model });
    const meter = this.#shadowMeterOf({ service: own.name, variant, version: model.version });
    this.#shadowLog ??= openPredictionLog<ShadowRecord>({
      folder: shadowFolder(this.#options.logFolder),
      ids: systemIds,
      logger: this.#options.logger,
    });
    const shadow = createShadow(
      { clock: systemClock, ids: systemIds, log: this.#shadowLog, later: setImmediate, isIdle: createIdleGauge() },
      service,
      { variant, percent, meter },
    );
    return withShadow(routed, shadow, { variant });
  }

  /** Counts on, also when what it counts is loaded anew. */
  #meterOf(of: Pick<VariantMeter, "service" | "variant" | "version">): VariantMeter {
    const key = JSON.stringify([of.service, of.variant, of.version]);
    const found = this.#meters.get(key) ?? createVariantMeter(of);
    this.#meters.set(key, found);
    return found;
  }

  #shadowMeterOf(of: Pick<ShadowMeter, "service" | "variant" | "version">): ShadowMeter {
    const key = JSON.stringify([of.service, of.variant, of.version]);
    const found = this.#shadowMeters.get(key) ?? createShadowMeter(of);
    this.#shadowMeters.set(key, found);
    return found;
  }

  counts(): TrafficCounts {
    return {
      instance: this.#instance,
      variants: [...this.#meters.values()].map((meter) => ({ service: meter.service, ...countsOf(meter) })),
      shadows: [...this.#shadowMeters.values()],
    };
  }

  metrics(): readonly string[] {
    return [...variantMetrics([...this.#meters.values()]), ...shadowMetrics([...this.#shadowMeters.values()])];
  }

  /** Ends the segment of shadows that is being written. */
  seal(): void {
    this.#shadowLog?.seal();
  }

  close(): void {
    this.#shadowLog?.close();
  }
}
