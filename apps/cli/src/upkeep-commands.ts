import type { Command } from "@millwright/platform";
import { answerOf } from "./answer-schema.ts";
import { onBranch, withApi } from "./api.ts";
import { bytes, count } from "./format.ts";
import { numbersIn } from "./number-options.ts";

const dryRunOption = { "dry-run": { summary: "say what would be done, and change nothing" } } as const;
const MEGABYTE = 1_000_000;

const compact: Command = {
  name: "table compact",
  summary: "write a table's small files, and those with many deleted rows, anew",
  arguments: ["NAME"],
  options: {
    ...onBranch,
    sort: { value: "COLUMNS", summary: "sort each new file's rows: region,day desc" },
    where: { value: "SQL", summary: "only files with a row for which it holds" },
    "target-mb": {
      value: "N",
      summary: "how large a file is to be (default: as the table's properties say, else 537)",
    },
    "min-files": { value: "N", summary: "so many of a partition together, or none (default 5)" },
    all: { summary: "every file, whatever its size" },
    ...dryRunOption,
  },
  example: "mill table compact orders --sort region --dry-run",
  output: answerOf("compactTable"),
  handler: (call) =>
    withApi(call, async (api) => {
      const [name = ""] = call.arguments;
      const { sort, where, all, "dry-run": dryRun } = call.options;
      const numbers = numbersIn({ "target-mb": call.options["target-mb"], "min-files": call.options["min-files"] });
      const { "target-mb": targetMb, "min-files": minInputFiles } = numbers;
      const body = {
        ...(typeof sort === "string" ? { sort: sort.split(",") } : {}),
        ...(typeof where === "string" ? { where } : {}),
        ...(targetMb === undefined ? {} : { targetBytes: Math.round(targetMb * MEGABYTE) }),
        ...(minInputFiles === undefined ? {} : { minInputFiles }),
        all: all === true,
        dryRun: dryRun === true,
      };
      call.out.result(
        await api.compactTable({ name, body }),
        ({ filesBefore, filesAfter, bytesBefore, bytesAfter, isDryRun }) =>
          filesBefore === 0
            ? `no file of ${name} is to be written anew`
            : `${isDryRun ? "would write" : "wrote"} ${count(filesBefore)} files of ${name}, ${bytes(bytesBefore)}, ` +
              `as ${count(filesAfter)}${bytesAfter === null ? "" : `, ${bytes(bytesAfter)}`}`,
      );
      return 0;
    }),
};

const rewriteManifests: Command = {
  name: "table rewrite-manifests",
  summary: "write a table's manifests anew, the files of a partition side by side",
  arguments: ["NAME"],
  options: { ...onBranch, ...dryRunOption },
  example: "mill table rewrite-manifests orders",
  output: answerOf("rewriteTableManifests"),
  handler: (call) =>
    withApi(call, async (api) => {
      const [name = ""] = call.arguments;
      const body = { dryRun: call.options["dry-run"] === true };
      call.out.result(await api.rewriteTableManifests({ name, body }), ({ before, after, isDryRun }) =>
        before === after
          ? `the ${count(before)} manifests of ${name} stay`
          : `${isDryRun ? "would write" : "wrote"} ${count(before)} manifests of ${name} as ${count(after)}`,
      );
      return 0;
    }),
};

const removeOrphans: Command = {
  name: "table remove-orphans",
  summary: "delete the files of a table's folder that nothing leads to",
  arguments: ["NAME"],
  options: {
    ...onBranch,
    days: { value: "N", summary: "those older than so many days (default 3, at least 1)" },
    ...dryRunOption,
  },
  example: "mill table remove-orphans orders --dry-run",
  output: answerOf("removeOrphanFiles"),
  handler: (call) =>
    withApi(call, async (api) => {
      const [name = ""] = call.arguments;
      const { days, "dry-run": dryRun } = call.options;
      const removed = await api.removeOrphanFiles({ name, body: { ...numbersIn({ days }), dryRun: dryRun === true } });
      call.out.result(removed, ({ files, bytes: size, isDryRun }) =>
        [
          `${isDryRun ? "would delete" : "deleted"} ${count(files)} files of ${name} that nothing leads to, ${bytes(size)}`,
          ...removed.paths.slice(0, 10).map((path) => `  ${path}`),
        ].join("\n"),
      );
      return 0;
    }),
};

const removeDropped: Command = {
  name: "table remove-dropped",
  summary: "show what tables that were dropped have left behind, and delete it",
  arguments: [],
  options: {
    days: { value: "N", summary: "files older than so many days (default 7, at least 1)" },
    delete: { summary: "delete it: otherwise it is only shown" },
  },
  example: "mill table remove-dropped --days 30",
  output: answerOf("removeDroppedTables"),
  handler: (call) =>
    withApi(call, async (api) => {
      const { days, delete: deletes } = call.options;
      const removed = await api.removeDroppedTables({ body: { ...numbersIn({ days }), dryRun: deletes !== true } });
      call.out.result(removed, ({ files, bytes: size, folders, isDryRun }) =>
        [
          `${isDryRun ? "would delete" : "deleted"} ${count(files)} files that dropped tables have left, ${bytes(size)}`,
          ...folders.slice(0, 10).map((one) => `  ${one.folder}  ${count(one.files)} files, ${bytes(one.bytes)}`),
        ].join("\n"),
      );
      return 0;
    }),
};

const care: Command = {
  name: "table care",
  summary: "do for a table now what is done for it by itself: compaction, manifests, expiry, orphans",
  arguments: ["NAME"],
  options: { ...onBranch, ...dryRunOption },
  example: "mill table care orders --dry-run",
  output: answerOf("careForTable"),
  handler: (call) =>
    withApi(call, async (api) => {
      const [name = ""] = call.arguments;
      const done = await api.careForTable({ name, body: { dryRun: call.options["dry-run"] === true } });
      call.out.result(done, ({ actions }) =>
        actions.map(({ action, outcome, told }) => `${action.padEnd(17)} ${outcome.padEnd(8)} ${told}`).join("\n"),
      );
      return done.actions.some(({ outcome }) => outcome === "failed") ? 1 : 0;
    }),
};

export const upkeepCommands: readonly Command[] = [care, compact, rewriteManifests, removeOrphans, removeDropped];
