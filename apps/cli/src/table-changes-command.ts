import { textTable, type Command } from "@millwright/platform";
import { onBranch, withApi } from "./api.ts";
import { answerOf } from "./answer-schema.ts";
import { cell, count, numberOption } from "./format.ts";

/** What one change is shown as: a row, or of an update the row before and the row after. */
const SIGNS = {
  inserted: [["+", "after"]],
  deleted: [["-", "before"]],
  updated: [
    ["<", "before"],
    [">", "after"],
  ],
} as const;

export const tableChanges: Command = {
  name: "table changes",
  summary: "the rows that differ between two snapshots of a table",
  arguments: ["NAME"],
  options: {
    ...onBranch,
    from: { value: "SNAPSHOT", summary: "a snapshot, tag or branch (the one before --to)" },
    to: { value: "SNAPSHOT", summary: "the later one (the current)" },
    keys: { value: "COLUMNS", summary: "by which a row is the same one before and after (the identifier fields)" },
    limit: { value: "ROWS", summary: "at most so many changes (100)" },
  },
  example: "mill table changes orders --from before-import --keys order_id",
  output: answerOf("showChanges"),
  handler: (call) =>
    withApi(call, async (api) => {
      const [name = ""] = call.arguments;
      const { from, to, keys, limit } = call.options;
      const query = {
        limit: numberOption("limit", limit) ?? 100,
        ...(typeof from === "string" ? { from } : {}),
        ...(typeof to === "string" ? { to } : {}),
        ...(typeof keys === "string" ? { keys } : {}),
      };
      call.out.result(await api.showChanges({ name, ...query }), (found) => {
        const rows = found.changes.flatMap((change) =>
          SIGNS[change.kind].map(([sign, side]) => [sign, ...(change[side] ?? []).map(cell)]),
        );
        const total = `${count(found.inserted)} inserted, ${count(found.deleted)} deleted, ${count(found.updated)} updated`;
        if (rows.length === 0) return total;
        const table = textTable(["", ...found.columns.map((column) => column.name)], rows);
        return `${table}\n${total}${found.truncated ? "; there are more (--limit)" : ""}`;
      });
      return 0;
    }),
};
