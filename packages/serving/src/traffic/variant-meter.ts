import { createLatencyHistogram, type LatencyHistogram } from "../latency.ts";

/** What one version has answered under one name since the process began. */
export interface VariantMeter {
  readonly service: string;
  readonly variant: string;
  readonly version: number;
  answered: number;
  /** Requests of it that ended in an error, whoever's it was. */
  failed: number;
  readonly latency: LatencyHistogram;
}

export function createVariantMeter(of: Pick<VariantMeter, "service" | "variant" | "version">): VariantMeter {
  return { ...of, answered: 0, failed: 0, latency: createLatencyHistogram() };
}

/** The lines of Prometheus' text format; none where no traffic is shared. */
export function variantMetrics(meters: readonly VariantMeter[]): readonly string[] {
  if (meters.length === 0) return [];
  const told = meters.map((meter) => ({ meter, labels: labelsOf(meter) }));
  return [
    "# HELP millwright_variant_predictions_total Predictions answered, by the variant of the service.",
    "# TYPE millwright_variant_predictions_total counter",
    ...told.map(({ meter, labels }) => `millwright_variant_predictions_total{${labels}} ${meter.answered}`),
    "# HELP millwright_variant_failed_total Predictions that ended in an error, by the variant of the service.",
    "# TYPE millwright_variant_failed_total counter",
    ...told.map(({ meter, labels }) => `millwright_variant_failed_total{${labels}} ${meter.failed}`),
    "# HELP millwright_variant_seconds How long predictions took, by the variant of the service.",
    "# TYPE millwright_variant_seconds histogram",
    ...told.flatMap(({ meter, labels }) => meter.latency.lines("millwright_variant_seconds", labels)),
  ];
}

function labelsOf({ service, variant, version }: VariantMeter): string {
  return `service="${labelValue(service)}",variant="${labelValue(variant)}",version="${version}"`;
}

function labelValue(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
