import type { BranchChange } from "@millwright/client";
import { textTable, type Command } from "@millwright/platform";
import { withApi } from "./api.ts";
import { answerOf } from "./answer-schema.ts";
import { count, when } from "./format.ts";

const list: Command = {
  name: "table branches",
  summary: "the branches beside main",
  arguments: [],
  options: {},
  example: "mill table branches",
  output: answerOf("listBranches"),
  handler: (call) =>
    withApi(call, async (api) => {
      call.out.result(await api.listBranches(), (branches) =>
        textTable(
          ["branch", "made"],
          branches.map(({ name, createdAtMs }) => [name, when(createdAtMs)]),
        ),
      );
      return 0;
    }),
};

const create: Command = {
  name: "table branch",
  summary: "make a branch: it begins as main is",
  arguments: ["BRANCH"],
  options: {},
  example: "mill table branch audit",
  output: answerOf("createBranch"),
  handler: (call) =>
    withApi(call, async (api) => {
      const made = await api.createBranch({ body: { name: call.arguments[0] ?? "" } });
      call.out.result(made, ({ name }) => `made ${name}; next: mill run --branch ${name}`);
      return 0;
    }),
};

const diff: Command = {
  name: "table diff",
  summary: "what a branch has changed, and whether it can be published",
  arguments: ["BRANCH"],
  options: {},
  example: "mill table diff audit",
  output: answerOf("showBranch"),
  handler: (call) =>
    withApi(call, async (api) => {
      const [branch = ""] = call.arguments;
      call.out.result(await api.showBranch({ branch }), ({ changes }) =>
        changes.length === 0 ? `${branch} is as it was taken from main` : changesTable(changes),
      );
      return 0;
    }),
};

const publish: Command = {
  name: "table publish",
  summary: "make main what a branch is, for all that the branch has changed, in one step",
  arguments: ["BRANCH"],
  options: { reason: { value: "TEXT", summary: "why; it is kept" } },
  example: 'mill table publish audit --reason "orders from March on"',
  output: answerOf("publishBranch"),
  handler: (call) =>
    withApi(call, async (api) => {
      const { reason } = call.options;
      const why = typeof reason === "string" ? { reason } : {};
      const published = await api.publishBranch({ branch: call.arguments[0] ?? "", ...why });
      call.out.result(published, publishedText);
      return 0;
    }),
};

const publications: Command = {
  name: "table publications",
  summary: "what was published from branches, when and why",
  arguments: [],
  options: {},
  example: "mill table publications",
  output: answerOf("listPublications"),
  handler: (call) =>
    withApi(call, async (api) => {
      call.out.result(await api.listPublications(), (all) =>
        textTable(
          ["when", "branch", "tables", "reason"],
          all.map(({ publishedAtMs, branch, changes, reason }) => [
            when(publishedAtMs),
            branch,
            changes.map(({ name }) => name).join(", "),
            reason,
          ]),
        ),
      );
      return 0;
    }),
};

const drop: Command = {
  name: "table drop-branch",
  summary: "forget a branch, and what was written to it alone",
  arguments: ["BRANCH"],
  options: {},
  example: "mill table drop-branch audit",
  output: answerOf("dropBranch"),
  handler: (call) =>
    withApi(call, async (api) => {
      call.out.result(await api.dropBranch({ branch: call.arguments[0] ?? "" }), ({ name }) => `dropped ${name}`);
      return 0;
    }),
};

/** What was published, and what is to be done about it. */
export function publishedText({ name, changes }: { readonly name: string; readonly changes: readonly BranchChange[] }) {
  if (changes.length === 0) return `${name} has changed nothing`;
  return `${changesTable(changes)}\npublished from ${name}; next: mill run, for what hangs on it`;
}

/** What lies on a branch, and what may be done with it. */
export function writtenText({ name, changes }: { readonly name: string; readonly changes: readonly BranchChange[] }) {
  if (changes.length === 0) return `${name} is as it was taken from main`;
  return `${changesTable(changes)}\nlook: mill sql --branch ${name} "…"; then: mill table publish ${name}, or mill table drop-branch ${name}`;
}

function changesTable(changes: readonly BranchChange[]): string {
  return textTable(
    ["table", "change", "rows on main", "rows on the branch", ""],
    changes.map(({ name, kind, rowsBefore, rowsAfter, isConflict }) => [
      name,
      kind,
      count(rowsBefore),
      kind === "removed" ? "" : count(rowsAfter),
      isConflict ? "main has changed it too" : "",
    ]),
  );
}

export const branchCommands: readonly Command[] = [list, create, diff, publish, publications, drop];
