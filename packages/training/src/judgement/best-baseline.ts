import type { BaselineJudgement } from "./judgement.ts";
import { gainOver, type MetricName } from "./metrics.ts";

/** The baseline that is the hardest to beat by a metric; undefined where none has it. */
export function bestBaseline(
  metric: MetricName,
  baselines: readonly BaselineJudgement[],
): { readonly title: string; readonly value: number } | undefined {
  return baselines
    .flatMap(({ title, metrics }) => {
      const value = metrics[metric];
      return value === undefined ? [] : [{ title, value }];
    })
    .toSorted((one, other) => gainOver(metric, { value: other.value, other: one.value }))[0];
}
