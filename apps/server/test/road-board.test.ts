import { expect, test } from "vitest";
import type { RunReport, RunStore, Task, TaskReport } from "@millwright/orchestration";
import type { Project } from "@millwright/project";
import { createRoadBoard } from "../src/control/road-board.ts";

const NAMES = ["first", "second"];
const report = (name: string, state: TaskReport["state"]): TaskReport => ({
  id: `table:${name}`,
  kind: "table",
  name,
  state,
  startedAtMs: null,
  tookMs: null,
  message: null,
  facts: {},
  error: null,
  progress: null,
});
const run = (runId: string): Omit<RunReport, "tasks"> => ({
  runId,
  trigger: "test",
  state: "running",
  startedAtMs: 1,
  endedAtMs: null,
  branch: "main",
});

test("what an earlier run did is that run's until a step's turn has come in the next", async () => {
  const board = createRoadBoard();
  const none = { checks: [], sources: [], featureViews: [], trainings: [], services: [], monitors: [] };
  const project = { ...none, settings: { name: "shop" }, dbt: { models: [] } } as unknown as Project;
  const tasks = NAMES.map((name) => ({ ...report(name, "done"), reads: [], waitsFor: [] })) as unknown as Task[];
  const before = { ...run("before"), tasks: NAMES.map((name) => report(name, "done")) };
  const store = {
    allDone: () => Promise.resolve(new Map()),
    list: () => Promise.resolve([before]),
    run: () => Promise.resolve(before),
    durations: () => Promise.resolve([]),
  } as unknown as RunStore;
  await board.draw(project, tasks, store);
  const ofRuns = () => board.view().nodes.map(({ name, runId }) => `${name} ${runId}`);
  expect(ofRuns()).toEqual(["first before", "second before"]);
  board.begin(run("now"));
  board.update(report("first", "unchanged"), 2);
  expect(ofRuns()).toEqual(["first now", "second before"]);
});
