import { describe, expect, test } from "vitest";
import { Autoscaler, SCALE_DEFAULTS } from "../src/python/autoscaler.ts";
import { pythonSettings } from "../src/python/python-settings.ts";

// Knative's pod autoscaler, by a clock of the test's own.

const POLICY = { ...SCALE_DEFAULTS, min: 0, max: 100, target: 1 };

/** Has so many requests open for some seconds, with the decision of each second; the workers follow at once. */
function scaling(policy: Partial<typeof POLICY> = {}) {
  let [now, ready] = [0, 1];
  const scaler = new Autoscaler({ ...POLICY, ...policy }, 0);
  const during = (seconds: number, open: number) => {
    scaler.observe(open, now);
    const decided: number[] = [];
    for (let second = 0; second < seconds; second += 1) {
      now += 1_000;
      ready = scaler.decide(ready, now);
      decided.push(ready);
    }
    return decided;
  };
  return { scaler, during, open: (count: number) => scaler.observe(count, now), now: () => now };
}

describe("how many workers there are", () => {
  test("is what the requests open over the long window need", () => {
    const { during } = scaling();
    expect(during(60, 1).at(-1)).toBe(1);
    // A minute in which two more come by and by: their average over it grows to three, without panic.
    expect(new Set(during(60, 1.9))).toEqual(new Set([2]));
    expect(during(60, 3).at(-1)).toBe(3);
  });

  test("grows within seconds where twice as much is suddenly asked, and does not shrink before the long window is over", () => {
    const { scaler, during } = scaling();
    during(60, 1);
    const sudden = during(6, 10);
    // Over the short window: at the second second two of six are of ten, (2 * 10 + 4 * 1) / 6 = 4.
    expect(sudden[1]).toBe(4);
    expect(sudden.at(-1)).toBe(10);
    expect(scaler.isPanicking).toBe(true);
    expect(new Set(during(50, 0))).toEqual(new Set([10]));
    expect(during(60, 1).at(-1)).toBe(1);
    expect(scaler.isPanicking).toBe(false);
  });

  test("counts what is open in a window that begins within a second", () => {
    const scaler = new Autoscaler({ ...POLICY, panicWindowMs: 600 }, 0);
    scaler.observe(1, 0);
    expect(scaler.decide(1, 60_000)).toBe(1);
    scaler.observe(10, 60_000);
    // All of the last 600 ms were of ten.
    expect(scaler.decide(1, 60_900)).toBe(10);
  });

  test("is none after a window without requests and the grace, but for one that is open", () => {
    const { during, open, scaler, now } = scaling();
    during(60, 1);
    // The window's last second with a request in it ends after 60 s; then the grace of 30.
    const idle = during(100, 0);
    const gone = idle.indexOf(0);
    expect(gone).toBeGreaterThanOrEqual(88);
    expect(gone).toBeLessThanOrEqual(92);
    expect(new Set(idle.slice(0, gone))).toEqual(new Set([1]));
    open(1);
    expect(scaler.decide(0, now())).toBe(1);
  });

  test("is one for as long from the beginning, whether anything was asked or not", () => {
    const { during } = scaling();
    const idle = during(100, 0);
    expect([idle.indexOf(0), new Set(idle.slice(0, 89))]).toEqual([89, new Set([1])]);
  });

  test("stays within its bounds, and goes down by halves", () => {
    const { during } = scaling({ min: 2, max: 8 });
    expect(during(30, 100).at(-1)).toBe(8);
    const down = during(200, 0);
    expect([...new Set(down)]).toEqual([8, 4, 2]);
  });
});

describe("what a configuration says of workers", () => {
  const of = (parameters: Readonly<Record<string, string>>, count?: number, usual = {}) =>
    pythonSettings(
      {
        parameters: Object.fromEntries(
          Object.entries(parameters).map(([key, value]) => [key, { string_value: value }]),
        ),
        ...(count === undefined ? {} : { instance_group: [{ count }] }),
      },
      { workers: 1, parameters: usual },
    );

  test("is their number, or Knative's terms with or without its prefix", () => {
    expect(of({}).scale).toMatchObject({ min: 1, max: 1 });
    expect(of({}, 3)).toMatchObject({ scale: { min: 3, max: 3 }, executions: 3 });
    const given = {
      "autoscaling.knative.dev/min-scale": "0",
      max_scale: "4",
      target: "10",
      "target-utilization-percentage": "50",
      window: "2m",
      "panic-window-percentage": "5",
      "panic-threshold-percentage": "150",
      "scale-to-zero-pod-retention-period": "500ms",
      "request-timeout": "1.5",
    };
    expect(of(given)).toMatchObject({
      scale: {
        min: 0,
        max: 4,
        target: 5,
        stableWindowMs: 120_000,
        panicWindowMs: 6_000,
        panicThreshold: 1.5,
        zeroGraceMs: 500,
      },
      limits: { requestMs: 1_500 },
      executions: 40,
    });
  });

  test("goes before what is said for all", () => {
    const usual = { "min-scale": "0", "max-scale": "5", "request-timeout": "2s" };
    expect(of({ "max-scale": "3" }, undefined, usual)).toMatchObject({
      scale: { min: 0, max: 3 },
      limits: { requestMs: 2_000 },
    });
  });

  test.each([
    [{ "min-scale": "-1" }, /min-scale/],
    [{ "max-scale": "0" }, /max-scale/],
    [{ "max-scale": "1.5" }, /max-scale/],
    [{ "min-scale": "3", "max-scale": "2" }, /min-scale is 3, and its max-scale 2/],
    [{ window: "soon" }, /a time as in 90s/],
    [{ window: "1s" }, /6000/],
    [{ "request-timeout": "" }, /request-timeout/],
  ])("is refused where it cannot be: %j", (parameters, why) => {
    expect(() => of(parameters)).toThrow(why);
  });
});
