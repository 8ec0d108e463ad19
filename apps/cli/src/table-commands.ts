import { Type } from "@millwright/kernel";
import type { Snapshot, Table } from "@millwright/client";
import { textTable, type Command } from "@millwright/platform";
import { onBranch, withApi } from "./api.ts";
import type { TArray, TObject } from "typebox";
import { answerOf } from "./answer-schema.ts";
import { tableChanges } from "./table-changes-command.ts";
import { bytes, count, when } from "./format.ts";

const tableList: Command = {
  name: "table list",
  summary: "the tables and views",
  arguments: [],
  options: onBranch,
  example: "mill table list",
  output: answerOf("listTables"),
  handler: (call) =>
    withApi(call, async (api) => {
      const tables = await api.listTables();
      call.out.result(tables, (all) =>
        textTable(
          ["name", "kind", "rows", "size", "columns", "written"],
          all.map((table) => [
            table.name,
            table.kind,
            count(table.rowCount),
            bytes(table.bytes),
            String(table.columns.length),
            when(table.updatedAtMs),
          ]),
        ),
      );
      return 0;
    }),
};

const shown = answerOf("showTable") as TObject<{ table: TObject; history: TArray }>;

const tableShow: Command = {
  name: "table show",
  summary: "a table's columns and history",
  arguments: ["NAME"],
  options: onBranch,
  example: "mill table show departures",
  output: Type.Object({ ...shown.properties.table.properties, history: shown.properties.history }),
  handler: (call) =>
    withApi(call, async (api) => {
      const [name = ""] = call.arguments;
      const { table, history } = await api.showTable({ name });
      call.out.result({ ...table, history }, () =>
        [
          tableHead(table),
          textTable(
            ["column", "type", "about"],
            table.columns.map((column) => [column.name, column.type, column.doc ?? ""]),
          ),
          historyTable(history),
        ].join("\n\n"),
      );
      return 0;
    }),
};

function tableHead({ name, kind, rowCount, bytes: size, properties: { comment = "" } }: Table): string {
  const measured = kind === "view" ? "" : `, ${count(rowCount)} rows, ${bytes(size)}`;
  return [`${name}: ${kind}${measured}`, ...(comment === "" ? [] : [comment])].join("\n");
}

const tableHistory: Command = {
  name: "table history",
  summary: "a table's snapshots, oldest first",
  arguments: ["NAME"],
  options: onBranch,
  example: "mill table history departures",
  output: shown.properties.history,
  handler: (call) =>
    withApi(call, async (api) => {
      const { history } = await api.showTable({ name: call.arguments[0] ?? "" });
      call.out.result(history, historyTable);
      return 0;
    }),
};

function historyTable(history: readonly Snapshot[]): string {
  return textTable(
    ["snapshot", "operation", "rows", "committed"],
    history.map((snapshot) => [
      snapshot.snapshotId,
      snapshot.operation,
      count(snapshot.rowCount),
      when(snapshot.committedAtMs),
    ]),
  );
}

export const tableCommands: readonly Command[] = [tableList, tableShow, tableHistory, tableChanges];
