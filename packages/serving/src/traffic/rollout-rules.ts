import { durationMs } from "@millwright/feature-store/define";
import { labelRules, type LabelRules } from "./judge-labels.ts";
import type { RolloutOptions } from "./traffic-options.ts";

/** A rollout's options, with what was left unsaid. */
export interface RolloutRules {
  readonly variant: string;
  readonly steps: readonly number[];
  readonly everyMs: number;
  readonly requestsMin: number;
  readonly gates: { readonly errorRate: number; readonly latencyP99: number; readonly drift: number };
  readonly progressDeadlineMs: number;
  readonly labels: LabelRules | undefined;
}

const STEPS = [5, 25, 50, 100];
const EVERY = "10m";
const REQUESTS_MIN = 100;
const GATES = { errorRate: 0.01, latencyP99: 1.5, drift: 0.25 };
const PROGRESS_DEADLINE = "30d";

export function rolloutRules(options: RolloutOptions): RolloutRules {
  const { variant, steps: given = STEPS, every = EVERY, requestsMin, gates, progressDeadline, labels } = options;
  const steps = given.at(-1) === 100 ? given : [...given, 100];
  const everyMs = durationMs(every);
  // Untold it leaves steps that are long as much time again.
  const leastMs = progressDeadline === undefined ? 2 * stepsMs({ steps, everyMs }) : 0;
  return {
    variant,
    steps,
    everyMs,
    requestsMin: requestsMin ?? REQUESTS_MIN,
    gates: { ...GATES, ...gates },
    progressDeadlineMs: Math.max(leastMs, durationMs(progressDeadline ?? PROGRESS_DEADLINE)),
    labels: labels === undefined ? undefined : labelRules(labels),
  };
}

/** How long the steps before the last, which is the end, take at least. */
export function stepsMs({ steps, everyMs }: Pick<RolloutRules, "steps" | "everyMs">): number {
  return (steps.length - 1) * everyMs;
}
