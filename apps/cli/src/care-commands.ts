import type { Command } from "@millwright/platform";
import { onBranch, withApi } from "./api.ts";
import { answerOf } from "./answer-schema.ts";
import { bytes, count } from "./format.ts";
import { numbersIn } from "./number-options.ts";

const rollback: Command = {
  name: "table rollback",
  summary: "make a table what it was at a snapshot, a tag or a branch of its own",
  arguments: ["NAME", "SNAPSHOT"],
  options: onBranch,
  example: "mill table rollback orders before-import",
  output: answerOf("rollBackTable"),
  handler: (call) =>
    withApi(call, async (api) => {
      const [name = "", to = ""] = call.arguments;
      call.out.result(
        await api.rollBackTable({ name, body: { to } }),
        ({ snapshotId }) => `${name} is at ${snapshotId} again; next: mill run, for what hangs on it`,
      );
      return 0;
    }),
};

const tag: Command = {
  name: "table tag",
  summary: "give a snapshot a name, by which it is asked for and which keeps it",
  arguments: ["NAME", "TAG"],
  options: { ...onBranch, at: { value: "SNAPSHOT", summary: "which one, rather than the current" } },
  example: "mill table tag orders before-import",
  output: answerOf("tagTable"),
  handler: (call) =>
    withApi(call, async (api) => {
      const [name = "", given = ""] = call.arguments;
      const { at } = call.options;
      const body = { tag: given, ...(typeof at === "string" ? { at } : {}) };
      call.out.result(
        await api.tagTable({ name, body }),
        () => `look: mill sql "select count(*) from ${name} for version as of '${given}'"`,
      );
      return 0;
    }),
};

const dropTag: Command = {
  name: "table drop-tag",
  summary: "take a tag away; its snapshot stays until it is expired",
  arguments: ["NAME", "TAG"],
  options: onBranch,
  example: "mill table drop-tag orders before-import",
  output: answerOf("dropTableTag"),
  handler: (call) =>
    withApi(call, async (api) => {
      const [name = "", given = ""] = call.arguments;
      call.out.result(await api.dropTableTag({ name, tag: given }), (dropped) => `dropped ${dropped.tag}`);
      return 0;
    }),
};

const expire: Command = {
  name: "table expire",
  summary: "forget old snapshots, and delete the files that nothing leads to any more",
  arguments: ["NAME"],
  options: {
    ...onBranch,
    days: { value: "N", summary: "those older than so many days (default: as the table's properties say, else 5)" },
    keep: { value: "N", summary: "so many of each branch stay, however old (default: as its properties say, else 1)" },
    "dry-run": { summary: "say what would go, and change nothing" },
  },
  example: "mill table expire orders --days 30 --keep 10 --dry-run",
  output: answerOf("expireSnapshots"),
  handler: (call) =>
    withApi(call, async (api) => {
      const [name = ""] = call.arguments;
      const { days, keep, "dry-run": dryRun } = call.options;
      const body = { ...numbersIn({ days, keep }), dryRun: dryRun === true };
      call.out.result(
        await api.expireSnapshots({ name, body }),
        (expired) =>
          `${expired.isDryRun ? "would forget" : "forgot"} ${count(expired.snapshotIds.length)} snapshots of ${name} and ` +
          `${expired.isDryRun ? "delete" : "deleted"} ${count(expired.files)} files, ${bytes(expired.bytes)}`,
      );
      return 0;
    }),
};

const cherryPick: Command = {
  name: "table cherry-pick",
  summary: "put what one snapshot added upon a table as it now is",
  arguments: ["NAME", "SNAPSHOT"],
  options: onBranch,
  example: "mill table cherry-pick orders staged",
  output: answerOf("cherryPickSnapshot"),
  handler: (call) =>
    withApi(call, async (api) => {
      const [name = "", from = ""] = call.arguments;
      call.out.result(
        await api.cherryPickSnapshot({ name, body: { from } }),
        ({ snapshotId }) => `${name} is at ${snapshotId}; next: mill run, for what hangs on it`,
      );
      return 0;
    }),
};

const fastForward: Command = {
  name: "table fast-forward",
  summary: "move a branch of a table forward to a later state of its own line",
  arguments: ["NAME", "BRANCH", "SNAPSHOT"],
  options: onBranch,
  example: "mill table fast-forward orders main audited",
  output: answerOf("fastForwardTable"),
  handler: (call) =>
    withApi(call, async (api) => {
      const [name = "", branch = "", to = ""] = call.arguments;
      call.out.result(
        await api.fastForwardTable({ name, body: { branch, to } }),
        ({ snapshotId }) => `${branch} of ${name} is at ${snapshotId}`,
      );
      return 0;
    }),
};

export const careCommands: readonly Command[] = [rollback, cherryPick, fastForward, tag, dropTag, expire];
