import { Type } from "@millwright/kernel";
import type { CheckRecord } from "@millwright/client";
import { textTable, type Command } from "@millwright/platform";
import { answerOf } from "./answer-schema.ts";
import { withApi } from "./api.ts";
import { count, when } from "./format.ts";
import { toldOfPage, writePage } from "./write-page.ts";

const list: Command = {
  name: "checks list",
  summary: "how each check ended when it last ran",
  arguments: [],
  options: {},
  example: "mill checks list",
  output: answerOf("listChecks"),
  handler: (call) =>
    withApi(call, async (api) => {
      call.out.result(await api.listChecks(), told);
      return 0;
    }),
};

const show: Command = {
  name: "checks show",
  summary: "how the checks of a name, or on a table, ended each time they ran",
  arguments: ["NAME"],
  options: { limit: { value: "RESULTS", summary: "at most so many, the newest (1000)" } },
  example: "mill checks show departures",
  output: answerOf("showChecks"),
  handler: (call) =>
    withApi(call, async (api) => {
      const limit = Number(call.options["limit"] ?? 1_000);
      call.out.result(await api.showChecks({ name: call.arguments[0] ?? "", limit }), told);
      return 0;
    }),
};

const report: Command = {
  name: "checks report",
  summary: "write all checks, or those of a name or on a table, over their last runs: an HTML file that stands alone",
  arguments: ["[NAME]"],
  options: { out: { value: "FILE", summary: "where to; unless told, checks.html in this folder" } },
  example: "mill checks report --out checks.html",
  output: Type.Object({ file: Type.String(), bytes: Type.Integer() }),
  handler: (call) =>
    withApi(call, async (api) => {
      const [name] = call.arguments;
      const page = await api.showChecksReport(name === undefined ? {} : { name });
      const written = await writePage(page, call.options["out"] ?? "checks.html");
      call.out.result(written, toldOfPage);
      return 0;
    }),
};

function told(records: readonly CheckRecord[]): string {
  return textTable(
    ["table", "check", "result", "failing", "expected", "when"],
    records.map(({ table, check, severity, passed, observed, expected, atMs }) => [
      table,
      check,
      passed ? "held" : severity === "error" ? "FAILED" : "warned",
      count(observed),
      expected.length > 60 ? `${expected.slice(0, 59)}…` : expected,
      when(atMs),
    ]),
  );
}

/** What checks found, now and before. */
export const checksCommands: readonly Command[] = [list, show, report];
