import {
  folderOf,
  keyOf,
  nameOf,
  namespaceKey,
  type Identifier,
  type Namespace,
} from "../domain/iceberg/identifiers.ts";
import type { IcebergMetadata, SortOrder } from "../domain/iceberg/metadata.ts";
import type { UnboundPartitionField } from "../domain/iceberg/partitioning.ts";
import { readSchema } from "../domain/iceberg/read-schema.ts";
import { withFreshIds } from "../domain/iceberg/schema.ts";
import { FORMAT_VERSION_MAX, newTable } from "../domain/iceberg/table-draft.ts";
import { checkProperties } from "../domain/iceberg/table-updates.ts";
import { icebergErrors } from "../iceberg-errors.ts";
import { locationOf } from "../table-files.ts";
import type { CatalogEntry } from "../ports.ts";
import { publish, tableEntry, tableLocation, written, type LoadedTable } from "./commit-tables.ts";
import { loadNamespace } from "./namespaces.ts";
import { placesOf, type CatalogWorld } from "./world.ts";
import { readRegistered } from "./register.ts";

export interface TableRequest {
  readonly identifier: Identifier;
  readonly schema: unknown;
  readonly location: string | undefined;
  readonly spec: { readonly fields: readonly UnboundPartitionField[] } | undefined;
  readonly order: Pick<SortOrder, "fields"> | undefined;
  readonly properties: Readonly<Record<string, string>>;
}

/** What a table's properties may not name: the metadata itself says it. */
const RESERVED: ReadonlySet<string> = new Set([
  "format-version",
  "uuid",
  "snapshot-count",
  "current-snapshot-summary",
  "current-snapshot-id",
  "current-snapshot-timestamp-ms",
  "current-schema",
  "default-partition-spec",
  "default-sort-order",
]);

/** Throws `iceberg/already-exists`. */
export async function createTable(world: CatalogWorld, request: TableRequest): Promise<LoadedTable> {
  const { identifier } = request;
  const metadata = await stagedTable(world, request);
  const prepared = await written(world, { identifier, expected: undefined, metadata });
  await putNew(world, { identifier, prepared, kind: "Table" });
  return prepared;
}

/** Puts what is not there yet, and with it its namespace. Throws when the name was taken meanwhile. */
export async function putNew(
  world: CatalogWorld,
  told: {
    readonly identifier: Identifier;
    readonly prepared: Parameters<typeof publish>[1][number];
    readonly kind: "Table" | "View";
  },
): Promise<void> {
  const { identifier, prepared, kind } = told;
  const inTheWay = await publish(world, [prepared]);
  if (inTheWay !== undefined) throw taken(await world.entries.get(keyOf(identifier)), { identifier, kind });
  await world.changed([keyOf(identifier)]);
}

/** The metadata of a table that is not there yet, as it would be created. */
export async function stagedTable(world: CatalogWorld, request: TableRequest): Promise<IcebergMetadata> {
  const { identifier, properties } = request;
  await requireFree(world, identifier, "Table");
  const places = placesOf(world);
  checkProperties(properties, places);
  const location = request.location ?? (await placeOfNew(world, identifier));
  places.check(location);
  const schema = readSchema(request.schema);
  const kept = Object.entries(properties).filter(([name]) => !RESERVED.has(name));
  return newTable(
    {
      nowMs: world.clock.nowMs(),
      uuid: world.ids(),
      formatVersion: formatOf(properties["format-version"]),
      location: location.replace(/\/+$/, ""),
    },
    { ...request, schema, fresh: withFreshIds(schema, 0), properties: Object.fromEntries(kept) },
  );
}

async function placeOfNew({ entries, store, ids }: CatalogWorld, identifier: Identifier): Promise<string> {
  const own = () => locationOf(store.locate(folderOf(identifier, ids().slice(0, 8))));
  return (await entries.placeFor?.(keyOf(identifier))) ?? own();
}

