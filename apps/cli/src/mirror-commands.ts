import { Type } from "@millwright/kernel";
import type { Mirror } from "@millwright/client";
import { platformErrors, textTable, type Command } from "@millwright/platform";
import { answerOf } from "./answer-schema.ts";
import { withApi } from "./api.ts";
import { count, when } from "./format.ts";

const mirrors: Command = {
  name: "table mirrors",
  summary: "the mirrors of tables as Delta and Hudi, and how far each has followed",
  arguments: [],
  options: {},
  example: "mill table mirrors",
  output: answerOf("listMirrors"),
  handler: (call) =>
    withApi(call, async (api) => {
      call.out.result(await api.listMirrors(), (all) =>
        all.length === 0
          ? "no table is mirrored; `mill table mirror NAME --as delta` begins one"
          : [table(all), ...all.filter(({ refused }) => refused !== null).map(refusal)].join("\n"),
      );
      return 0;
    }),
};

const mirror: Command = {
  name: "table mirror",
  summary: "show a table as Delta or Hudi too, over the same data files; it follows each commit",
  arguments: ["NAME"],
  options: {
    as: { value: "FORMAT", summary: "delta or hudi" },
    drop: { summary: "no longer, and take the mirror away" },
  },
  example: "mill table mirror departures --as delta",
  output: Type.Union([answerOf("addMirror"), answerOf("dropMirror")]),
  handler: (call) =>
    withApi(call, async (api) => {
      const [name = ""] = call.arguments;
      const format = formatIn(call.options["as"]);
      if (call.options["drop"] === true) {
        call.out.result(await api.dropMirror({ name, format }), () => `${name} is mirrored as ${format} no longer`);
        return 0;
      }
      call.out.result(await api.addMirror({ name, body: { format } }), (added) =>
        added.isCurrent
          ? `${name} as ${format}: ${added.location}`
          : `${name} as ${format} has not followed yet; \`mill table mirrors\` tells, and \`mill logs\` why`,
      );
      return 0;
    }),
};

function table(all: readonly Mirror[]): string {
  return textTable(
    ["table", "format", "behind", "since", "snapshot", "folder"],
    all.map((one) => [
      one.table,
      one.format,
      one.isCurrent ? "no" : `${count(one.snapshotsBehind)} snapshots`,
      one.behindSinceMs === null ? "" : when(one.behindSinceMs),
      one.snapshotId ?? "none",
      one.location,
    ]),
  );
}

function refusal({ table: name, format, refused }: Mirror): string {
  return `${name} as ${format}: ${refused ?? ""}`;
}

function formatIn(value: string | boolean | undefined): "delta" | "hudi" {
  if (value === "delta" || value === "hudi") return value;
  throw platformErrors.create("platform/usage", { because: "--as is delta or hudi" });
}

export const mirrorCommands: readonly Command[] = [mirrors, mirror];
