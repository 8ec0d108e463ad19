import { systemIds } from "@millwright/kernel";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RunStore, TaskDone } from "./run-store.ts";
import type { RunReport, TaskReport } from "./task.ts";

/** Opens one and the same store, each time as another process would. */
export interface RunStoreFixture {
  /** On `main`, unless another branch is named. */
  open(branch?: string): Promise<{ readonly store: RunStore; close(): Promise<void> }>;
}

function report(id: string, change: Partial<TaskReport> = {}): TaskReport {
  return {
    id,
    kind: "table",
    name: id,
    state: "done",
    startedAtMs: 1_764_201_600_000,
    tookMs: 12.5,
    message: null,
    facts: { rows: Number.MAX_SAFE_INTEGER, auc: 0.1, name: "ä", good: true, none: null },
    error: null,
    progress: null,
    ...change,
  };
}

const begun = (runId: string): Omit<RunReport, "tasks"> => ({
  runId,
  state: "running",
  trigger: "test",
  branch: "main",
  startedAtMs: 1_764_201_600_000,
  endedAtMs: null,
});

/** What every store of runs does. */
export function runStoreSuite(name: string, fixture: RunStoreFixture): void {
  describe(`RunStore on ${name}`, () => {
    let store: RunStore;
    let opened: Awaited<ReturnType<RunStoreFixture["open"]>>;
    beforeAll(async () => {
      opened = await fixture.open();
      ({ store } = opened);
    });
    afterAll(() => opened.close());

    test("a run is read back with its tasks, by another process too", async () => {
      const runId = systemIds();
      await store.begin(begun(runId));
      const tasks = [
        report("table:a"),
        report("table:b", {
          state: "failed",
          tookMs: null,
          startedAtMs: null,
          message: "no",
          error: { type: "urn:x", title: "t", status: 422, detail: "d", code: "a/b", remedy: "r" },
        }),
      ];
      for (const task of tasks) await store.saveTask(runId, task);
      await store.end({ ...begun(runId), state: "failed", endedAtMs: 1_764_201_600_999, tasks });
      const other = await fixture.open();
      const found = await other.store.run(runId);
      await other.close();
      expect({ ...found, tasks: found?.tasks.toSorted((a, b) => (a.id < b.id ? -1 : 1)) }).toEqual({
        ...begun(runId),
        state: "failed",
        endedAtMs: 1_764_201_600_999,
        tasks,
      });
      expect(await store.run(systemIds())).toBeUndefined();
    });

    test("a task's newest report takes the place of the one before it", async () => {
      const runId = systemIds();
      await store.begin(begun(runId));
      await store.saveTask(runId, report("table:a", { state: "running", tookMs: null }));
      await store.saveTask(runId, report("table:a"));
      expect((await store.run(runId))?.tasks).toEqual([report("table:a")]);
    });

    test("a run that is begun leaves no other running, and what ended as it was", async () => {
      const [ended, cut, next] = [systemIds(), systemIds(), systemIds()];
      await store.begin(begun(ended));
      await store.end({ ...begun(ended), state: "done", endedAtMs: 1, tasks: [] });
      await store.begin(begun(cut));
      await store.begin(begun(next));
      const states = await Promise.all([ended, cut, next].map(async (id) => (await store.run(id))?.state));
      expect(states).toEqual(["done", "cancelled", "running"]);
    });

    test("runs are listed newest first, page by page", async () => {
      const ids = [systemIds(), systemIds(), systemIds()].toSorted();
      for (const id of ids) await store.begin(begun(id));
      const first = await store.list({ limit: 2 });
      expect(first.map(({ runId }) => runId)).toEqual([ids[2], ids[1]]);
      const [next] = await store.list({ limit: 1, before: ids[1] ?? "" });
      expect(next?.runId).toBe(ids[0]);
    });

    test("what a task left is kept until it is forgotten", async () => {
      const id = `table:${systemIds()}`;
      const done: TaskDone = {
        fingerprint: "f",
        outputVersion: "1",
        facts: { rows: 1 },
        warned: true,
        doneAtMs: 1_764_201_600_000,
      };
      expect(await store.done(id)).toBeUndefined();
      await store.saveDone(id, { ...done, warned: false, outputVersion: "0" });
      await store.saveDone(id, done);
      expect(await store.done(id)).toEqual(done);
      expect((await store.allDone()).get(id)).toEqual(done);
      await store.forget(id);
      expect(await store.done(id)).toBeUndefined();
    });

    test("a branch counts what main did until it does it itself; main takes it over when the branch is published", async () => {
      const done: TaskDone = { fingerprint: "f", outputVersion: "1", facts: {}, warned: false, doneAtMs: 1 };
      const [mains, both, own] = [1, 2, 3].map((step) => `table:branch-${step}`) as [string, string, string];
      const branch = await fixture.open("audit");
      for (const id of [mains, both]) await store.saveDone(id, done);
      expect(await branch.store.done(both)).toEqual(done);
      for (const id of [both, own]) await branch.store.saveDone(id, { ...done, outputVersion: "2" });
      const versions = async (from: RunStore) => {
        const all = await from.allDone();
        return [mains, both, own].map((id) => all.get(id)?.outputVersion);
      };
      expect(await versions(branch.store)).toEqual(["1", "2", "2"]);
      expect(await versions(store)).toEqual(["1", "1", undefined]);
      await store.adopt("audit");
      expect(await versions(store)).toEqual(["1", "2", "2"]);
      await branch.store.saveDone(own, { ...done, outputVersion: "3" });
      await store.forgetBranch("audit");
      expect(await versions(branch.store)).toEqual(["1", "2", "2"]);
      await branch.close();
    });

    test("the runs of a branch are its own: one that begins there leaves main's running", async () => {
      const branch = await fixture.open("beside");
      const [mains, its] = [systemIds(), systemIds()];
      await store.begin(begun(mains));
      await branch.store.begin(begun(its));
      expect((await store.run(mains))?.state).toBe("running");
      expect((await branch.store.list({ limit: 9 })).map(({ runId }) => runId)).toEqual([its]);
      expect((await store.list({ limit: 1 })).map(({ runId }) => runId)).toEqual([mains]);
      const both = await store.list({ limit: 2, ofAllBranches: true });
      expect(both.map(({ runId, branch: on }) => [runId, on])).toEqual([
        [its, "beside"],
        [mains, "main"],
      ]);
      await branch.close();
    });

    test("durations are those of the last times that a task really ran, oldest first", async () => {
      const task = `table:${systemIds()}`;
      for (const [state, tookMs] of [
        ["done", 1.5],
        ["unchanged", null],
        ["warned", 2],
        ["failed", 3],
        ["done", 4],
      ] as const) {
        const runId = systemIds();
        await store.begin(begun(runId));
        await store.saveTask(runId, report(task, { state, tookMs }));
      }
      expect(await store.durations(task, 2)).toEqual([2, 4]);
      expect(await store.durations(task, 9)).toEqual([1.5, 2, 4]);
    });

    test("many steps that end at the same time are all kept", async () => {
      const runId = systemIds();
      await store.begin(begun(runId));
      const ids = Array.from({ length: 300 }, (_, index) => `table:${index}`);
      await Promise.all(ids.map((id) => store.saveTask(runId, report(id))));
      expect((await store.run(runId))?.tasks.map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
    });
  });
}
