import { textTable, type Command } from "@millwright/platform";
import { onBranch, withApi } from "./api.ts";
import { answerOf } from "./answer-schema.ts";
import { seconds, when } from "./format.ts";

const runsList: Command = {
  name: "runs list",
  summary: "the runs of the road, newest first",
  arguments: [],
  options: { limit: { value: "RUNS", summary: "at most so many (20)" }, ...onBranch },
  example: "mill runs list",
  output: answerOf("listRuns"),
  handler: (call) =>
    withApi(call, async (api) => {
      const runs = await api.listRuns({ limit: Number(call.options["limit"] ?? 20) });
      call.out.result(runs, (all) =>
        textTable(
          ["run", "state", "by", "started", "time"],
          all.map(({ runId, state, trigger, startedAtMs, endedAtMs }) => [
            runId,
            state,
            trigger,
            when(startedAtMs),
            seconds(endedAtMs === null ? null : endedAtMs - startedAtMs),
          ]),
        ),
      );
      return 0;
    }),
};

const runsShow: Command = {
  name: "runs show",
  summary: "what became of each step in a run",
  arguments: ["RUN"],
  options: {},
  example: "mill runs show 0198c1d2-7b1e-7c55-9d3e-2f1c0a9b8e77",
  output: answerOf("showRun"),
  handler: (call) =>
    withApi(call, async (api) => {
      const run = await api.showRun({ runId: call.arguments[0] ?? "" });
      call.out.result(run, ({ tasks }) =>
        textTable(
          ["step", "state", "time", ""],
          tasks.map((task) => [task.id, task.state, seconds(task.tookMs), task.message ?? ""]),
        ),
      );
      return 0;
    }),
};

export const runsCommands: readonly Command[] = [runsList, runsShow];