function formatOf(asked: string | undefined): number {
  const version = Number(asked ?? 2);
  if (Number.isInteger(version) && version >= 1 && version <= FORMAT_VERSION_MAX) return version;
  throw icebergErrors.create("iceberg/bad-request", {
    because: `Unsupported format version: v${asked} (supported: v${FORMAT_VERSION_MAX})`,
  });
}

/** Throws when the name is taken. */
export async function requireFree(world: CatalogWorld, identifier: Identifier, kind: "Table" | "View"): Promise<void> {
  const entry = await world.entries.get(keyOf(identifier));
  if (entry !== undefined) throw taken(entry, { identifier, kind });
}

function taken(
  entry: CatalogEntry | undefined,
  { identifier, kind }: { readonly identifier: Identifier; readonly kind: "Table" | "View" },
): Error {
  const present = entry?.kind === "view" ? "View" : "Table";
  const what =
    entry === undefined || present === kind ? `${kind} already exists` : `${present} with same name already exists`;
  return icebergErrors.create("iceberg/already-exists", { because: `${what}: ${nameOf(identifier)}` });
}

export async function listIn(
  world: CatalogWorld,
  namespace: Namespace,
  kind: "table" | "view",
): Promise<readonly Identifier[]> {
  await loadNamespace(world, namespace);
  const keys = await world.entries.keysIn(namespaceKey(namespace), kind);
  return keys.map((key) => ({ namespace, name: key.slice(key.lastIndexOf("\u001f") + 1) }));
}

/** Where a table's metadata lies now. Throws `iceberg/no-such-table`. */
export async function locateTable({ entries }: CatalogWorld, identifier: Identifier): Promise<string> {
  return tableLocation(await entries.locate(keyOf(identifier)), identifier);
}

/** Forgets a table. Its files stay until `mill table` removes what nothing leads to any more. */
export async function dropTable(world: CatalogWorld, identifier: Identifier): Promise<void> {
  await locateTable(world, identifier);
  if (!(await world.entries.remove(keyOf(identifier)))) tableLocation(undefined, identifier);
  await world.changed([keyOf(identifier)]);
}

/** Throws when the one is not there or the other is taken. */
export async function rename(
  world: CatalogWorld,
  {
    source,
    destination,
    kind,
  }: { readonly source: Identifier; readonly destination: Identifier; readonly kind: "Table" | "View" },
): Promise<void> {
  const entry = await world.entries.get(keyOf(source));
  if (entry?.kind !== kind.toLowerCase()) throw missingOf(kind, source);
  await loadNamespace(world, destination.namespace);
  if (!(await world.entries.rename(keyOf(source), keyOf(destination)))) {
    const other = await world.entries.get(keyOf(destination));
    if (other === undefined) throw missingOf(kind, source);
    throw icebergErrors.create("iceberg/already-exists", {
      because: `Cannot rename ${nameOf(source)} to ${nameOf(destination)}. ${other.kind === "view" ? "View" : "Table"} already exists`,
    });
  }
  await world.changed([keyOf(source), keyOf(destination)]);
}

function missingOf(kind: "Table" | "View", identifier: Identifier): Error {
  return icebergErrors.create(kind === "Table" ? "iceberg/no-such-table" : "iceberg/no-such-view", {
    because: `${kind} does not exist: ${nameOf(identifier)}`,
  });
}

/** Takes up a table whose metadata another has written, where it lies. */
export async function registerTable(
  world: CatalogWorld,
  request: { readonly identifier: Identifier; readonly metadataLocation: string; readonly overwrite: boolean },
): Promise<LoadedTable> {
  const { identifier, metadataLocation, overwrite } = request;
  const entry = await world.entries.get(keyOf(identifier));
  if (entry !== undefined && (!overwrite || entry.kind === "view")) throw taken(entry, { identifier, kind: "Table" });
  const { metadata, file } = await readRegistered(world, metadataLocation);
  const loaded = { metadataLocation, metadata };
  const change = { entry: tableEntry(keyOf(identifier), loaded), expected: entry?.metadataLocation ?? undefined };
  await putNew(world, { identifier, prepared: { change, files: [file] }, kind: "Table" });
  return loaded;
}
