import { Type } from "@millwright/kernel";
import { route, type Route } from "@millwright/platform";
import { orchestrationErrors } from "./errors.ts";
import type { RunStore } from "./run-store.ts";

const ProblemSchema = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    code: Type.String(),
    remedy: Type.String(),
    where: Type.Optional(
      Type.Object({
        file: Type.Optional(Type.String()),
        line: Type.Optional(Type.Integer()),
        column: Type.Optional(Type.Integer()),
        row: Type.Optional(Type.Integer()),
        columnName: Type.Optional(Type.String()),
      }),
    ),
  },
  { title: "Problem" },
);

const TaskStateSchema = Type.Union(
  [
    Type.Literal("waiting"),
    Type.Literal("running"),
    Type.Literal("done"),
    Type.Literal("unchanged"),
    Type.Literal("warned"),
    Type.Literal("failed"),
    Type.Literal("blocked"),
    Type.Literal("cancelled"),
  ],
  { title: "TaskState" },
);

const FactsSchema = Type.Record(
  Type.String(),
  Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null()]),
  { title: "TaskFacts" },
);

const ProgressSchema = Type.Object(
  {
    message: Type.String(),
    done: Type.Optional(Type.Number()),
    total: Type.Optional(Type.Number()),
    unit: Type.Optional(Type.String()),
  },
  { title: "Progress" },
);

const taskFields = {
  id: Type.String(),
  kind: Type.String(),
  name: Type.String(),
  state: TaskStateSchema,
  startedAtMs: Type.Union([Type.Number(), Type.Null()]),
  tookMs: Type.Union([Type.Number(), Type.Null()]),
  message: Type.Union([Type.String(), Type.Null()]),
  facts: FactsSchema,
  error: Type.Union([ProblemSchema, Type.Null()]),
  progress: Type.Union([ProgressSchema, Type.Null()]),
} as const;

/** The fields of a task's report, for schemas that say more of it. */
export const TaskReportFields = taskFields;

const runFields = {
  runId: Type.String(),
  state: Type.Union([Type.Literal("running"), Type.Literal("done"), Type.Literal("failed"), Type.Literal("cancelled")]),
  trigger: Type.String(),
  branch: Type.String({ description: "Of the tables: `main`, or one beside it." }),
  startedAtMs: Type.Number(),
  endedAtMs: Type.Union([Type.Number(), Type.Null()]),
} as const;

export const RunSchema = Type.Object(runFields, { title: "Run" });

const TaskReportSchema = Type.Object(taskFields, { title: "TaskReport" });

export const RunReportSchema = Type.Object(
  { ...runFields, tasks: Type.Array(TaskReportSchema) },
  { title: "RunReport" },
);

/** The runs of the road over HTTP. */
export function runRoutes(open: () => Pick<RunStore, "list" | "run">): readonly Route[] {
  return [
    route({
      id: "listRuns",
      path: "/api/v1/runs",
      summary: "The runs of the road, on main and on branches, newest first.",
      query: Type.Object({
        limit: Type.Integer({ default: 50, minimum: 1, maximum: 500 }),
        before: Type.Optional(Type.String({ description: "The run after which the page begins." })),
      }),
      response: Type.Array(RunSchema),
      handler: ({ query: { limit, before } }) =>
        open().list({ limit, ofAllBranches: true, ...(before === undefined ? {} : { before }) }),
    }),
    route({
      id: "showRun",
      path: "/api/v1/runs/:runId",
      summary: "What became of each task in a run.",
      params: Type.Object({ runId: Type.String({ minLength: 1 }) }),
      response: RunReportSchema,
      handler: async ({ params: { runId } }) => {
        const report = await open().run(runId);
        if (report === undefined)
          throw orchestrationErrors.create("orchestration/unknown-run", { because: `there is no run ${runId}` });
        return report;
      },
    }),
  ];
}
