import type { ShadowMeter } from "./shadow.ts";
import { createScoreHistogram, type ScoreHistogram, type Scores } from "./score-histogram.ts";
import { createLatencyHistogram, type LatencyHistogram } from "../latency.ts";

/** What one version has answered under one name since the process began. */
export interface VariantMeter {
  readonly service: string;
  readonly variant: string;
  readonly version: number;
  answered: number;
  /** Requests of it that ended in an error which was not its caller's. */
  failed: number;
  readonly latency: LatencyHistogram;
  readonly scores: ScoreHistogram;
}

/** The same as another process is told it. */
export interface VariantCounts {
  readonly variant: string;
  readonly version: number;
  readonly answered: number;
  readonly failed: number;
  /** How many took at most so long, by the bounds of `LATENCY_BOUNDS`, and how many longer. */
  readonly latency: readonly number[];
  readonly scores: Scores;
}

export function createVariantMeter(of: Pick<VariantMeter, "service" | "variant" | "version">): VariantMeter {
  return { ...of, answered: 0, failed: 0, latency: createLatencyHistogram(), scores: createScoreHistogram() };
}

export function countsOf({ variant, version, answered, failed, latency, scores }: VariantMeter): VariantCounts {
  return { variant, version, answered, failed, latency: latency.counts(), scores: scores.counts() };
}

/** The lines of Prometheus' text format; none where no traffic is shared. */
export function variantMetrics(meters: readonly VariantMeter[]): readonly string[] {
  if (meters.length === 0) return [];
  const told = meters.map((meter) => ({ meter, labels: labelsOf(meter) }));
  return [
    "# HELP millwright_variant_predictions_total Predictions answered, by the variant of the service.",
    "# TYPE millwright_variant_predictions_total counter",
    ...told.map(({ meter, labels }) => `millwright_variant_predictions_total{${labels}} ${meter.answered}`),
    "# HELP millwright_variant_failed_total Predictions that ended in an error which was not the caller's, by the variant of the service.",
    "# TYPE millwright_variant_failed_total counter",
    ...told.map(({ meter, labels }) => `millwright_variant_failed_total{${labels}} ${meter.failed}`),
    "# HELP millwright_variant_seconds How long predictions took, by the variant of the service.",
    "# TYPE millwright_variant_seconds histogram",
    ...told.flatMap(({ meter, labels }) => meter.latency.lines("millwright_variant_seconds", labels)),
  ];
}

/** What became of the requests that were to be copied to shadows. */
export function shadowMetrics(meters: readonly ShadowMeter[]): readonly string[] {
  if (meters.length === 0) return [];
  const name = "millwright_shadow_predictions_total";
  const outcomes = ["answered", "failed", "dropped", "agreed", "disagreed"] as const;
  return [
    `# HELP ${name} Requests copied to a shadow, by what became of them; agreed and disagreed are of those answered.`,
    `# TYPE ${name} counter`,
    ...meters.flatMap((meter) =>
      outcomes.map((outcome) => `${name}{${labelsOf(meter)},outcome="${outcome}"} ${meter[outcome]}`),
    ),
  ];
}

function labelsOf({ service, variant, version }: Pick<VariantMeter, "service" | "variant" | "version">): string {
  return `service="${labelValue(service)}",variant="${labelValue(variant)}",version="${version}"`;
}

function labelValue(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
