import { textOf, type Lakehouse } from "@millwright/lakehouse";
import { route, type Route } from "@millwright/platform";
import Type from "typebox";
import { monitorTable } from "./monitor.ts";

const RESULTS_MAX = 100_000;

/** Monitors' results over HTTP. */
export function monitoringRoutes(open: () => Lakehouse): readonly Route[] {
  return [
    route({
      id: "showMonitor",
      path: "/api/v1/monitors/:name",
      summary: "The stability index of each feature on each day.",
      params: Type.Object({ name: Type.String({ minLength: 1 }) }),
      response: Type.Object(
        {
          table: Type.String(),
          results: Type.Array(
            Type.Object({
              feature: Type.String(),
              day: Type.String({ description: "`all` where the rows have no time." }),
              rows: Type.Number(),
              missingRate: Type.Number(),
              psi: Type.Number(),
            }),
          ),
        },
        { title: "MonitorResults" },
      ),
      handler: async ({ params: { name } }) => {
        const table = monitorTable(name);
        if ((await open().table(table)) === undefined) return { table, results: [] };
        const { rows } = await open().query(
          `SELECT feature, coalesce(day::varchar, 'all'), rows, missing_rate, psi FROM ${open().relation(table)} ORDER BY feature, day`,
          { maxRows: RESULTS_MAX },
        );
        return {
          table,
          results: rows.map(([feature, day, count, missingRate, psi]) => ({
            feature: textOf(feature),
            day: textOf(day),
            rows: Number(count),
            missingRate: Number(missingRate),
            psi: Number(psi),
          })),
        };
      },
    }),
  ];
}
