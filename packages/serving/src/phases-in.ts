import { readMetricsText, type Sample } from "./top/metrics-text.ts";

/** How long one part of the answers of a model's version took. */
export interface PhaseLatency {
  readonly version: string;
  readonly variant: string | null;
  readonly phase: string;
  /** Of all together. */
  readonly seconds: number;
  /** How many took at most so long; the last has no bound. */
  readonly buckets: readonly { readonly seconds: number | null; readonly count: number }[];
}

const NAME = "millwright_inference_seconds";

/** Reads a serving process's metrics: the phases of one service or model, each with all of its versions. */
export function phasesIn(text: string, model: string): readonly PhaseLatency[] {
  const own = readMetricsText(text).filter(({ name, labels }) => name.startsWith(NAME) && labels["model"] === model);
  const byPhase = Map.groupBy(own, ({ labels: { version = "", variant = "", phase = "" } }) =>
    JSON.stringify([version, variant, phase]),
  );
  return [...byPhase.values()].flatMap(phaseOf);
}

function phaseOf(samples: readonly Sample[]): readonly PhaseLatency[] {
  const { version = "", variant, phase = "" } = samples[0]?.labels ?? {};
  const buckets = samples.filter(({ name }) => name === `${NAME}_bucket`);
  const seconds = samples.find(({ name }) => name === `${NAME}_sum`)?.value ?? 0;
  return [
    {
      version,
      variant: variant ?? null,
      phase,
      seconds,
      buckets: buckets.map(({ labels: { le = "+Inf" }, value }) => ({
        seconds: le === "+Inf" ? null : Number(le),
        count: value,
      })),
    },
  ];
}
