import { Type } from "@millwright/kernel";
import { route, type Route } from "@millwright/platform";
import { ColumnSchema } from "./result-schemas.ts";
import type { Lakehouse } from "./lakehouse.ts";

const CHANGES_MAX = 10_000;
const Version = Type.String({ minLength: 1, maxLength: 200, description: "A snapshot, or a tag's or branch's name." });
const RowSchema = Type.Union([Type.Array(Type.Unknown()), Type.Null()], {
  description: "The values of the columns, in their order; null where that snapshot has no such row.",
});

const ChangesSchema = Type.Object(
  {
    table: Type.String(),
    fromSnapshotId: Type.Union([Type.String(), Type.Null()], { description: "Null: before the first snapshot." }),
    toSnapshotId: Type.String(),
    keys: Type.Array(Type.String(), {
      description: "The columns by which a row is the same one before and after. Without any, none is updated.",
    }),
    columns: Type.Array(ColumnSchema),
    inserted: Type.Integer(),
    deleted: Type.Integer(),
    updated: Type.Integer(),
    changes: Type.Array(
      Type.Object({
        kind: Type.Union([Type.Literal("inserted"), Type.Literal("deleted"), Type.Literal("updated")]),
        before: RowSchema,
        after: RowSchema,
      }),
      { description: "In the order of the keys." },
    ),
    truncated: Type.Boolean({ description: "There were more changes than were asked for." }),
  },
  { title: "TableChanges" },
);

/** What changed between two snapshots of a table over HTTP, of main or of a branch. */
export function tableChangesRoutes(open: (branch?: string) => Promise<Lakehouse>): readonly Route[] {
  return [
    route({
      id: "showChanges",
      path: "/api/v1/tables/:name/changes",
      summary: "The rows that differ between two snapshots of a table.",
      params: Type.Object({ name: Type.String({ minLength: 1 }) }),
      query: Type.Object({
        from: Type.Optional(Version),
        to: Type.Optional(Version),
        keys: Type.Optional(
          Type.String({
            maxLength: 10_000,
            description: "Columns, with commas between; unless told, the table's identifier fields.",
          }),
        ),
        limit: Type.Integer({ default: 100, minimum: 1, maximum: CHANGES_MAX }),
        branch: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
      }),
      response: ChangesSchema,
      handler: async ({ params: { name }, query: { from, to, keys, limit, branch } }) => {
        const lakehouse = await open(branch);
        return lakehouse.changes(name, { from, to, limit, keys: keys?.split(",").filter(Boolean) });
      },
    }),
  ];
}
