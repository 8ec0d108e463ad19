import { createControlApi, type ControlApi, type QueryBody } from "@millwright/client";
import { Type } from "@millwright/kernel";
import { platformErrors, textTable, type Command, type CommandCall } from "@millwright/platform";
import { onBranch, withTransport } from "./api.ts";
import { answerOf } from "./answer-schema.ts";
import { cell, when } from "./format.ts";
import { interruptible } from "./interruption.ts";
import { formatAsked, WrittenRows, writeRows } from "./sql-output.ts";
import { parametersFrom } from "./sql-parameters.ts";

export const sqlCommand: Command = {
  name: "sql",
  summary: "ask the tables",
  arguments: ["[QUERY]"],
  options: {
    param: {
      value: "[NAME[:TYPE]=]VALUE",
      repeats: true,
      summary: "a value for $1, $2 or each ? in order, or for $NAME; may be given more than once",
    },
    format: { value: "FORMAT", summary: "arrow, csv, json, jsonl or parquet, in place of a table to read" },
    out: { value: "FILE", summary: "write the rows there, in the format that its suffix says" },
    limit: { value: "ROWS", summary: "at most so many rows (1000; with --format or --out: all)" },
    timeout: { value: "SECONDS", summary: "give up after so long" },
    memory: { value: "MB", summary: "use no more memory, in an engine of its own" },
    threads: { value: "COUNT", summary: "use no more threads, in an engine of its own" },
    explain: { summary: "which files of the tables it would open, without asking" },
    running: { summary: "the statements that are under way in `mill up`" },
    cancel: { value: "ID", summary: "cancel one of them" },
    ...onBranch,
  },
  example: 'mill sql "select origin, avg(late) from departures group by 1 order by 2 desc limit 5"',
  output: Type.Union([answerOf("query"), WrittenRows, answerOf("listQueries"), answerOf("cancelQuery")]),
  handler: (call) =>
    interruptible((signal) =>
      withTransport(call, { signal }, async (transport) => {
        const api = createControlApi(transport);
        const { running, cancel, explain } = call.options;
        if (running === true) return listRunning(api, call);
        if (typeof cancel === "string") return cancelOne(api, call, cancel);
        const body = questionOf(call);
        if (explain === true) return explainOne(api, call, body);
        const format = formatAsked(call.options);
        if (format !== undefined) return writeRows(transport, call, { body, format });
        return showRows(api, call, body);
      }),
    ),
};

function questionOf({ arguments: [sql], options, lists }: CommandCall): QueryBody {
  if (sql === undefined)
    throw platformErrors.create("platform/usage", {
      because: "QUERY is missing",
      remedy: '`mill sql --help` shows how. For instance: mill sql "select 1"',
    });
  const parameters = parametersFrom(lists["param"] ?? []);
  const limits = {
    ...numberOf(options, "timeout", (seconds) => ({ timeoutMs: Math.ceil(seconds * 1_000) })),
    ...numberOf(options, "memory", (memoryMb) => ({ memoryMb })),
    ...numberOf(options, "threads", (threads) => ({ threads })),
  };
  return {
    sql,
    ...(parameters === undefined ? {} : { parameters }),
    ...numberOf(options, "limit", (maxRows) => ({ maxRows })),
    ...(Object.keys(limits).length === 0 ? {} : { limits }),
  };
}

function numberOf<Part extends object>(
  options: CommandCall["options"],
  name: string,
  part: (value: number) => Part,
): Part | Record<never, never> {
  const given = options[name];
  if (given === undefined) return {};
  const value = Number(given);
  if (Number.isFinite(value) && value > 0) return part(value);
  throw platformErrors.create("platform/usage", { because: `--${name} ${given} is no number above 0` });
}

async function showRows(api: ControlApi, call: CommandCall, body: QueryBody): Promise<number> {
  const result = await api.query({ body });
  call.out.result(result, ({ columns, rows, truncated }) => {
    const table = textTable(
      columns.map(({ name }) => name),
      rows.map((row) => row.map(cell)),
    );
    return truncated ? `${table}\n… there are more rows (--limit)` : table;
  });
  return 0;
}

/** Which files a question would open, as a table like any other answer. */
async function explainOne(api: ControlApi, call: CommandCall, { sql, parameters }: QueryBody): Promise<number> {
  const { scans } = await api.explainQuery({ body: { sql, ...(parameters === undefined ? {} : { parameters }) } });
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

async function listRunning(api: ControlApi, call: CommandCall): Promise<number> {
  call.out.result(await api.listQueries(), (running) =>
    running.length === 0
      ? "nothing is under way"
      : textTable(
          ["id", "since", "branch", "statement"],
          running.map(({ id, startedAtMs, branch, sql }) => [id, when(startedAtMs), branch, sql.slice(0, 100)]),
        ),
  );
  return 0;
}

async function cancelOne(api: ControlApi, call: CommandCall, queryId: string): Promise<number> {
  call.out.result(await api.cancelQuery({ queryId }), ({ id }) => `cancelled ${id}`);
  return 0;
}
