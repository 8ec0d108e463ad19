import { createLatencyHistogram, type LatencyHistogram } from "./latency.ts";

/** How long the parts of a service's answers took, row by row. */
export interface ServicePhases {
  /** Looking its features up. */
  readonly features: LatencyHistogram;
  /** The model itself. */
  readonly compute: LatencyHistogram;
  /** When it was asked last, by the wall clock. */
  lastMs: number | undefined;
}

/** What is measured, and of what. */
export interface PhasesOf {
  readonly service: string;
  readonly version: number;
  /** Where several versions share the service's requests. */
  readonly variant: string | undefined;
  readonly phases: ServicePhases;
}

export function createServicePhases(): ServicePhases {
  return { features: createLatencyHistogram(), compute: createLatencyHistogram(), lastMs: undefined };
}

const NAME = "millwright_inference_seconds";

/** The lines of Prometheus' text format, under the name that the models of a folder have. */
export function phaseMetrics(all: readonly PhasesOf[]): readonly string[] {
  if (all.length === 0) return [];
  return [
    `# HELP ${NAME} Time of predictions by phase: features (looked up), compute (the model)`,
    `# TYPE ${NAME} histogram`,
    ...all.flatMap(({ service, version, variant, phases }) =>
      (["features", "compute"] as const).flatMap((phase) => {
        const of = variant === undefined ? "" : `,variant=${JSON.stringify(variant)}`;
        return phases[phase].lines(NAME, `model=${JSON.stringify(service)},version="${version}"${of},phase="${phase}"`);
      }),
    ),
  ];
}
