import { systemIds } from "@millwright/kernel";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { NewVersion, Tracking } from "./tracking.ts";

/** Opens one and the same registry, each time as another process would. */
export interface TrackingFixture {
  open(): Promise<{ readonly tracking: Tracking; close(): Promise<void> }>;
  /** Waiting for another's transaction stops the whole process, so that two of them cannot be in one. */
  readonly blocks: boolean;
}

/** What every registry of runs and models does. */
export function trackingSuite(name: string, fixture: TrackingFixture): void {
  describe(`Tracking on ${name}`, () => {
    let tracking: Tracking;
    let opened: Awaited<ReturnType<TrackingFixture["open"]>>;
    const version = (model: string, change: Partial<NewVersion> = {}): NewVersion => ({
      model,
      runId: systemIds(),
      artifactPath: "/artifacts/x",
      details: { metrics: { test: { auc: 0.1 + 0.2 } }, signature: ["ä"] },
      aliases: [],
      reason: "registered",
      ...change,
    });
    beforeAll(async () => {
      opened = await fixture.open();
      ({ tracking } = opened);
    });
    afterAll(() => opened.close());

    test("a run is read back with its metrics, by another process too", async () => {
      const experiment = systemIds();
      const run = await tracking.startRun({
        experiment,
        parameters: { trees: 80, rate: 0.1 },
        tags: { by: "test" },
        artifactPath: "/a",
      });
      const metrics = [
        { name: "auc", step: 0, value: 1 / 3 },
        { name: "auc", step: 2 ** 40, value: -1e-300 },
        { name: "loss", step: 1, value: 1e300 },
      ];
      await tracking.logMetrics(run.id, metrics);
      await tracking.logMetrics(run.id, []);
      await tracking.finishRun(run.id, "finished");
      const other = await fixture.open();
      const [found] = await other.tracking.runs(experiment, { limit: 5 });
      expect(found).toEqual({ ...run, status: "finished", endedAtMs: found?.endedAtMs });
      expect(found?.endedAtMs).toBeGreaterThanOrEqual(run.startedAtMs);
      const order = (all: readonly { name: string; step: number }[]) =>
        all.toSorted((a, b) => (a.name === b.name ? a.step - b.step : a.name < b.name ? -1 : 1));
      expect(order(await other.tracking.metrics(run.id))).toEqual(metrics);
      await other.close();
    });

    test("a metric that was logged stands: its step is not written twice", async () => {
      const run = await tracking.startRun({ experiment: systemIds(), parameters: {}, tags: {}, artifactPath: "/a" });
      await tracking.logMetrics(run.id, [{ name: "auc", step: 1, value: 1 }]);
      await tracking.logMetrics(run.id, [{ name: "auc", step: 1, value: 2 }]);
      expect(await tracking.metrics(run.id)).toEqual([{ name: "auc", step: 1, value: 1 }]);
    });

    test("writers who log side by side lose nothing", async () => {
      const run = await tracking.startRun({ experiment: systemIds(), parameters: {}, tags: {}, artifactPath: "/a" });
      const steps = Array.from({ length: 400 }, (_, step) => step);
      await Promise.all(steps.map((step) => tracking.logMetrics(run.id, [{ name: "loss", step, value: step / 7 }])));
      expect((await tracking.metrics(run.id)).map(({ step }) => step).toSorted((a, b) => a - b)).toEqual(steps);
    });

    test("runs are listed newest first, of one experiment or all", async () => {
      const experiment = systemIds();
      const ids: string[] = [];
      for (let index = 0; index < 3; index += 1)
        ids.push((await tracking.startRun({ experiment, parameters: {}, tags: {}, artifactPath: "/a" })).id);
      const newest = ids.toSorted().toReversed();
      expect((await tracking.runs(experiment, { limit: 2 })).map(({ id }) => id)).toEqual(newest.slice(0, 2));
      expect((await tracking.runs(undefined, { limit: 1 })).map(({ id }) => id)).toEqual(newest.slice(0, 1));
    });

    test("versions are numbered from one, newest first, and read back as they were", async () => {
      const model = systemIds();
      const [first, second] = [version(model), version(model)];
      expect(await tracking.register(first)).toMatchObject({ version: 1, details: first.details });
      expect(await tracking.register(second)).toMatchObject({ version: 2 });
      const found = await tracking.versions(model);
      expect(found.map((one) => one.version)).toEqual([2, 1]);
      const { reason: _reason, ...stored } = first;
      expect(found[1]).toMatchObject(stored);
      expect(await tracking.models()).toContain(model);
      await expect(tracking.versions(systemIds())).rejects.toMatchObject({ code: "tracking/unknown-model" });
    });

    test("an alias means one version, and moves with its registration", async () => {
      const model = systemIds();
      await tracking.register(version(model, { aliases: ["champion"] }));
      expect((await tracking.byAlias(model, "champion"))?.version).toBe(1);
      await tracking.register(version(model, { aliases: ["champion", "newest"] }));
      expect((await tracking.byAlias(model, "champion"))?.version).toBe(2);
      expect((await tracking.versions(model))[1]?.aliases).toEqual([]);
      await tracking.promote({ model, alias: "champion", version: 1, reason: "better" });
      expect((await tracking.byAlias(model, "champion"))?.version).toBe(1);
      expect(await tracking.byAlias(model, "nobody")).toBeUndefined();
    });

    test("an alias goes back to what it meant before, each time further, and every move is kept", async () => {
      const model = systemIds();
      const alias = "champion";
      for (let made = 0; made < 3; made += 1) await tracking.register(version(model, { aliases: [alias] }));
      const back = (reason: string, to?: number) => tracking.rollback({ model, alias, version: to, reason });
      expect(await back("alarms")).toMatchObject({ version: 2, previousVersion: 3, kind: "rollback" });
      expect(await back("still")).toMatchObject({ version: 1, previousVersion: 2 });
      await expect(back("again")).rejects.toMatchObject({ code: "tracking/nothing-before" });
      expect(await back("mended", 3)).toMatchObject({ version: 3, previousVersion: 1 });
      await expect(back("no such", 9)).rejects.toMatchObject({ code: "tracking/unknown-version" });
      expect((await tracking.byAlias(model, alias))?.version).toBe(3);
      const reasons = (await tracking.aliasChanges(model)).map(({ reason }) => reason);
      expect(reasons).toEqual(["mended", "still", "alarms", "registered", "registered", "registered"]);
    });

    test("those who register at the same time, in several processes, get numbers of their own", async () => {
      const model = systemIds();
      const others = await Promise.all(Array.from({ length: 3 }, () => fixture.open()));
      const registered = await Promise.all(
        Array.from({ length: 12 }, (_, index) => {
          const other = fixture.blocks ? undefined : others[index % others.length];
          return (other ?? opened).tracking.register(version(model));
        }),
      );
      await Promise.all(others.map((other) => other.close()));
      const numbers = registered.map((one) => one.version).toSorted((a, b) => a - b);
      expect(numbers).toEqual(Array.from({ length: 12 }, (_, index) => index + 1));
    });
  });
}
