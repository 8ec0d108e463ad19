import { describe, expect, test } from "vitest";
import { systemIds } from "@millwright/kernel";
import { createShadow, createShadowMeter, withShadow, type ShadowRecord } from "../src/traffic/shadow.ts";
import type { LoadedService, Prediction } from "../src/service.ts";

// What a shadow is asked, and that nobody waits for it.

const VERSIONS = { name: "late", model: "late-flights", version: 2, modelPath: "", request: [], selections: [] };

function service(predict: LoadedService["predict"]): LoadedService {
  return { deployed: VERSIONS, model: {} as LoadedService["model"], predict };
}

const answer = (probability: number, id = "p1"): Prediction => ({
  id,
  model_name: "late",
  model_version: "1",
  variant: "champion",
  probability,
});

function shadowed(predict: LoadedService["predict"], { percent = 100, isIdle = (): boolean => true, stepMs = 0 } = {}) {
  const logged: ShadowRecord[] = [];
  const planned: (() => void)[] = [];
  let nowMs = 0;
  const clock = { nowMs: () => nowMs, monotonicMs: () => (nowMs += stepMs) };
  const log = { add: (record: ShadowRecord) => logged.push(record) > 0, seal: () => {}, dropped: 0, close: () => {} };
  const meter = createShadowMeter({ service: "late", variant: "challenger", version: 2 });
  const shadow = createShadow(
    { clock, ids: systemIds, log, later: (work) => planned.push(work), isIdle },
    service(predict),
    { variant: "challenger", percent, meter },
  );
  const own = service((row, { id } = {}) => answer(Number(row["p"] ?? 0.4), id));
  return { served: withShadow(own, shadow, { variant: "challenger" }), logged, planned, meter };
}

/** What was planned, and what that plans. */
function turn(planned: (() => void)[], turnsMax = 10_000): number {
  let turns = 0;
  for (; planned.length > 0 && turns < turnsMax; turns += 1) planned.shift()?.();
  return turns;
}

describe("a shadow", () => {
  test("is asked after the caller was answered, and compared", () => {
    const asked: unknown[] = [];
    const { served, planned, logged, meter } = shadowed((row) => {
      asked.push(row);
      return answer(0.7);
    });
    expect(served.predict({ p: 0.4 }, { id: "one" })).toMatchObject({
      id: "one",
      probability: 0.4,
      variant: "champion",
    });
    expect(asked).toEqual([]);
    turn(planned);
    expect(asked).toEqual([{ p: 0.4 }]);
    expect(logged).toMatchObject([
      { id: "one", variant: "challenger", model_version: 2, answered_version: "1", agrees: false, error: null },
    ]);
    expect(logged[0]?.difference).toBeCloseTo(0.3);
    expect(meter).toMatchObject({ answered: 1, disagreed: 1, agreed: 0, failed: 0, dropped: 0 });
  });

  test("that fails is nobody's failure, and its code is kept", () => {
    const { served, planned, logged, meter } = shadowed(() => {
      throw Object.assign(new Error("no"), { code: "features/missing-field" });
    });
    expect(served.predict({})).toMatchObject({ probability: 0.4 });
    turn(planned);
    expect(meter).toMatchObject({ answered: 0, failed: 1 });
    expect(logged).toMatchObject([{ error: "features/missing-field", agrees: null, probability: null }]);
  });

  test("that hangs behind takes one request a turn, and what does not fit its queue is dropped and counted", () => {
    // Each look at the clock finds that ten milliseconds have gone.
    const { served, planned, meter } = shadowed(() => answer(0.4), { stepMs: 10 });
    for (let at = 0; at < 1_500; at += 1) served.predict({});
    expect([meter.dropped, planned.length]).toEqual([500, 1]);
    planned.shift()?.();
    expect(meter.answered).toBeLessThanOrEqual(1);
    expect(planned.length).toBe(1);
  });

  test("gets nothing while there is no time to spare", () => {
    const { served, planned, meter, logged } = shadowed(() => answer(0.4), { isIdle: () => false });
    for (let at = 0; at < 20; at += 1) served.predict({});
    turn(planned);
    expect([meter.dropped, meter.answered, logged.length]).toEqual([20, 0, 0]);
  });

  test("is asked so many of a hundred", () => {
    const { served, planned, meter } = shadowed(() => answer(0.4), { percent: 20 });
    for (let at = 0; at < 100; at += 1) served.predict({});
    turn(planned);
    expect(meter.answered).toBe(20);
  });
});
