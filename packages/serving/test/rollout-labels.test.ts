import fc from "fast-check";
import { expect, inject, test } from "vitest";
import { judgeLabels, labelRules, type LabelNumbers } from "../src/traffic/judge-labels.ts";
import { judgeStep } from "../src/traffic/judge-rollout.ts";
import { rolloutRules } from "../src/traffic/rollout-rules.ts";
import { checkTraffic, type LabelMetric, type RolloutLabels } from "../src/traffic/traffic-options.ts";

// Labels that arrive later have a say in what becomes of a version.

const METRICS: readonly LabelMetric[] = ["auc", "log_loss", "calibration_error", "accuracy", "rmse", "mae"];

interface Told {
  readonly value: number | null;
  readonly labels?: number;
  readonly standardError?: number | null;
}
const told = ({ value, labels = 1_000, standardError = 0.001 }: Told) => ({ labels, value, standardError });
const verdict = (metric: LabelMetric, primary: Told, variant: Told) =>
  judgeLabels(labelRules({ monitor: "drift", metric, worseBy: 0.01 }), {
    metric,
    primary: told(primary),
    variant: told(variant),
  });
const judged = (metric: LabelMetric, primary: number | null, variant: number | null) =>
  verdict(metric, { value: primary }, { value: variant }).kind;

test.each(METRICS)(
  "by %s a version may be worse by the tolerance, and better by any, once chance is ruled out",
  (metric) => {
    const worse = ["auc", "accuracy"].includes(metric) ? -1 : 1;
    expect(judged(metric, 0.5, 0.5 + worse * 0.003)).toBe("good");
    expect(judged(metric, 0.5, 0.5 + worse * 0.017)).toBe("bad");
    expect(judged(metric, 0.5, 0.5 - worse * 0.4)).toBe("good");
    // A version that is as much worse as it may be is told from no other by so many labels.
    expect(judged(metric, 0.5, 0.5 + worse * 0.009)).toBe("wait");
    expect(judged(metric, 0.5, 0.5 + worse * 0.011)).toBe("wait");
  },
);

test("says between what the difference is, and how sure that is", () => {
  const unsure = { value: 0.5, standardError: 0.02 };
  expect(verdict("auc", unsure, { ...unsure, value: 0.45 })).toEqual({
    kind: "wait",
    reason: expect.stringMatching(
      /^inconclusive: its auc is 0\.4500 by 1000 labels, beside 0\.5000 by 1000: worse by -0\.\d{4} to 0\.\d{4} at 95 %, where 0\.01 may be$/,
    ) as string,
  });
  expect(verdict("auc", { value: 0.5 }, { value: 0.3 }).reason).toMatch(
    /worse by 0\.19\d\d to 0\.20\d\d at 95 %, worse by more than 0\.01$/,
  );
  expect(verdict("auc", { value: 0.5, standardError: null }, { value: 0.3 })).toMatchObject({ kind: "wait" });
  // Without any chance what is seen is what is.
  const sure = { value: 1, standardError: 0 };
  expect([verdict("auc", sure, sure).kind, verdict("auc", sure, { ...sure, value: 0.98 }).kind]).toEqual([
    "good",
    "bad",
  ]);
});

/** A generator of its own numbers (Park and Miller, 1988), from 0 to 1. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

test("however often it is looked, a version that is as worse as it may be is hardly ever called worse, or better", () => {
  const rules = labelRules({ monitor: "drift", metric: "accuracy", worseBy: 0.05, labelsMin: 50 });
  const random = randomFrom(7);
  const runs = inject("full") ? 2_000 : 300;
  let decided = 0;
  for (let run = 0; run < runs; run += 1) {
    const right = [0, 0];
    for (let labels = 1; labels <= 1_500; labels += 1) {
      if (random() < 0.8) right[0] = (right[0] ?? 0) + 1;
      if (random() < 0.75) right[1] = (right[1] ?? 0) + 1;
      const [primary, variant] = right.map((count) => {
        const rate = (count + 1) / (labels + 2);
        return { labels, value: count / labels, standardError: Math.sqrt((rate * (1 - rate)) / (labels + 2)) };
      });
      if (primary === undefined || variant === undefined) continue;
      const { kind } = judgeLabels(rules, { metric: "accuracy", primary, variant });
      if (kind === "wait") continue;
      decided += 1;
      break;
    }
  }
  // One look's test at 95 % would have called three of ten one or the other by then.
  expect(decided / runs).toBeLessThan(0.05);
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
  return judgeStep(rules, gathered, { stepTookMs: 60_000, tookMs: 60_000, isLast, labelled }).verdict.kind;
}

test("a version is never promoted with too few labels, nor with a metric that is worse than it may be", () => {
  const labelled = fc.record({
    labels: fc.nat({ max: 300 }),
    value: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
    standardError: fc.constantFrom(0, 1e-4, 0.1),
  });
  const rules = fc.record({
    monitor: fc.constant("drift"),
    metric: fc.constantFrom(...METRICS),
    worseBy: fc.double({ min: 0, max: 0.5, noNaN: true }),
    labelsMin: fc.integer({ min: 1, max: 200 }),
    confidence: fc.constantFrom(0.9, 0.95, 0.999),
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
      if (!isTold) {
        expect(kind).toBe("wait");
        return;
      }
      const isWorse = sign * (now - before) > labels.worseBy;
      const isSure = primary.standardError === 0 && variant.standardError === 0;
      const found = isWorse ? "bad" : "good";
      if (isSure) expect(kind).toBe(found);
      else expect([found, "wait"]).toContain(kind);
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
  for (const wrong of [
    { metric: "luck" },
    { worseBy: -1 },
    { worseBy: undefined },
    { labelsMin: 0 },
    { confidence: 1 },
    { sooner: true },
  ])
    expect(() => define(wrong)).toThrow(/traffic of late/);
});

test("a deadline that leaves its steps no time is refused; untold it leaves long steps time enough", () => {
  const define = (rollout: object) =>
    checkTraffic("late", "champion", { rollout: { variant: "challenger", ...rollout } as never });
  expect(() => define({ every: "1h", steps: [10, 50], progressDeadline: "3h" })).not.toThrow();
  expect(() => define({ every: "1h", steps: [10, 50], progressDeadline: "2h" })).toThrow("no longer than its steps");
  expect(() => define({ progressDeadline: "soon" })).toThrow(/traffic of late/);
  expect(() => define({ every: "60d", steps: [10, 50] })).not.toThrow();
});
