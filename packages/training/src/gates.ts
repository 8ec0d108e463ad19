import type { Gate } from "./define-training.ts";
import type { Judgement, Slice } from "./judgement/judgement.ts";
import { bestBaseline } from "./judgement/best-baseline.ts";
import { gainOver, type Metrics } from "./judgement/metrics.ts";

export interface GateResult {
  readonly gate: string;
  readonly passed: boolean;
  /** Null where the rows do not give the metric, which no gate lets through. */
  readonly observed: number | null;
  readonly needed: number | null;
}

export interface GateInputs {
  readonly judgement: Pick<Judgement, "metric" | "test" | "baselines" | "slices">;
  /** The metrics of a registered version by its alias, on the same rows. */
  readonly aliasMetrics: (alias: string) => Partial<Metrics> | undefined;
}

/**
 * Holds each gate against the test metrics. Where no gate speaks of the champion, it is not replaced by a version that is
 * worse by the training's main metric.
 */
export function evaluateGates(gates: readonly Gate[], inputs: GateInputs): readonly GateResult[] {
  const { metric } = inputs.judgement;
  const isGuarded = gates.some((gate) => gate.kind === "not_worse_than" && gate.alias === "champion");
  const guard: Gate = { kind: "not_worse_than", alias: "champion", metric, tolerance: 0 };
  return (isGuarded ? gates : [...gates, guard]).map((gate) => evaluate(gate, inputs));
}

function evaluate(gate: Gate, { judgement, aliasMetrics }: GateInputs): GateResult {
  const { metric } = gate;
  const observed = judgement.test.metrics[metric] ?? null;
  if (gate.kind === "slice") return worstSlice(gate, judgement.slices);
  if (gate.kind === "better_than_baseline") {
    const needed = bestBaseline(metric, judgement.baselines)?.value ?? null;
    const name = `${metric} better than the baselines${gate.margin === 0 ? "" : ` by ${gate.margin}`}`;
    const passed =
      observed !== null && needed !== null && gainOver(metric, { value: observed, other: needed }) > gate.margin;
    return { gate: name, passed, observed, needed };
  }
  if (gate.kind === "not_worse_than") {
    const name = `${metric} not worse than ${gate.alias}${gate.tolerance === 0 ? "" : ` by ${gate.tolerance}`}`;
    const needed = aliasMetrics(gate.alias)?.[metric];
    if (needed === undefined) return { gate: name, passed: true, observed, needed: null };
    const passed = observed !== null && gainOver(metric, { value: observed, other: needed }) >= -gate.tolerance;
    return { gate: name, passed, observed, needed };
  }
  const [sign, passed] = bounded(gate.kind, { observed, bound: gate.bound });
  return { gate: `${metric} ${sign} ${gate.bound}`, passed, observed, needed: gate.bound };
}

function bounded(
  kind: "at_least" | "at_most",
  { observed, bound }: { readonly observed: number | null; readonly bound: number },
): readonly [sign: string, passed: boolean] {
  if (kind === "at_least") return [">=", observed !== null && observed >= bound];
  return ["<=", observed !== null && observed <= bound];
}

/** The slice that is furthest from the bound speaks for all; one that does not give the metric does not count. */
function worstSlice(gate: Extract<Gate, { readonly kind: "slice" }>, slices: readonly Slice[]): GateResult {
  const { metric, bound, column, minRows, is } = gate;
  const found = (slices.find((slice) => slice.column === column)?.values ?? [])
    .filter(({ metrics }) => metrics.rows >= minRows)
    .flatMap(({ value, metrics }) => {
      const observed = metrics[metric];
      return observed === undefined ? [] : [{ value, observed }];
    })
    .toSorted((one, other) => (is === "at_least" ? one.observed - other.observed : other.observed - one.observed));
  const [worst] = found;
  const [sign, passed] = bounded(is, { observed: worst?.observed ?? null, bound });
  const where = worst === undefined ? `no ${column} of ${minRows} rows` : `worst ${column} ${worst.value}`;
  return {
    gate: `${metric} ${sign} ${bound} for each ${column} (${where})`,
    passed,
    observed: worst?.observed ?? null,
    needed: bound,
  };
}
