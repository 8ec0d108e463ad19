import type { LineageGraph } from "@millwright/client";
import type { Command } from "@millwright/platform";
import { answerOf } from "./answer-schema.ts";
import { onBranch, withApi } from "./api.ts";

type Columns = LineageGraph["columns"];
type ColumnName = Columns["asked"][number];

export const lineage: Command = {
  name: "lineage",
  summary: "what something came from, and what hangs on it: a name, NAME.COLUMN, or the id of a prediction",
  arguments: ["NAME"],
  options: {
    direct: { summary: "columns only where a value comes from, without what decides which rows there are" },
    ...onBranch,
  },
  example: "mill lineage departures.late",
  output: answerOf("showLineage"),
  handler: (call) =>
    withApi(call, async (api) => {
      const directOnly = call.options["direct"] === true;
      const graph = await api.showLineage({ name: call.arguments[0] ?? "", ...(directOnly ? { directOnly } : {}) });
      call.out.result(graph, shown);
      return 0;
    }),
};

function shown({ edges, columns, name, resolved }: LineageGraph): string {
  const [first] = columns.asked;
  const isColumn = columns.asked.length > 0 && columns.asked.every(({ column }) => column === first?.column);
  const lines = isColumn && name === resolved ? columnLines(columns) : edges.map(({ from, to }) => `${from} → ${to}`);
  return [...new Set([...lines, ...fileLines(columns), ...unreadLines(columns)])].join("\n");
}

function columnLines({ edges }: Columns): readonly string[] {
  return edges.map(({ from, to, type, kind }) => {
    const how = kind.toLowerCase().replaceAll("_", " ");
    return `${told(from)} → ${told(to)}  (${type === "DIRECT" ? how : `by ${how}`})`;
  });
}

function fileLines({ restsOn }: Columns): readonly string[] {
  if (restsOn.length === 0) return [];
  const columns = restsOn.map((file) => `  ${told(file)}${file.direct ? "" : "  (not its value)"}`);
  return ["", "rests on", ...columns];
}

function unreadLines({ unread }: Columns): readonly string[] {
  return unread.map(({ job, because }) => `not followed, so that all columns are named: ${job}: ${because}`);
}

function told({ name, column }: ColumnName): string {
  return column === "*" ? `the rows of ${name}` : `${name}.${column}`;
}
