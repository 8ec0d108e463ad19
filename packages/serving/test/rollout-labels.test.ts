import fc from "fast-check";
import { expect, test } from "vitest";
import { judgeLabels, labelRules, type LabelNumbers } from "../src/traffic/judge-labels.ts";
import { judgeStep, rolloutRules } from "../src/traffic/judge-rollout.ts";
import { checkTraffic, type LabelMetric, type RolloutLabels } from "../src/traffic/traffic-options.ts";

// Labels that arrive later have a say in what becomes of a version.

const METRICS: readonly LabelMetric[] = ["auc", "log_loss", "calibration_error", "accuracy", "rmse", "mae"];

const judged = (metric: LabelMetric, primary: number | null, variant: number | null) =>
  judgeLabels(labelRules({ monitor: "drift", metric, worseBy: 0.01 }), {
    metric,
    primary: { labels: 100, value: primary },
    variant: { labels: 100, value: variant },
  }).kind;

test.each(METRICS)("by %s a version may be worse by the tolerance, and better by any", (metric) => {
  const worse = ["auc", "accuracy"].includes(metric) ? -1 : 1;
  expect(judged(metric, 0.5, 0.5 + worse * 0.009)).toBe("good");
  expect(judged(metric, 0.5, 0.5 + worse * 0.011)).toBe("bad");
  expect(judged(metric, 0.5, 0.5 - worse * 0.4)).toBe("good");
});

test("labels that tell no metric, such as those of one class, are waited with", () => {
  expect(judged("auc", 0.5, null)).toBe("wait");
  expect(judged("auc", null, 0.5)).toBe("wait");
});

/** A step that all other gates find good. */
function lastStep(labels: RolloutLabels, labelled: LabelNumbers | undefined, isLast = true) {
  const counts = { answered: 1_000, failed: 0, latency: [1_000], scores: { "10": 1_000 } };
  const gathered = { primary: counts, variant: counts, last: undefined };
  const rules = rolloutRules({ variant: "challenger", every: "1m", labels });
  return judgeStep(rules, gathered, { stepTookMs: 60_000, isLast, labelled }).verdict.kind;
}

test("a version is never promoted with too few labels, nor with a metric that is worse than it may be", () => {
  const labelled = fc.record({
    labels: fc.nat({ max: 300 }),
    value: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
  });
  const rules = fc.record({
    monitor: fc.constant("drift"),
    metric: fc.constantFrom(...METRICS),
    worseBy: fc.double({ min: 0, max: 0.5, noNaN: true }),
    labelsMin: fc.integer({ min: 1, max: 200 }),
  });
  const seen = new Set<string>();
  fc.assert(
    fc.property(rules, labelled, labelled, (labels, primary, variant) => {
      const kind = lastStep(labels, { metric: labels.metric, primary, variant });
      seen.add(kind);
      const isEnough = Math.min(primary.labels, variant.labels) >= labels.labelsMin;
      const sign = ["auc", "accuracy"].includes(labels.metric) ? -1 : 1;
      const { value: before } = primary;
      const { value: now } = variant;
      const isTold = isEnough && before !== null && now !== null;
      const isWorse = isTold && sign * (now - before) > labels.worseBy;
      expect(kind).toBe(isTold ? (isWorse ? "bad" : "good") : "wait");
    }),
    { numRuns: 500, seed: 7 },
  );
  expect([...seen].toSorted()).toEqual(["bad", "good", "wait"]);
});

test("steps before the last wait for no label; where labels cannot be read, the last one waits", () => {
  const labels = { monitor: "drift", metric: "auc", worseBy: 0 } as const;
  expect(lastStep(labels, undefined, false)).toBe("good");
  expect(lastStep(labels, undefined)).toBe("wait");
});

test("what is no metric, tolerance or number of labels is refused", () => {
  const good = { monitor: "drift", metric: "auc", worseBy: 0.01 };
  const define = (labels: object) =>
    checkTraffic("late", "champion", { rollout: { variant: "challenger", labels: { ...good, ...labels } } as never });
  expect(() => define({})).not.toThrow();
  for (const wrong of [{ metric: "luck" }, { worseBy: -1 }, { worseBy: undefined }, { labelsMin: 0 }, { sooner: true }])
    expect(() => define(wrong)).toThrow(/traffic of late/);
});
