import { writePoint } from "@millwright/kernel";
import { keyOf, nameOf, type Identifier } from "../domain/iceberg/identifiers.ts";
import { columnsOf, currentSchema, currentSnapshot, type IcebergMetadata } from "../domain/iceberg/metadata.ts";
import { checkRequirements, type Requirement } from "../domain/iceberg/requirements.ts";
import { draftOf, emptyDraft, finished } from "../domain/iceberg/table-draft.ts";
import { applyUpdate, type TableUpdate } from "../domain/iceberg/table-updates.ts";
import { deleteOldMetadata } from "../commit/old-metadata.ts";
import { icebergErrors } from "../iceberg-errors.ts";
import { readMetadata } from "../table-files.ts";
import type { CatalogEntry, EntryChange, StoredFile } from "../ports.ts";
import { placesOf, writeMetadata, type CatalogWorld } from "./world.ts";

/** What one table is to become, and what must hold of it for that. */
export interface TableCommit {
  readonly identifier: Identifier;
  readonly requirements: readonly Requirement[];
  readonly updates: readonly TableUpdate[];
}

export interface LoadedTable {
  readonly metadataLocation: string;
  readonly metadata: IcebergMetadata;
}

interface Prepared extends LoadedTable {
  /** The metadata that it follows upon; undefined for a table that was not there. */
  readonly before?: IcebergMetadata;
  readonly change: EntryChange;
  readonly files: readonly StoredFile[];
}

const TRIES = 20;

/**
 * All tables become what was asked for in one step of the metadata database, or none does. One that changed meanwhile is
 * read again and its requirements are asked anew. Throws `iceberg/commit-failed`, `iceberg/commit-state-unknown`.
 */
export async function commitTables(
  world: CatalogWorld,
  commits: readonly TableCommit[],
): Promise<readonly LoadedTable[]> {
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const prepared = await Promise.all(commits.map((commit) => prepare(world, commit)));
    const changed = prepared.filter((one) => "change" in one);
    const inTheWay = await publish(world, changed);
    if (inTheWay !== undefined) continue;
    await world.changed(changed.map(({ change }) => change.entry.name));
    for (const { before, metadata, metadataLocation: at } of changed)
      await deleteOldMetadata(world, { before, after: metadata, at });
    return prepared;
  }
  throw icebergErrors.create("iceberg/commit-failed", {
    because: `Commit failed: ${commits.map(({ identifier }) => nameOf(identifier)).join(", ")} kept changing`,
  });
}

/** The key that another has changed, if one has. */
export async function publish(
  { entries, logger }: CatalogWorld,
  prepared: readonly { readonly change: EntryChange; readonly files: readonly StoredFile[] }[],
): Promise<string | undefined> {
  if (prepared.length === 0) return undefined;
  try {
    writePoint("lakehouse/commit/before-pointer");
    const inTheWay = await entries.commit(
      prepared.map(({ change }) => change),
      prepared.flatMap(({ files }) => files),
    );
    writePoint("lakehouse/commit/after-pointer");
    return inTheWay;
  } catch (error) {
    logger.error({ err: error }, "whether a commit of the Iceberg catalog was made is not known");
    throw icebergErrors.create("iceberg/commit-state-unknown", {
      because: "The metadata database did not answer while the commit was made",
      cause: error,
    });
  }
}

async function prepare(world: CatalogWorld, commit: TableCommit): Promise<Prepared | LoadedTable> {
  const { identifier, requirements } = commit;
  const entry = await world.entries.get(keyOf(identifier));
  const creates = requirements.some(({ type }) => type === "assert-create");
  if (entry === undefined && creates) return create(world, commit);
  if (entry?.kind === "view" && creates)
    throw icebergErrors.create("iceberg/already-exists", {
      because: `View with same name already exists: ${nameOf(identifier)}`,
    });
  const location = tableLocation(entry, identifier);
  const base = await readMetadata(world.store, location);
  checkRequirements(base, requirements);
  if (commit.updates.length === 0) return { metadataLocation: location, metadata: base };
  const draft = draftOf(base, world.clock.nowMs());
  for (const update of commit.updates) applyUpdate(draft, update, placesOf(world));
  const prepared = await written(world, { identifier, expected: location, metadata: finished(draft, location) });
  return { ...prepared, before: base };
}

/** The end of a creation that began with staged metadata. */
async function create(world: CatalogWorld, { identifier, requirements, updates }: TableCommit): Promise<Prepared> {
  if (requirements.length > 1)
    throw icebergErrors.create("iceberg/bad-request", {
      because: "Invalid create requirements: more than assert-create",
    });
  const upgrade = updates.find(({ action }) => action === "upgrade-format-version")?.["format-version"];
  const draft = emptyDraft({
    nowMs: world.clock.nowMs(),
    uuid: world.ids(),
    formatVersion: typeof upgrade === "number" ? Math.min(Math.max(upgrade, 1), 3) : 2,
  });
  for (const update of updates) applyUpdate(draft, update, placesOf(world));
  return written(world, { identifier, expected: undefined, metadata: finished(draft, undefined) });
}

/** Writes the metadata, so that the pointer alone is left to move. */
export async function written(
  world: CatalogWorld,
  told: { readonly identifier: Identifier; readonly expected: string | undefined; readonly metadata: IcebergMetadata },
): Promise<Prepared> {
  const { metadata, identifier, expected } = told;
  const { location, file } = await writeMetadata(world, metadata, { identifier, previousLocation: expected });
  const entry = tableEntry(keyOf(identifier), { metadataLocation: location, metadata });
  return { metadataLocation: location, metadata, change: { entry, expected }, files: [file] };
}

/** Where a table's metadata lies. Throws `iceberg/no-such-table`; a view is none. */
export function tableLocation(
  entry: Pick<CatalogEntry, "kind" | "metadataLocation"> | undefined,
  identifier: Identifier,
): string {
  const location = entry?.kind === "table" ? entry.metadataLocation : null;
  if (location !== null) return location;
  throw icebergErrors.create("iceberg/no-such-table", { because: `Table does not exist: ${nameOf(identifier)}` });
}

/** Rows less those that positions delete; how many equality deletes take away is not known without reading. */
function liveRows(records: number | null, positions: number | null, equalities: number | null): number | null {
  if (records === null || (equalities ?? 0) > 0) return null;
  return Math.max(0, records - (positions ?? 0));
}

/** What the catalog tells of a table without reading its metadata. */
export function tableEntry(name: string, { metadataLocation, metadata }: LoadedTable): CatalogEntry {
  const snapshot = currentSnapshot(metadata);
  const total = (field: string) => {
    const text = snapshot === undefined ? "0" : snapshot.summary?.[field];
    return text === undefined || !/^\d{1,15}$/.test(text) ? null : Number(text);
  };
  return {
    name,
    kind: "table",
    metadataLocation,
    sql: null,
    columns: columnsOf(currentSchema(metadata)),
    snapshotId: snapshot === undefined ? null : String(snapshot["snapshot-id"]),
    rowCount: liveRows(total("total-records"), total("total-position-deletes"), total("total-equality-deletes")),
    bytes: total("total-files-size"),
    fileCount: total("total-data-files"),
    properties: metadata.properties,
    updatedAtMs: metadata["last-updated-ms"],
  };
}
