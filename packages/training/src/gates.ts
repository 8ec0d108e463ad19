import type { Gate, MetricName } from "./define-training.ts";
import type { Metrics } from "./metrics.ts";

export interface GateResult {
  readonly gate: string;
  readonly passed: boolean;
  readonly observed: number;
  readonly needed: number | null;
}

const SMALLER_IS_BETTER: ReadonlySet<MetricName> = new Set<MetricName>(["log_loss", "brier", "calibration_error"]);

/** Holds each gate against the test metrics; `aliasMetrics` gives those of a registered version by its alias. */
export function evaluateGates(
  gates: readonly Gate[],
  metrics: Metrics,
  aliasMetrics: (alias: string) => Partial<Metrics> | undefined,
): readonly GateResult[] {
  return gates.map((gate) => {
    const observed = metrics[gate.metric];
    if (gate.kind === "not_worse_than") return notWorse(gate, observed, aliasMetrics(gate.alias)?.[gate.metric]);
    if (gate.kind === "at_least")
      return { gate: `${gate.metric} >= ${gate.bound}`, passed: observed >= gate.bound, observed, needed: gate.bound };
    return { gate: `${gate.metric} <= ${gate.bound}`, passed: observed <= gate.bound, observed, needed: gate.bound };
  });
}

function notWorse(
  gate: Extract<Gate, { kind: "not_worse_than" }>,
  observed: number,
  other: number | undefined,
): GateResult {
  const name = `${gate.metric} not worse than ${gate.alias} by ${gate.tolerance}`;
  if (other === undefined) return { gate: name, passed: true, observed, needed: null };
  const worse = SMALLER_IS_BETTER.has(gate.metric) ? observed - other : other - observed;
  return { gate: name, passed: worse <= gate.tolerance, observed, needed: other };
}
