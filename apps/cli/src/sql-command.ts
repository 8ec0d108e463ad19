import type { ControlApi } from "@millwright/client";
import { textTable, type Command, type CommandCall } from "@millwright/platform";
import { onBranch, withApi } from "./api.ts";
import { answerOf } from "./answer-schema.ts";
import { cell } from "./format.ts";
import { parametersFrom, type SqlParameters } from "./sql-parameters.ts";

export const sqlCommand: Command = {
  name: "sql",
  summary: "ask the tables",
  arguments: ["QUERY"],
  options: {
    param: {
      value: "[NAME[:TYPE]=]VALUE",
      repeats: true,
      summary: "a value for $1, $2 or each ? in order, or for $NAME; may be given more than once",
    },
    limit: { value: "ROWS", summary: "at most so many rows (1000)" },
    explain: { summary: "which files of the tables it would open, without asking" },
    ...onBranch,
  },
  example: 'mill sql "select origin, avg(late) from departures group by 1 order by 2 desc limit 5"',
  output: answerOf("query"),
  handler: (call) =>
    withApi(call, async (api) => {
      const [query = ""] = call.arguments;
      const parameters = parametersFrom(call.lists["param"] ?? []);
      const asked = { sql: query, ...(parameters === undefined ? {} : { parameters }) };
      if (call.options["explain"] === true) return explain(api, call, asked);
      const result = await api.query({ body: { ...asked, maxRows: Number(call.options["limit"] ?? 1_000) } });
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
async function explain(
  api: ControlApi,
  call: CommandCall,
  asked: { readonly sql: string; readonly parameters?: SqlParameters },
): Promise<number> {
  const { scans } = await api.explainQuery({ body: asked });
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
