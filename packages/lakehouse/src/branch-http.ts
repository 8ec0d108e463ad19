import { Type } from "@millwright/kernel";
import { route, type Route } from "@millwright/platform";
import { compareRows } from "./branch-rows.ts";
import { ColumnSchema } from "./result-schemas.ts";
import type { Lakehouse } from "./lakehouse.ts";
import type { BranchChange, Branches } from "./ports.ts";

const BranchSchema = Type.Object({ name: Type.String(), createdAtMs: Type.Number() }, { title: "Branch" });

const Rows = Type.Union([Type.Number(), Type.Null()]);

const BranchChangeSchema = Type.Object(
  {
    name: Type.String(),
    kind: Type.Union([Type.Literal("added"), Type.Literal("changed"), Type.Literal("removed")]),
    rowsBefore: Rows,
    rowsAfter: Rows,
    isConflict: Type.Boolean({ description: "Main has changed it too: the branch cannot be published." }),
  },
  { title: "BranchChange" },
);

export const BranchWithChanges = Type.Object(
  { name: Type.String(), changes: Type.Array(BranchChangeSchema) },
  { title: "BranchWithChanges" },
);

const NO_REASON = "no reason was given";

const PublicationSchema = Type.Object(
  {
    id: Type.String(),
    branch: Type.String(),
    reason: Type.String(),
    changes: Type.Array(BranchChangeSchema),
    publishedAtMs: Type.Number(),
  },
  { title: "Publication" },
);

const RowsOfOneSide = Type.Object({
  total: Type.Number(),
  rows: Type.Array(Type.Array(Type.Unknown()), { description: "Some of them." }),
});

const RowComparisonSchema = Type.Object(
  {
    columns: Type.Array(ColumnSchema, { description: "Those that both have: by them rows are equal or not." }),
    onlyOnBranch: RowsOfOneSide,
    onlyOnMain: RowsOfOneSide,
  },
  { title: "RowComparison" },
);

const BranchParameter = Type.Object({ branch: Type.String({ minLength: 1 }) });

export interface BranchPlaces {
  readonly branches: Branches;
  readonly main: Lakehouse;
  readonly tablesOf: (branch: string) => Promise<Lakehouse>;
  /** Is told what has changed on main, once it has. */
  readonly published: (branch: string, changes: readonly BranchChange[]) => Promise<void>;
  /** Is told which branch is gone, once it is. */
  readonly dropped: (branch: string) => Promise<void>;
}

/** The branches over HTTP. */
export function branchRoutes(open: () => BranchPlaces): readonly Route[] {
  return [
    route({
      id: "listBranches",
      path: "/api/v1/branches",
      summary: "The branches beside main.",
      response: Type.Array(BranchSchema),
      handler: () => open().branches.list(),
    }),
    route({
      id: "createBranch",
      path: "/api/v1/branches",
      summary: "Make a branch: it begins as main is.",
      body: Type.Object({ name: Type.String({ minLength: 1, maxLength: 64 }) }),
      response: BranchSchema,
      handler: ({ body: { name } }) => open().branches.create(name),
    }),
    route({
      id: "showBranch",
      path: "/api/v1/branches/:branch",
      summary: "What a branch has changed since it was taken from main.",
      params: BranchParameter,
      response: BranchWithChanges,
      handler: async ({ params: { branch } }) => ({ name: branch, changes: await open().branches.changes(branch) }),
    }),
    route({
      id: "compareBranchRows",
      path: "/api/v1/branches/:branch/tables/:name/rows",
      summary: "The rows of a table that a branch has and main has not, and the other way round.",
      params: Type.Object({ branch: Type.String({ minLength: 1 }), name: Type.String({ minLength: 1 }) }),
      response: RowComparisonSchema,
      handler: async ({ params: { branch, name } }) => {
        const { main, tablesOf } = open();
        return compareRows({ main, branch: await tablesOf(branch), name });
      },
    }),
    route({
      id: "publishBranch",
      method: "POST",
      path: "/api/v1/branches/:branch/publish",
      summary: "Make main what the branch is, for all that the branch has changed: all of it or nothing.",
      params: BranchParameter,
      query: Type.Object({
        reason: Type.String({ default: NO_REASON, maxLength: 1_000, description: "Why; it is kept." }),
      }),
      response: BranchWithChanges,
      handler: async ({ params: { branch }, query: { reason } }) => {
        const { branches, published } = open();
        const changes = await branches.publish(branch, reason);
        await published(branch, changes);
        return { name: branch, changes };
      },
    }),
    route({
      id: "listPublications",
      path: "/api/v1/publications",
      summary: "What was published from branches, when and why, the newest first.",
      query: Type.Object({ limit: Type.Integer({ minimum: 1, maximum: 1_000, default: 100 }) }),
      response: Type.Array(PublicationSchema),
      handler: ({ query: { limit } }) => open().branches.publications({ limit }),
    }),
    route({
      id: "dropBranch",
      method: "DELETE",
      path: "/api/v1/branches/:branch",
      summary: "Forget a branch, and what was written to it alone.",
      params: BranchParameter,
      response: Type.Object({ name: Type.String() }, { title: "BranchDropped" }),
      handler: async ({ params: { branch } }) => {
        const { branches, dropped } = open();
        await branches.drop(branch);
        await dropped(branch);
        return { name: branch };
      },
    }),
  ];
}
