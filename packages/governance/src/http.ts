import { route, type Route } from "@millwright/platform";
import type { Lakehouse } from "@millwright/lakehouse";
import Type from "typebox";
import type { Lineage } from "./lineage.ts";

/** The lineage over HTTP: by a name, or by the id of one prediction. */
export function lineageRoutes(
  open: () => { readonly lineage: Lineage; readonly lakehouse: Pick<Lakehouse, "table" | "query"> },
): readonly Route[] {
  return [
    route({
      id: "showLineage",
      path: "/api/v1/lineage/:name",
      summary: "What something came from and what hangs on it.",
      params: Type.Object({ name: Type.String({ minLength: 1 }) }),
      response: Type.Object(
        {
          name: Type.String(),
          resolved: Type.String({ description: "For a prediction's id, the model version that made it." }),
          nodes: Type.Array(Type.String({ description: "`kind:name`" })),
          edges: Type.Array(Type.Object({ from: Type.String(), to: Type.String(), job: Type.String() })),
        },
        { title: "LineageGraph" },
      ),
      handler: async ({ params: { name } }) => {
        const { lineage, lakehouse } = open();
        const resolved = (await modelOfPrediction(lakehouse, name)) ?? name;
        return { name, resolved, ...(await lineage.around(resolved)) };
      },
    }),
  ];
}

/** A prediction's id leads to the model version that made it. */
async function modelOfPrediction(
  lakehouse: Pick<Lakehouse, "table" | "query">,
  id: string,
): Promise<string | undefined> {
  if (!/^[0-9a-f-]{36}/.test(id) || (await lakehouse.table("predictions")) === undefined) return undefined;
  const { rows } = await lakehouse.query(
    "select 'model:' || model || '/' || model_version from main.predictions where id = ?",
    { parameters: [id] },
  );
  const found = rows[0]?.[0];
  return typeof found === "string" ? found : undefined;
}
