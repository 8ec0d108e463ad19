import { expect, test } from "vitest";
import { RestartPauses } from "../src/python/restart-pauses.ts";

const after = (pauses: RestartPauses, failures: readonly boolean[]) =>
  failures.map((hadLoaded) => pauses.failed({ hadLoaded }));

test("a model that cannot load is tried again ever later; one that is lost to its requests is back within a second", () => {
  const clock = { monotonicMs: () => 5_000 };
  const cannotLoad = new RestartPauses(clock);
  expect(
    after(
      cannotLoad,
      Array.from({ length: 12 }, () => false),
    ),
  ).toEqual([0, 100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000]);
  expect(cannotLoad.leftMs).toBe(30_000);
  const poisoned = new RestartPauses(clock);
  expect(
    after(
      poisoned,
      Array.from({ length: 8 }, () => true),
    ),
  ).toEqual([0, 100, 200, 400, 800, 1_000, 1_000, 1_000]);
  poisoned.wentWell();
  expect(after(poisoned, [true])).toEqual([0]);
});
