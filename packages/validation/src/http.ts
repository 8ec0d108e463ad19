import { Type } from "@millwright/kernel";
import { route, type Route } from "@millwright/platform";
import type { CheckHistory } from "./check-history.ts";
import { validationErrors } from "./errors.ts";
import { checksPage, RUNS_SHOWN } from "./report.ts";

const RecordSchema = Type.Object(
  {
    name: Type.String({ description: "Of the checks, or of the model whose tests they are." }),
    table: Type.String(),
    check: Type.String(),
    severity: Type.Union([Type.Literal("error"), Type.Literal("warning")]),
    passed: Type.Boolean(),
    observed: Type.Number({ description: "Rows that failed; for a row count, the rows there were." }),
    expected: Type.String(),
    atMs: Type.Number(),
  },
  { title: "CheckRecord" },
);

/** How checks ended, over HTTP. */
export function checkRoutes(open: () => CheckHistory): readonly Route[] {
  return [
    route({
      id: "listChecks",
      path: "/api/v1/checks",
      summary: "How each check ended when it last ran, or the last few times.",
      query: Type.Object({
        runs: Type.Optional(
          Type.Integer({ minimum: 1, maximum: 1_000, description: "Of each so many runs; one unless told." }),
        ),
      }),
      response: Type.Array(RecordSchema),
      handler: ({ query: { runs = 1 } }) => open().recent({ runs }),
    }),
    route({
      id: "showChecksReport",
      path: "/api/v1/reports/checks",
      summary: "All checks, or those of a name or on a table, over their last runs: one HTML page that stands alone.",
      query: Type.Object({ name: Type.Optional(Type.String({ minLength: 1 })) }),
      response: Type.String(),
      contentType: "text/html",
      handler: async ({ query: { name } }) => {
        const records = await open().recent({ runs: RUNS_SHOWN, ...(name === undefined ? {} : { nameOrTable: name }) });
        if (name !== undefined && records.length === 0) throw unknown(name);
        return checksPage(records);
      },
    }),
    route({
      id: "showChecks",
      path: "/api/v1/checks/:name",
      summary: "How the checks of a name, or on a table, ended each time they ran, newest first.",
      params: Type.Object({ name: Type.String({ minLength: 1 }) }),
      query: Type.Object({ limit: Type.Integer({ default: 1_000, minimum: 1, maximum: 100_000 }) }),
      response: Type.Array(RecordSchema),
      handler: async ({ params: { name }, query: { limit } }) => {
        const records = await open().of(name, limit);
        if (records.length > 0) return records;
        throw unknown(name);
      },
    }),
  ];
}

function unknown(name: string): Error {
  return validationErrors.create("validation/unknown-checks", { because: `nothing is known of ${name}` });
}
