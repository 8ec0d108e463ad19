import { systemIds, type Clock, type IdSource } from "@millwright/kernel";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CheckHistory, CheckRecord } from "./check-history.ts";

/** Opens one and the same history, each time as another process would, on the suite's clock. */
export interface CheckHistoryFixture {
  open(world: { readonly clock: Clock; readonly ids: IdSource }): Promise<{
    readonly history: CheckHistory;
    close(): Promise<void>;
  }>;
}

type Result = Omit<CheckRecord, "atMs">;

function result(name: string, change: Partial<Result> = {}): Result {
  const held = { severity: "error", passed: true, observed: 0, expected: "no failing row" } as const;
  return { name, table: `${name}_table`, check: "not_null(ä)", ...held, ...change };
}

/** What every history of checks does. */
export function checkHistorySuite(name: string, fixture: CheckHistoryFixture): void {
  describe(`CheckHistory on ${name}`, () => {
    let nowMs = 1_764_201_600_000;
    const world = { clock: { nowMs: () => (nowMs += 1), monotonicMs: () => 0 }, ids: systemIds };
    let history: CheckHistory;
    let opened: Awaited<ReturnType<CheckHistoryFixture["open"]>>;
    beforeAll(async () => {
      opened = await fixture.open(world);
      ({ history } = opened);
    });
    afterAll(() => opened.close());
    const plain = (records: readonly CheckRecord[]) => records.map(({ atMs: _atMs, ...rest }) => rest);

    test("what each run found is kept, newest first, by name and by table, to another process too", async () => {
      const before = [result("a", { check: "x" }), result("a", { check: "y" })];
      const after = [
        result("a", { check: "x", passed: false, severity: "warning", observed: 9_007_199_254_740_991 }),
        result("a", { check: "y", observed: 0.25 }),
      ];
      await history.record(before);
      await history.record(after);
      await history.record([]);
      const other = await fixture.open(world);
      const found = await other.history.of("a", 9);
      await other.close();
      expect(plain(found)).toEqual([...after, ...before]);
      expect(new Set(found.map(({ atMs }) => atMs)).size).toBe(2);
      expect(plain(await history.of("a_table", 2))).toEqual(after);
      await history.record([result("b")]);
      expect(plain(await history.recent({ runs: 1 }))).toEqual([...after, result("b")]);
      expect(plain(await history.recent({ runs: 2, nameOrTable: "a" }))).toEqual([...after, ...before]);
      expect(await history.of("never", 9)).toEqual([]);
    });
  });
}
