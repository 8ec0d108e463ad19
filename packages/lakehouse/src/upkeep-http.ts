import { Type } from "@millwright/kernel";
import { route, type Route } from "@millwright/platform";
import { compactTable } from "./care/compact.ts";
import { removeDropped } from "./care/remove-dropped.ts";
import { removeOrphans } from "./care/remove-orphans.ts";
import { rewriteManifests } from "./care/rewrite-manifests.ts";
import type { CarePlaces } from "./care-http.ts";

const NameParameter = Type.Object({ name: Type.String({ minLength: 1 }) });
const DryRun = Type.Optional(Type.Boolean({ description: "Say what would be done, and change nothing." }));
const NullableId = Type.Union([Type.String(), Type.Null()]);
const DAY_MS = 86_400_000;

/** What keeps a table quick and small, over HTTP. */
export function upkeepRoutes(open: () => CarePlaces): readonly Route[] {
  return [
    route({
      id: "compactTable",
      path: "/api/v1/tables/:name/compact",
      summary: "Write small files, and those with many deleted rows, anew.",
      params: NameParameter,
      body: Type.Object({
        sort: Type.Optional(
          Type.Array(Type.String({ minLength: 1, maxLength: 300 }), {
            minItems: 1,
            maxItems: 100,
            description: "Columns, each perhaps with `desc`: rows of each new file are sorted so.",
          }),
        ),
        where: Type.Optional(
          Type.String({
            minLength: 1,
            maxLength: 10_000,
            description: "SQL: only files with a row for which it holds.",
          }),
        ),
        targetBytes: Type.Optional(
          Type.Integer({ minimum: 1, description: "How large a file is to be: unless told, 512 MB." }),
        ),
        minInputFiles: Type.Optional(
          Type.Integer({ minimum: 1, description: "So many of a partition together, or none: unless told, 5." }),
        ),
        all: Type.Optional(Type.Boolean({ description: "Every file, whatever its size." })),
        dryRun: DryRun,
      }),
      response: Type.Object(
        {
          filesBefore: Type.Integer(),
          filesAfter: Type.Integer(),
          bytesBefore: Type.Number(),
          bytesAfter: Type.Union([Type.Number(), Type.Null()]),
          deleteFiles: Type.Integer(),
          snapshotId: NullableId,
          isDryRun: Type.Boolean(),
        },
        { title: "Compacted" },
      ),
      handler: async ({ params: { name }, body: { dryRun = false, ...options } }) => {
        const places = open();
        const world = await places.world();
        return compactTable({ world, engine: places.engine() }, name, { ...options, isDryRun: dryRun });
      },
    }),
    route({
      id: "rewriteTableManifests",
      path: "/api/v1/tables/:name/rewrite-manifests",
      summary: "Write a table's manifests anew, the files of a partition side by side.",
      params: NameParameter,
      body: Type.Object({ dryRun: DryRun }),
      response: Type.Object(
        { before: Type.Integer(), after: Type.Integer(), snapshotId: NullableId, isDryRun: Type.Boolean() },
        { title: "RewrittenManifests" },
      ),
      handler: async ({ params: { name }, body: { dryRun = false } }) =>
        rewriteManifests(await open().world(), name, { isDryRun: dryRun }),
    }),
    route({
      id: "removeOrphanFiles",
      path: "/api/v1/tables/:name/remove-orphans",
      summary: "Delete the files of a table's folder that nothing leads to.",
      params: NameParameter,
      body: Type.Object({
        days: Type.Optional(
          Type.Number({
            minimum: 1,
            description: "Files older than so many days: unless told, 3. A writer may be about to commit younger ones.",
          }),
        ),
        dryRun: DryRun,
      }),
      response: Type.Object(
        {
          files: Type.Integer(),
          bytes: Type.Number(),
          paths: Type.Array(Type.String()),
          isDryRun: Type.Boolean(),
        },
        { title: "RemovedOrphans" },
      ),
      handler: async ({ params: { name }, body: { days = 3, dryRun = false } }) =>
        removeOrphans(await open().world(), name, { olderThanMs: days * DAY_MS, isDryRun: dryRun }),
    }),
    route({
      id: "removeDroppedTables",
      path: "/api/v1/dropped-tables/remove",
      summary: "Delete what tables that were dropped have left behind.",
      body: Type.Object({
        days: Type.Optional(Type.Number({ minimum: 1, description: "Files older than so many days: unless told, 7." })),
        dryRun: Type.Optional(
          Type.Boolean({ description: "Unless false, say what would be deleted, and delete nothing." }),
        ),
      }),
      response: Type.Object(
        {
          files: Type.Integer(),
          bytes: Type.Number(),
          folders: Type.Array(Type.Object({ folder: Type.String(), files: Type.Integer(), bytes: Type.Number() })),
          isDryRun: Type.Boolean(),
        },
        { title: "RemovedDropped" },
      ),
      handler: async ({ body: { days = 7, dryRun = true } }) =>
        removeDropped(await open().world(), { olderThanMs: days * DAY_MS, isDryRun: dryRun }),
    }),
  ];
}
