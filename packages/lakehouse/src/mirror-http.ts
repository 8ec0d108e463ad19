import { Type } from "@millwright/kernel";
import { route, type Route } from "@millwright/platform";
import { checkIdentifier, keyOf } from "./domain/iceberg/identifiers.ts";
import { lakehouseErrors } from "./errors.ts";
import { commitTables } from "./rest/commit-tables.ts";
import { locateTable } from "./rest/tables.ts";
import type { CatalogWorld } from "./rest/world.ts";
import { identifierNamed } from "./care/table-named.ts";
import { readMetadata } from "./table-files.ts";
import {
  formatsOf,
  MIRROR_FORMATS,
  MIRRORS_PROPERTY,
  type MirrorFormatName,
  type Mirrors,
  type MirrorStatus,
} from "./mirrors/mirrors.ts";

const Format = Type.Union([Type.Literal("delta"), Type.Literal("hudi")]);

const MirrorSchema = Type.Object(
  {
    table: Type.String(),
    format: Format,
    location: Type.String({ description: "The folder to give to a reader of the format." }),
    version: Type.Union([Type.String(), Type.Null()], {
      description: "As the format counts: a Delta version, a Hudi instant. Null before the first.",
    }),
    snapshotId: Type.Union([Type.String(), Type.Null()], { description: "The snapshot that it shows." }),
    isCurrent: Type.Boolean(),
    snapshotsBehind: Type.Integer({ description: "How many snapshots the table has had since." }),
    behindSinceMs: Type.Union([Type.Number(), Type.Null()]),
    refused: Type.Union([Type.String(), Type.Null()], {
      description: "What the table has that the format cannot hold.",
    }),
  },
  { title: "Mirror" },
);

const NameParameter = Type.Object({ name: Type.String({ minLength: 1 }) });

export interface MirrorPlaces {
  world(): Promise<CatalogWorld>;
  readonly mirrors: Mirrors;
}

/** The mirrors of tables in other formats over HTTP. */
export function mirrorRoutes(open: () => MirrorPlaces): readonly Route[] {
  return [
    route({
      id: "listMirrors",
      path: "/api/v1/mirrors",
      summary: "The mirrors of tables in other formats, and how far each has followed its table.",
      query: Type.Object({ table: Type.Optional(Type.String({ minLength: 1, description: "Of this table alone." })) }),
      response: Type.Array(MirrorSchema),
      handler: ({ query: { table } }) => open().mirrors.status(table === undefined ? undefined : keyNamed(table)),
    }),
    route({
      id: "addMirror",
      path: "/api/v1/tables/:name/mirrors",
      summary: "Mirror a table in another format, from now on after each commit.",
      params: NameParameter,
      body: Type.Object({ format: Format }),
      response: MirrorSchema,
      handler: async ({ params: { name }, body: { format } }) => addMirror(open(), name, format),
    }),
    route({
      id: "dropMirror",
      method: "DELETE",
      path: "/api/v1/tables/:name/mirrors/:format",
      summary: "Mirror a table in a format no longer, and take the mirror away; the table is as it was.",
      params: Type.Object({ name: Type.String({ minLength: 1 }), format: Format }),
      response: Type.Object({ table: Type.String(), format: Format }, { title: "MirrorDropped" }),
      handler: async ({ params: { name, format } }) => {
        await dropMirror(open(), name, format);
        return { table: name, format };
      },
    }),
  ];
}

function keyNamed(name: string): string {
  return keyOf(checkIdentifier(identifierNamed(name)));
}

async function addMirror(places: MirrorPlaces, name: string, format: MirrorFormatName): Promise<MirrorStatus> {
  const key = keyNamed(name);
  await places.mirrors.requireHeld(key, format);
  await setFormats(places, name, (formats) => [...formats, format]);
  const status = (await places.mirrors.status(key)).find((one) => one.format === format);
  if (status === undefined) throw unknownMirror(name, format);
  return status;
}

async function dropMirror(places: MirrorPlaces, name: string, format: MirrorFormatName): Promise<void> {
  const before = await setFormats(places, name, (formats) => formats.filter((one) => one !== format));
  if (!before.includes(format)) throw unknownMirror(name, format);
}

function unknownMirror(name: string, format: MirrorFormatName): Error {
  return lakehouseErrors.create("lakehouse/unknown-mirror", { because: `${name} is not mirrored as ${format}` });
}

/** Changes the table's property, which its mirrors follow by. Gives the formats of before. */
async function setFormats(
  places: MirrorPlaces,
  name: string,
  change: (formats: readonly MirrorFormatName[]) => readonly MirrorFormatName[],
): Promise<readonly MirrorFormatName[]> {
  const world = await places.world();
  const identifier = checkIdentifier(identifierNamed(name));
  const metadata = await readMetadata(world.store, await locateTable(world, identifier));
  const before = formatsOf(metadata);
  const wanted = new Set(change(before));
  const value = MIRROR_FORMATS.filter((format) => wanted.has(format)).join(",");
  if (value === before.join(",")) return before;
  await commitTables(world, [
    {
      identifier,
      requirements: [{ type: "assert-table-uuid", uuid: metadata["table-uuid"] }],
      updates: [
        value === ""
          ? { action: "remove-properties", removals: [MIRRORS_PROPERTY] }
          : { action: "set-properties", updates: { [MIRRORS_PROPERTY]: value } },
      ],
    },
  ]);
  return before;
}
