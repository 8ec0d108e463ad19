import { migrate } from "@millwright/platform";
import { openSqliteDatabase } from "@millwright/platform/adapters/sqlite-database";
import { silentLogger, systemClock, systemIds } from "@millwright/kernel";
import { beforeEach, describe, expect, test } from "vitest";
import { createRunStore, orchestrationMigrations, runRoad, type RunStore, type Task } from "../src/index.ts";

let store: RunStore;
let ran: string[];

beforeEach(async () => {
  const database = openSqliteDatabase({ path: ":memory:" });
  await migrate(database, [orchestrationMigrations], 0);
  store = createRunStore(database);
  ran = [];
});

function task(name: string, reads: string[], extra: { hash?: string; waitsFor?: string[]; fail?: boolean } = {}): Task {
  return {
    id: `t:${name}`,
    kind: "t",
    name,
    reads: reads.map((other) => `t:${other}`),
    waitsFor: (extra.waitsFor ?? []).map((other) => `t:${other}`),
    definitionHash: () => Promise.resolve(extra.hash ?? "1"),
    run: () => {
      ran.push(name);
      if (extra.fail === true) throw new Error("broken");
      return Promise.resolve({ outputVersion: `${name}${extra.hash ?? "1"}`, facts: { rows: 1 } });
    },
  };
}

function run(tasks: readonly Task[], options: { selectors?: string[]; force?: boolean } = {}) {
  const ports = { store, clock: systemClock, ids: systemIds, logger: silentLogger };
  return runRoad(ports, tasks, { concurrency: 2, trigger: "test", ...options });
}

function states(report: Awaited<ReturnType<typeof run>>): Record<string, string> {
  return Object.fromEntries(report.tasks.map(({ name, state }) => [name, state]));
}

describe("a road", () => {
  test("runs each task after what it reads, and nothing a second time", async () => {
    const tasks = [task("c", ["a", "b"]), task("b", ["a"]), task("a", [])];
    const first = await run(tasks);
    expect(first.state).toBe("done");
    expect(ran).toEqual(["a", "b", "c"]);
    const second = await run(tasks);
    expect(states(second)).toEqual({ a: "unchanged", b: "unchanged", c: "unchanged" });
    expect(ran).toHaveLength(3);
  });

  test("a changed definition re-runs just what hangs on it", async () => {
    await run([task("a", []), task("b", []), task("c", ["b"])]);
    ran = [];
    const report = await run([task("a", []), task("b", [], { hash: "2" }), task("c", ["b"])]);
    expect(ran).toEqual(["b", "c"]);
    expect(states(report)).toEqual({ a: "unchanged", b: "done", c: "done" });
  });

  test("a failure blocks what depends on it and nothing else", async () => {
    const report = await run([
      task("a", [], { fail: true }),
      task("b", ["a"]),
      task("c", [], { waitsFor: ["a"] }),
      task("d", []),
    ]);
    expect(report.state).toBe("failed");
    expect(states(report)).toEqual({ a: "failed", b: "blocked", c: "blocked", d: "done" });
    expect((await store.run(report.runId))?.tasks).toHaveLength(4);
  });

  test("a selection takes what hangs on it, and leaves the rest as it was", async () => {
    const tasks = [task("a", []), task("b", ["a"]), task("c", ["b"])];
    await run(tasks);
    ran = [];
    await run(tasks, { selectors: ["b+"], force: true });
    expect(ran).toEqual(["b", "c"]);
  });

  test("what has changed since it last ran can be selected by that", async () => {
    await run([task("a", []), task("b", ["a"]), task("c", ["b"])]);
    ran = [];
    const changed = [task("a", []), task("b", ["a"], { hash: "2" }), task("c", ["b"])];
    await run(changed, { selectors: ["state:modified"] });
    expect(ran).toEqual(["b"]);
    expect(states(await run(changed, { selectors: ["state:new"] }))).toEqual({
      a: "unchanged",
      b: "unchanged",
      c: "unchanged",
    });
    await run(changed, { selectors: ["state:modified+"] });
    expect(ran).toEqual(["b", "c"]);
  });

  test("of what may run, that with the longest way to the end goes first", async () => {
    const tasks = [task("side 1", []), task("side 2", []), task("main 1", []), task("main 2", ["main 1"])];
    await run([...tasks, task("main 3", ["main 2"])]);
    expect(ran.indexOf("main 1")).toBe(0);
    expect(ran.indexOf("main 2")).toBeLessThan(ran.indexOf("side 2"));
  });

  test("a circle is refused by its names", async () => {
    await expect(run([task("a", ["b"]), task("b", ["a"])])).rejects.toMatchObject({ code: "orchestration/cycle" });
  });
});
