import type { LabelMetric, RolloutLabels } from "./traffic-options.ts";
import type { Verdict } from "./verdict.ts";

/** How right a version was, by how many labels; null where those do not tell, such as an AUC of one class. */
interface Labelled {
  readonly labels: number;
  readonly value: number | null;
  /** Of `value`: by how much it would differ by itself, were other requests as many labelled. */
  readonly standardError?: number | null;
}

export interface LabelNumbers {
  readonly metric: LabelMetric;
  readonly primary: Labelled;
  readonly variant: Labelled;
}

export type LabelRules = Required<RolloutLabels>;

const LABELS_MIN = 100;
const CONFIDENCE = 0.95;
const HIGHER_IS_BETTER: ReadonlySet<LabelMetric> = new Set(["auc", "accuracy"]);

export function labelRules(labels: RolloutLabels): LabelRules {
  return { labelsMin: LABELS_MIN, confidence: CONFIDENCE, ...labels };
}

/**
 * Judges by the labels that have arrived, once there are enough of both versions. It is bad where the variant is worse by more
 * than it may be, and good where it is not, whatever chance has done: at the confidence that is asked for, and however often
 * it is looked. Else it waits.
 */
export function judgeLabels(rules: LabelRules, { primary, variant }: LabelNumbers): Verdict {
  const { metric, worseBy, labelsMin } = rules;
  if (variant.labels < labelsMin)
    return { kind: "wait", reason: `${variant.labels} of ${labelsMin} labels have come for its answers` };
  if (primary.labels < labelsMin)
    return { kind: "wait", reason: `${primary.labels} of ${labelsMin} labels have come for the service's own answers` };
  if (primary.value === null || variant.value === null)
    return { kind: "wait", reason: `the labels that have come tell no ${metric}` };
  const errors = [primary.standardError ?? Number.NaN, variant.standardError ?? Number.NaN];
  const error = Math.hypot(...errors);
  if (Number.isNaN(error))
    return { kind: "wait", reason: `the labels that have come do not tell how sure its ${metric} is` };
  const worse = HIGHER_IS_BETTER.has(metric) ? primary.value - variant.value : variant.value - primary.value;
  const margin = alwaysValidMargin({ error, labels: [primary.labels, variant.labels], rules });
  const said = `its ${metric} is ${variant.value.toFixed(4)} by ${variant.labels} labels, beside ${primary.value.toFixed(4)} by ${primary.labels}`;
  const range = `worse by ${(worse - margin).toFixed(4)} to ${(worse + margin).toFixed(4)} at ${percent(rules.confidence)}`;
  if (worse - margin > worseBy) return { kind: "bad", reason: `${said}: ${range}, worse by more than ${worseBy}` };
  if (worse + margin <= worseBy) return { kind: "good", reason: `every gate holds, and ${said}: ${range}` };
  return { kind: "wait", reason: `inconclusive: ${said}: ${range}, where ${worseBy} may be` };
}

/**
 * Half the width of the interval in which the true difference is, at every look at once: it is looked whenever labels come,
 * and stopped at the first look that tells, which a test of one look (Welch's, of two proportions, DeLong's) does not allow.
 * The normal mixture of Robbins (1970), as in the always valid inference of Johari, Pekelis and Walsh (2015), with the
 * estimated error in the place of the known one; the mixture's width is the one by which the interval is narrowest when the
 * least number of labels have come (Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, 2021).
 */
function alwaysValidMargin({
  error,
  labels: [primary, variant],
  rules: { labelsMin, confidence },
}: {
  readonly error: number;
  readonly labels: readonly [number, number];
  readonly rules: LabelRules;
}): number {
  if (error === 0) return 0;
  const cost = 2 * Math.log(1 / (1 - confidence));
  /** How much more is known than when the least number of labels have come of each. */
  const information = 2 / (1 / primary + 1 / variant) / labelsMin;
  const mixture = (cost + Math.log(1 + cost)) * information;
  return error * Math.sqrt((1 + 1 / mixture) * (cost + Math.log(1 + mixture)));
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(3))} %`;
}
