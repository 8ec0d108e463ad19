import { Type } from "@millwright/kernel";
import { route, type Route } from "@millwright/platform";
import type { SqlEngine } from "./ports.ts";
import type { CatalogWorld } from "./rest/world.ts";
import { expireSnapshots } from "./care/expire.ts";
import { cherryPick, fastForward } from "./care/cherry-pick.ts";
import type { CareDefaults } from "./care/care-policy.ts";
import type { CareLog } from "./care/caretaking.ts";
import { policyRoutes } from "./table-care-http.ts";
import { upkeepRoutes } from "./upkeep-http.ts";
import { dropTag, rollBack, tagSnapshot } from "./care/references.ts";

const NameParameter = Type.Object({ name: Type.String({ minLength: 1 }) });
const Version = Type.String({ minLength: 1, maxLength: 200, description: "A snapshot, or a tag's or branch's name." });
const SnapshotName = Type.Object({ snapshotId: Type.String() }, { title: "SnapshotName" });
const DAY_MS = 86_400_000;

const DryRun = Type.Optional(Type.Boolean({ description: "Say what would be done, and change nothing." }));

export interface CarePlaces {
  /** The tables of the branch that is open here. */
  world(): Promise<CatalogWorld>;
  /** Reads and writes their rows. */
  engine(): SqlEngine;
  /** What is done for tables by itself, unless one says otherwise. */
  defaults(): CareDefaults;
  careLog(): CareLog;
}

/** The care of tables over HTTP. */
export function tableCareRoutes(open: () => CarePlaces): readonly Route[] {
  return [
    route({
      id: "rollBackTable",
      path: "/api/v1/tables/:name/rollback",
      summary: "Make a table what it was at a snapshot; the states since stay.",
      params: NameParameter,
      body: Type.Object({ to: Version }),
      response: SnapshotName,
      handler: async ({ params: { name }, body: { to } }) => rollBack(await open().world(), name, to),
    }),
    route({
      id: "tagTable",
      path: "/api/v1/tables/:name/tags",
      summary: "Give a snapshot a name, which keeps it.",
      params: NameParameter,
      body: Type.Object({ tag: Type.String({ minLength: 1, maxLength: 200 }), at: Type.Optional(Version) }),
      response: SnapshotName,
      handler: async ({ params: { name }, body: { tag, at } }) =>
        tagSnapshot(await open().world(), name, { tag, version: at }),
    }),
    route({
      id: "dropTableTag",
      method: "DELETE",
      path: "/api/v1/tables/:name/tags/:tag",
      summary: "Take a tag away.",
      params: Type.Object({ name: Type.String({ minLength: 1 }), tag: Type.String({ minLength: 1 }) }),
      response: Type.Object({ tag: Type.String() }, { title: "TagDropped" }),
      handler: async ({ params: { name, tag } }) => {
        await dropTag(await open().world(), name, tag);
        return { tag };
      },
    }),
    route({
      id: "expireSnapshots",
      path: "/api/v1/tables/:name/expire",
      summary: "Forget old snapshots and delete the files that nothing leads to any more.",
      params: NameParameter,
      body: Type.Object({
        days: Type.Optional(
          Type.Number({
            minimum: 0,
            description:
              "Snapshots older than so many days go; unless told, what the table's history.expire.max-snapshot-age-ms says, else 5.",
          }),
        ),
        keep: Type.Optional(Type.Integer({ minimum: 1, description: "So many of each branch stay." })),
        dryRun: DryRun,
      }),
      response: Type.Object(
        {
          snapshotIds: Type.Array(Type.String()),
          files: Type.Integer(),
          bytes: Type.Number(),
          isDryRun: Type.Boolean(),
        },
        { title: "Expired" },
      ),
      handler: async ({ params: { name }, body: { days, keep, dryRun = false } }) => {
        const maxAgeMs = days === undefined ? undefined : days * DAY_MS;
        return expireSnapshots(await open().world(), name, { maxAgeMs, keep, isDryRun: dryRun });
      },
    }),
    route({
      id: "cherryPickSnapshot",
      path: "/api/v1/tables/:name/cherry-pick",
      summary: "Put what one snapshot added upon a table as it now is.",
      params: NameParameter,
      body: Type.Object({ from: Version }),
      response: SnapshotName,
      handler: async ({ params: { name }, body: { from } }) => cherryPick(await open().world(), name, from),
    }),
    route({
      id: "fastForwardTable",
      path: "/api/v1/tables/:name/fast-forward",
      summary: "Move a branch of a table forward to a later state of its own line.",
      params: NameParameter,
      body: Type.Object({ branch: Type.String({ minLength: 1, maxLength: 200 }), to: Version }),
      response: SnapshotName,
      handler: async ({ params: { name }, body }) => fastForward(await open().world(), name, body),
    }),
    ...upkeepRoutes(open),
    ...policyRoutes(open),
  ];
}
