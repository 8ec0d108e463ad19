import type { LabelMetric, RolloutLabels } from "./traffic-options.ts";
import type { Verdict } from "./verdict.ts";

/** How right a version was, by how many labels; null where those do not tell, such as an AUC of one class. */
interface Labelled {
  readonly labels: number;
  readonly value: number | null;
}

export interface LabelNumbers {
  readonly metric: LabelMetric;
  readonly primary: Labelled;
  readonly variant: Labelled;
}

export type LabelRules = Required<RolloutLabels>;

const LABELS_MIN = 100;
const HIGHER_IS_BETTER: ReadonlySet<LabelMetric> = new Set(["auc", "accuracy"]);

export function labelRules(labels: RolloutLabels): LabelRules {
  return { labelsMin: LABELS_MIN, ...labels };
}

/** Judges by the labels that have arrived: it waits until there are enough of both versions. */
export function judgeLabels({ metric, worseBy, labelsMin }: LabelRules, { primary, variant }: LabelNumbers): Verdict {
  if (variant.labels < labelsMin)
    return { kind: "wait", reason: `${variant.labels} of ${labelsMin} labels have come for its answers` };
  if (primary.labels < labelsMin)
    return { kind: "wait", reason: `${primary.labels} of ${labelsMin} labels have come for the service's own answers` };
  if (primary.value === null || variant.value === null)
    return { kind: "wait", reason: `the labels that have come tell no ${metric}` };
  const worse = HIGHER_IS_BETTER.has(metric) ? primary.value - variant.value : variant.value - primary.value;
  const said = `its ${metric} is ${variant.value.toFixed(4)} by ${variant.labels} labels, beside ${primary.value.toFixed(4)} by ${primary.labels}`;
  if (worse > worseBy) return { kind: "bad", reason: `${said}: worse by more than ${worseBy}` };
  return { kind: "good", reason: `every gate holds, and ${said}` };
}
