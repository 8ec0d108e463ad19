import { latencyQuantileMs } from "../latency.ts";
import type { Gathered } from "./gathered.ts";
import { judgeLabels, type LabelNumbers } from "./judge-labels.ts";
import type { RolloutRules } from "./rollout-rules.ts";
import { scoreDrift } from "./score-histogram.ts";
import type { Verdict } from "./verdict.ts";

/** Of two latencies below a few milliseconds each is the other's, as far as anybody can tell. */
const LATENCY_FLOOR_MS = 1;

/** What was measured of a version, as a decision keeps it. */
interface Measured {
  readonly requests: number;
  readonly errorRate: number | null;
  readonly latencyP99Ms: number | null;
}

export interface RolloutNumbers {
  readonly primary: Measured;
  readonly variant: Measured;
  readonly drift: number | null;
  /** Since the rollout began; null where it does not go by them, or none has looked yet. */
  readonly labels: LabelNumbers | null;
}

/**
 * Judges a step of a rollout by what both versions have answered in it. Errors that are more than chance alone would make end
 * it at once, by the lower end of Wilson's interval at 95 %; all else is judged when the step has lasted and the variant has
 * answered enough. Labels that tell it to be worse end it too, and the last step is not good before they have told.
 * What is still waited for at the deadline is bad.
 */
export function judgeStep(
  rules: RolloutRules,
  gathered: Gathered,
  step: Step,
): { readonly verdict: Verdict; readonly numbers: RolloutNumbers } {
  const { verdict, numbers } = judgeUndated(rules, gathered, step);
  if (verdict.kind !== "wait" || step.tookMs < rules.progressDeadlineMs) return { verdict, numbers };
  // What Argo Rollouts and Flagger say of a rollout that does not come to its end.
  return { numbers, verdict: bad(`ProgressDeadlineExceeded: it has not been decided in time: ${verdict.reason}`) };
}

function judgeUndated(rules: RolloutRules, gathered: Gathered, { stepTookMs, isLast, labelled }: Step) {
  const numbers = numbersOf(gathered, labelled);
  const verdict = verdictOf(rules, { gathered, numbers, stepTookMs });
  if (rules.labels === undefined || verdict.kind === "bad") return { numbers, verdict };
  const byLabels: Verdict =
    labelled === undefined
      ? { kind: "wait", reason: "it is not known what labels have come" }
      : judgeLabels(rules.labels, labelled);
  const isTold = byLabels.kind === "bad" || (isLast && verdict.kind === "good");
  return { numbers, verdict: isTold ? byLabels : verdict };
}

interface Step {
  readonly stepTookMs: number;
  /** Since the first step began. */
  readonly tookMs: number;
  /** Whether the version is promoted after it. */
  readonly isLast: boolean;
  /** What labels tell, where the rollout goes by them and they could be looked at. */
  readonly labelled: LabelNumbers | undefined;
}

interface Judged {
  readonly gathered: Gathered;
  readonly numbers: RolloutNumbers;
  readonly stepTookMs: number;
}

function verdictOf({ gates, requestsMin, everyMs }: RolloutRules, { gathered, numbers, stepTookMs }: Judged): Verdict {
  const { primary, variant, drift } = numbers;
  const allowed = (primary.errorRate ?? 0) + gates.errorRate;
  const { failed } = gathered.variant;
  if (failed >= FAILED_MIN && wilsonLower(failed, variant.requests) > allowed)
    return bad(`${percent(variant.errorRate)} of its requests failed, where ${percent(allowed)} may`);
  if (variant.requests < requestsMin)
    return { kind: "wait", reason: `${variant.requests} of ${requestsMin} requests have come to it` };
  // Beside nothing, whatever it did would be good.
  if (primary.requests < requestsMin)
    return { kind: "wait", reason: `${primary.requests} of ${requestsMin} requests have come to the service's own` };
  if ((variant.errorRate ?? 0) > allowed)
    return bad(`${percent(variant.errorRate)} of its requests failed, where ${percent(allowed)} may`);
  const slowest = (primary.latencyP99Ms ?? Number.POSITIVE_INFINITY) * gates.latencyP99 + LATENCY_FLOOR_MS;
  if ((variant.latencyP99Ms ?? 0) > slowest)
    return bad(`its 99th percentile is ${variant.latencyP99Ms?.toFixed(2)} ms, where ${slowest.toFixed(2)} ms may be`);
  if (drift !== null && drift > gates.drift)
    return bad(`its answers are distributed otherwise: ${drift.toFixed(3)}, where ${gates.drift} may be`);
  if (stepTookMs < everyMs) return { kind: "wait", reason: "every gate holds so far" };
  return { kind: "good", reason: "every gate holds" };
}

/** Fewer failures than these say nothing. */
const FAILED_MIN = 5;

function bad(reason: string): Verdict {
  return { kind: "bad", reason };
}

function percent(share: number | null): string {
  return share === null ? "none" : `${(share * 100).toFixed(2)} %`;
}

/** The lower end of Wilson's score interval at 95 % (1927). */
function wilsonLower(count: number, of: number): number {
  const z = 1.96;
  const share = count / of;
  const spread = z * Math.sqrt((share * (1 - share)) / of + (z * z) / (4 * of * of));
  return (share + (z * z) / (2 * of) - spread) / (1 + (z * z) / of);
}

export function numbersOf({ primary, variant }: Gathered, labelled: LabelNumbers | undefined): RolloutNumbers {
  return {
    primary: measuredOf(primary),
    variant: measuredOf(variant),
    drift: scoreDrift(primary.scores, variant.scores) ?? null,
    labels: labelled ?? null,
  };
}

function measuredOf({ answered, failed, latency }: Gathered["primary"]): Measured {
  const requests = answered + failed;
  return {
    requests,
    errorRate: requests === 0 ? null : failed / requests,
    latencyP99Ms: latencyQuantileMs(latency, 0.99) ?? null,
  };
}
