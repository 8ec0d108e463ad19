import { systemIds, type Clock, type IdSource } from "@millwright/kernel";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { AlertStore } from "./alerts/alert-store.ts";
import type { StandingAlert } from "./alerts/evaluate-alerts.ts";

/** Opens one and the same store, each time as another process would, on the suite's clock. */
export interface AlertStoreFixture {
  open(world: { readonly clock: Clock; readonly ids: IdSource }): Promise<{
    readonly alerts: AlertStore;
    close(): Promise<void>;
  }>;
}

function standing(feature: string, worst: number): StandingAlert {
  return { rule: "stability above 0.25", on: "stability", rows: "scored", feature, days: 4, worst, bound: 0.25 };
}

/** What every store of alerts does. */
export function alertStoreSuite(name: string, fixture: AlertStoreFixture): void {
  describe(`AlertStore on ${name}`, () => {
    let nowMs = 1_764_201_600_000;
    const world = { clock: { nowMs: () => (nowMs += 1), monotonicMs: () => 0 }, ids: systemIds };
    let alerts: AlertStore;
    let opened: Awaited<ReturnType<AlertStoreFixture["open"]>>;
    beforeAll(async () => {
      opened = await fixture.open(world);
      ({ alerts } = opened);
    });
    afterAll(() => opened.close());
    const listed = async (monitor: string) => await alerts.list({ monitor, limit: 9 });

    test("an alert is one from when it first stood until it does no more, to another process too", async () => {
      await alerts.settle("one", [standing("ä", 0.5), standing("b", 1)]);
      const [begun] = await listed("one");
      await alerts.settle("one", [standing("ä", 1.5)]);
      await alerts.settle("one", [standing("ä", 2.5)]);
      const other = await fixture.open(world);
      const all = await other.alerts.list({ monitor: "one", limit: 9 });
      await other.close();
      const known = all.map(({ id: _id, seenMs: _seenMs, resolvedMs, ...alert }) => ({
        ...alert,
        resolvedMs: resolvedMs === null ? null : resolvedMs > alert.sinceMs,
      }));
      const fixed = { monitor: "one", sinceMs: begun?.sinceMs, told: [] };
      expect(known.toSorted((a, b) => b.worst - a.worst)).toEqual([
        { ...standing("ä", 2.5), ...fixed, resolvedMs: null },
        { ...standing("b", 1), ...fixed, resolvedMs: true },
      ]);
      await alerts.settle("one", [standing("ä", 3), standing("b", 3)]);
      expect(await listed("one")).toHaveLength(3);
      expect(await alerts.list({ monitor: "one", standingOnly: true, limit: 9 })).toHaveLength(2);
      expect(await alerts.list({ limit: 1 })).toHaveLength(1);
    });

    test("each route is told of a state once, and of its end again", async () => {
      const untold = async (...routes: readonly string[]) =>
        (await alerts.untold("two", routes)).map(({ feature, resolvedMs }) => [feature, resolvedMs !== null]);
      await alerts.settle("two", [standing("a", 1)]);
      const [{ id } = { id: "" }] = await listed("two");
      expect(await untold("log", "webhook")).toEqual([["a", false]]);
      await alerts.tell(id, ["log"]);
      await alerts.settle("two", [standing("a", 2)]);
      expect(await untold("log")).toEqual([]);
      expect(await untold("log", "webhook")).toEqual([["a", false]]);
      await alerts.settle("two", []);
      expect(await untold("log")).toEqual([["a", true]]);
    });

    test("monitors that settle at the same time begin each alert once", async () => {
      const monitors = Array.from({ length: 20 }, (_, index) => `at-once-${index}`);
      await Promise.all([...monitors, ...monitors].map((monitor) => alerts.settle(monitor, [standing("a", 1)])));
      const all = await alerts.list({ limit: 1_000 });
      expect(all.filter(({ monitor }) => monitor.startsWith("at-once-"))).toHaveLength(monitors.length);
    });
  });
}
