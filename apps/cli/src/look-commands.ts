import type { ControlApi } from "@millwright/client";
import { textTable, type Command, type CommandCall } from "@millwright/platform";
import { onBranch, withApi } from "./api.ts";
import { answerOf } from "./answer-schema.ts";
import { cell, seconds, when } from "./format.ts";

const sql: Command = {
  name: "sql",
  summary: "ask the tables",
  arguments: ["QUERY"],
  options: {
    limit: { value: "ROWS", summary: "at most so many rows (1000)" },
    explain: { summary: "which files of the tables it would open, without asking" },
    ...onBranch,
  },
  example: 'mill sql "select origin, avg(late) from departures group by 1 order by 2 desc limit 5"',
  output: answerOf("query"),
  handler: (call) =>
    withApi(call, async (api) => {
      const [query = ""] = call.arguments;
      if (call.options["explain"] === true) return explain(api, call, query);
      const result = await api.query({ body: { sql: query, maxRows: Number(call.options["limit"] ?? 1_000) } });
      call.out.result(result, ({ columns, rows, truncated }) => {
        const table = textTable(
          columns.map(({ name }) => name),
          rows.map((row) => row.map(cell)),
        );
        return truncated ? `${table}\n… there are more rows (--limit)` : table;
      });
      return 0;
    }),
};

/** Which files a question would open, as a table like any other answer. */
async function explain(api: ControlApi, call: CommandCall, query: string): Promise<number> {
  const { scans } = await api.explainQuery({ body: { sql: query } });
  const columns = [
    { name: "table", type: "string" },
    { name: "files", type: "int" },
    { name: "files_total", type: "int" },
    { name: "unpruned_because", type: "string" },
  ];
  const rows = scans.map((scan) => [scan.table, scan.files, scan.filesTotal, scan.unprunedBecause ?? null]);
  call.out.result({ columns, rows, truncated: false, scans }, () =>
    scans.length === 0
      ? "its tables are read as it stands: what they would open can't be told"
      : textTable(
          columns.map(({ name }) => name),
          rows.map((row) => row.map(cell)),
        ),
  );
  return 0;
}

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

export const lookCommands: readonly Command[] = [sql, status];
