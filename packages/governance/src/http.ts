import { Type } from "@millwright/kernel";
import { route, type Route } from "@millwright/platform";
import type { Lakehouse } from "@millwright/lakehouse";
import type { Lineage } from "./lineage.ts";

const ColumnSchema = Type.Object({ name: Type.String({ description: "`kind:name`" }), column: Type.String() });
const ColumnGraphSchema = Type.Object(
  {
    asked: Type.Array(ColumnSchema),
    edges: Type.Array(
      Type.Object({
        from: ColumnSchema,
        to: ColumnSchema,
        type: Type.Union([Type.Literal("DIRECT"), Type.Literal("INDIRECT")], {
          description:
            "Direct: the value comes from there. Indirect: it decides which rows there are, or how they meet.",
        }),
        kind: Type.Union([
          Type.Literal("IDENTITY"),
          Type.Literal("TRANSFORMATION"),
          Type.Literal("AGGREGATION"),
          Type.Literal("JOIN"),
          Type.Literal("GROUP_BY"),
          Type.Literal("FILTER"),
          Type.Literal("SORT"),
          Type.Literal("WINDOW"),
          Type.Literal("CONDITIONAL"),
        ]),
        job: Type.String({ description: "The step that made one from the other." }),
        because: Type.Union([Type.String(), Type.Null()], {
          description: "Why the step's columns could not be followed; then all columns of what it read are named.",
        }),
      }),
    ),
    restsOn: Type.Array(
      Type.Object({
        name: Type.String({ description: "`file:path`" }),
        column: Type.String({ description: "`*` stands for the file's rows." }),
        direct: Type.Boolean(),
      }),
      { description: "The columns of the sources' files." },
    ),
    unread: Type.Array(Type.Object({ job: Type.String(), because: Type.String() })),
  },
  { title: "ColumnLineage" },
);

/** The lineage over HTTP: by a name, or by the id of one prediction. */
export function lineageRoutes(
  open: () => { readonly lineage: Lineage; readonly lakehouse: Pick<Lakehouse, "table" | "query"> },
): readonly Route[] {
  return [
    route({
      id: "showLineage",
      path: "/api/v1/lineage/:name",
      summary: "What something came from and what hangs on it.",
      params: Type.Object({
        name: Type.String({ minLength: 1, description: "A name, `NAME.COLUMN`, or the id of a prediction." }),
      }),
      query: Type.Object({
        directOnly: Type.Optional(Type.Boolean({ description: "Columns only where a value comes from." })),
      }),
      response: Type.Object(
        {
          name: Type.String(),
          resolved: Type.String({ description: "For a prediction's id, the model version that made it." }),
          nodes: Type.Array(Type.String({ description: "`kind:name`" })),
          edges: Type.Array(Type.Object({ from: Type.String(), to: Type.String(), job: Type.String() })),
          columns: ColumnGraphSchema,
        },
        { title: "LineageGraph" },
      ),
      handler: async ({ params: { name }, query: { directOnly = false } }) => {
        const { lineage, lakehouse } = open();
        const prediction = await predictionOf(lakehouse, name);
        const resolved = prediction?.model ?? name;
        const columns = await lineage.columns({
          name: resolved,
          directOnly,
          ...(prediction === undefined ? {} : { atMs: prediction.atMs }),
        });
        return { name, resolved, ...(await lineage.around(resolved)), columns };
      },
    }),
  ];
}

/** A prediction's id leads to the model version that made it, and to the time. */
async function predictionOf(
  lakehouse: Pick<Lakehouse, "table" | "query">,
  id: string,
): Promise<{ readonly model: string; readonly atMs: number } | undefined> {
  if (!/^[0-9a-f-]{36}/.test(id) || (await lakehouse.table("predictions")) === undefined) return undefined;
  const { rows } = await lakehouse.query(
    "select 'model:' || model || '/' || model_version, epoch_ms(predicted_at) from main.predictions where id = ?",
    { parameters: [id] },
  );
  const [model, atMs] = rows[0] ?? [];
  return typeof model === "string" ? { model, atMs: Number(atMs) } : undefined;
}
