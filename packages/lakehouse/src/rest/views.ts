import { folderOf, keyOf, nameOf, type Identifier } from "../domain/iceberg/identifiers.ts";
import { parseExactJson } from "../domain/iceberg/exact-json.ts";
import { readSchema } from "../domain/iceberg/read-schema.ts";
import type { Requirement } from "../domain/iceberg/requirements.ts";
import { checkProperties, type TableUpdate } from "../domain/iceberg/table-updates.ts";
import { changedView, newView, type ViewMetadata, type ViewVersion } from "../domain/iceberg/view-metadata.ts";
import { icebergErrors } from "../iceberg-errors.ts";
import { locationOf } from "../table-files.ts";
import { publish } from "./commit-tables.ts";
import { putNew, requireFree } from "./tables.ts";
import { placesOf, writeMetadata, type CatalogWorld } from "./world.ts";
import { entryOfView } from "../view-entry.ts";

export interface LoadedView {
  readonly metadataLocation: string;
  readonly metadata: ViewMetadata;
}

export interface ViewRequest {
  readonly identifier: Identifier;
  readonly schema: unknown;
  readonly version: ViewVersion;
  readonly location: string | undefined;
  readonly properties: Readonly<Record<string, string>>;
}

const TRIES = 20;

/** Throws `iceberg/already-exists`. */
export async function createView(world: CatalogWorld, request: ViewRequest): Promise<LoadedView> {
  const { identifier, properties, version } = request;
  await requireFree(world, identifier, "View");
  const location = request.location ?? locationOf(world.store.locate(folderOf(identifier, world.ids().slice(0, 8))));
  placesOf(world).check(location);
  checkProperties(properties, placesOf(world));
  const metadata = newView({
    uuid: world.ids(),
    location: location.replace(/\/+$/, ""),
    schema: readSchema(request.schema),
    version,
    properties,
    nowMs: world.clock.nowMs(),
  });
  const prepared = await written(world, { identifier, expected: undefined, metadata });
  await putNew(world, { identifier, prepared, kind: "View" });
  return prepared;
}

async function written(
  world: CatalogWorld,
  told: { readonly identifier: Identifier; readonly expected: string | undefined; readonly metadata: ViewMetadata },
) {
  const { metadata, identifier, expected } = told;
  const { location, file } = await writeMetadata(world, metadata, { identifier, previousLocation: expected });
  const entry = {
    ...entryOfView(keyOf(identifier), { metadataLocation: location, metadata }),
    updatedAtMs: world.clock.nowMs(),
  };
  return { metadataLocation: location, metadata, change: { entry, expected }, files: [file] };
}

/** Where a view's metadata lies now. Throws `iceberg/no-such-view`. */
export async function locateView({ entries }: CatalogWorld, identifier: Identifier): Promise<string> {
  const entry = await entries.get(keyOf(identifier));
  const location = entry?.kind === "view" ? entry.metadataLocation : null;
  if (location !== null) return location;
  throw icebergErrors.create("iceberg/no-such-view", { because: `View does not exist: ${nameOf(identifier)}` });
}

async function loadView(world: CatalogWorld, identifier: Identifier): Promise<LoadedView> {
  const metadataLocation = await locateView(world, identifier);
  return { metadataLocation, metadata: await readView(world, metadataLocation) };
}

async function readView({ store }: CatalogWorld, location: string): Promise<ViewMetadata> {
  return parseExactJson(Buffer.from(await store.read(location)).toString()) as ViewMetadata;
}

/** Throws `iceberg/commit-failed`. */
export async function changeView(
  world: CatalogWorld,
  change: {
    readonly identifier: Identifier;
    readonly requirements: readonly Requirement[];
    readonly updates: readonly TableUpdate[];
  },
): Promise<LoadedView> {
  const { identifier, requirements, updates } = change;
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const base = await loadView(world, identifier);
    for (const requirement of requirements) checkRequirement(base.metadata, requirement);
    const metadata = changedView(base.metadata, updates, { nowMs: world.clock.nowMs(), places: placesOf(world) });
    const prepared = await written(world, { identifier, expected: base.metadataLocation, metadata });
    if ((await publish(world, [prepared])) === undefined) {
      await world.changed([keyOf(identifier)]);
      return prepared;
    }
  }
  throw icebergErrors.create("iceberg/commit-failed", {
    because: `Cannot commit: ${nameOf(identifier)} kept changing`,
  });
}

function checkRequirement(metadata: ViewMetadata, { type, uuid }: Requirement): void {
  if (type !== "assert-view-uuid")
    throw icebergErrors.create("iceberg/bad-request", {
      because: `Cannot convert update requirement from json. Unrecognized type: ${type.slice(0, 100)}`,
    });
  if (typeof uuid === "string" && uuid.toLowerCase() === metadata["view-uuid"].toLowerCase()) return;
  throw icebergErrors.create("iceberg/commit-failed", {
    because: `Requirement failed: view UUID does not match: expected ${metadata["view-uuid"]} != ${String(uuid)}`,
  });
}

export async function dropView(world: CatalogWorld, identifier: Identifier): Promise<void> {
  await locateView(world, identifier);
  await world.entries.remove(keyOf(identifier));
  await world.changed([keyOf(identifier)]);
}
