import { Type } from "@millwright/kernel";
import { route, type Route } from "@millwright/platform";
import { careForTable } from "./care/care-for-table.ts";
import { carePolicyOf } from "./care/care-policy.ts";
import { identifierNamed, tableNow } from "./care/table-named.ts";
import type { CarePlaces } from "./care-http.ts";

const NameParameter = Type.Object({ name: Type.String({ minLength: 1 }) });

const Actions = Type.Array(
  Type.Object({
    action: Type.Union([
      Type.Literal("compact"),
      Type.Literal("rewrite-manifests"),
      Type.Literal("expire"),
      Type.Literal("remove-orphans"),
    ]),
    outcome: Type.Union(
      [
        Type.Literal("done"),
        Type.Literal("would"),
        Type.Literal("nothing"),
        Type.Literal("off"),
        Type.Literal("left"),
        Type.Literal("failed"),
      ],
      { description: "`would`: in a dry run; `off`: by policy; `left`: something before it failed." },
    ),
    files: Type.Integer({ description: "Written anew, or deleted." }),
    bytes: Type.Number(),
    told: Type.String({ description: "What was done, or why nothing was." }),
  }),
);
const Care = Type.Object(
  { table: Type.String(), atMs: Type.Number(), isDryRun: Type.Boolean(), actions: Actions },
  { title: "TableCare" },
);
const Answer = Type.Union([Type.Literal(true), Type.String()]);

/** What a table's policy asks for, done or shown. */
export function policyRoutes(open: () => CarePlaces): readonly Route[] {
  return [
    route({
      id: "showTableCare",
      path: "/api/v1/tables/:name/care",
      summary: "What is done for a table by itself, and what was last done.",
      params: NameParameter,
      response: Type.Object(
        {
          policy: Type.Object(
            {
              compact: Answer,
              rewriteManifests: Answer,
              expire: Answer,
              removeOrphans: Answer,
            },
            { description: "true, or why it is not done." },
          ),
          last: Type.Union([Care, Type.Null()]),
        },
        { title: "TableCareState" },
      ),
      handler: async ({ params: { name } }) => {
        const places = open();
        const { metadata } = await tableNow(await places.world(), identifierNamed(name));
        const policy = carePolicyOf(metadata, places.defaults());
        const expire = typeof policy.expire === "string" ? policy.expire : (true as const);
        return { policy: { ...policy, expire }, last: (await places.careLog().last(name))?.care ?? null };
      },
    }),
    route({
      id: "careForTable",
      path: "/api/v1/tables/:name/care",
      summary: "Do for a table now what is done for it by itself.",
      params: NameParameter,
      body: Type.Object({
        dryRun: Type.Optional(Type.Boolean({ description: "Say what would be done, and change nothing." })),
      }),
      response: Care,
      handler: async ({ params: { name }, body: { dryRun = false } }) => {
        const places = open();
        const defaults = places.defaults();
        const own = { world: await places.world(), engine: places.engine() };
        const care = await careForTable(own, name, { defaults, isDryRun: dryRun });
        if (!dryRun) await places.careLog().record(care, { orphansAtMs: care.atMs });
        return care;
      },
    }),
  ];
}
