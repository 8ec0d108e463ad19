import { route, type Route } from "@millwright/platform";
import Type from "typebox";
import type { CheckHistory } from "./check-history.ts";
import { validationErrors } from "./errors.ts";

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
      summary: "How each check ended when it last ran.",
      response: Type.Array(RecordSchema),
      handler: () => open().latest(),
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
        throw validationErrors.create("validation/unknown-checks", { because: `nothing is known of ${name}` });
      },
    }),
  ];
}
