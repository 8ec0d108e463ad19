import { textTable, type Command } from "@millwright/platform";
import { withApi } from "./api.ts";
import { answerOf } from "./answer-schema.ts";
import { seconds, when } from "./format.ts";
import { sqlCommand } from "./sql-command.ts";

const status: Command = {
  name: "status",
  summary: "what runs, and how the last road went",
  arguments: [],
  options: {},
  example: "mill status",
  output: answerOf("showStatus"),
  handler: (call) =>
    withApi(call, async (api) => {
      const found = await api.showStatus();
      call.out.result(found, ({ project, up, nextRunAtMs, lastRun }) =>
        [
          up === null
            ? `project ${project}: not up`
            : `project ${project}: up, process ${up.pid}, console http://127.0.0.1:${up.controlPort}, serving http://127.0.0.1:${up.restPort}`,
          ...(nextRunAtMs === null ? [] : [`next road by the schedule: ${when(nextRunAtMs)}`]),
          lastRun === null
            ? "no road was taken yet: `mill run`"
            : `last road: ${lastRun.state}, ${when(lastRun.startedAtMs)}`,
          ...(lastRun === null
            ? []
            : [
                textTable(
                  ["step", "state", "time", ""],
                  lastRun.tasks.map((task) => [task.id, task.state, seconds(task.tookMs), task.message ?? ""]),
                ),
              ]),
        ].join("\n"),
      );
      return 0;
    }),
};

export const lookCommands: readonly Command[] = [sqlCommand, status];
