import { writePoint } from "@millwright/kernel";
import {
  currentSnapshot,
  evolveSchema,
  withSnapshot,
  type SchemaChange,
  type SnapshotId,
} from "../domain/iceberg/metadata.ts";
import { canonical, type IcebergSchema } from "../domain/iceberg/schema.ts";
import { printMetadata } from "../domain/iceberg/print-metadata.ts";
import { checkName } from "../domain/names.ts";
import { lakehouseErrors } from "../errors.ts";
import type { LakehousePorts } from "../lakehouse.ts";
import type { CatalogEntry } from "../ports.ts";
import { tableEntry } from "../rest/commit-tables.ts";
import { keepMetadata } from "../known-metadata.ts";
import { locationOf } from "../table-files.ts";
import type { Durable } from "../dml/write-data.ts";
import { MADE_BY } from "../dml/target-table.ts";
import { openMetadataFolder } from "./manifest-writer.ts";
import { deleteOldMetadata } from "./old-metadata.ts";
import { produceSnapshot, snapshotIdOf } from "./produce-snapshot.ts";
import { withRetries } from "./retries.ts";
import type { AddedFile, SnapshotChange } from "./snapshot-change.ts";
import { folderOf, readBase, type TableBase } from "./table-base.ts";
import { writeAhead, type WriteAhead } from "./write-ahead.ts";
import { columnsFor, writeRows } from "./write-rows.ts";
import { layoutOf, type WriteLayout } from "./write-layout.ts";
import type { WriteRequest } from "./write-request.ts";

/**
 * Writes the rows, then commits: data, manifests and metadata are durable before the catalog's pointer moves, and the
 * pointer moves by compare-and-swap. An append that lost the race is laid upon the newer state; a replacement is refused.
 */
export async function commitWrite(ports: LakehousePorts, request: WriteRequest): Promise<CatalogEntry> {
  checkName(request.table);
  let base = await readBase(ports, request);
  const effective =
    request.mode === "merge" && base.metadata === undefined ? { ...request, mode: "append" as const } : request;
  const told = { request: effective, base, properties: propertiesOf(base, request) };
  const ahead = await writeAhead(ports, told);
  let { change, layout } = await planned(ports, told, ahead);
  const place = await folderOf(ports, request, base);
  const written = (await ahead?.as(change)) ?? (await writeRows(ports, { ...told, place, change, layout }));
  const snapshotId = snapshotIdOf(ports.ids());
  const entry = await withRetries(async (attempt) => {
    if (attempt > 0 && effective.mode !== "append") return "refused";
    if (attempt > 0) {
      base = await readBase(ports, request);
      const evolved = evolveSchema(base.metadata, await columnsFor(ports, effective, base));
      // The rows lie there under the ids that their columns had.
      if (!isSameSchema(evolved.schema, change.schema)) return "refused";
      change = evolved;
    }
    const now = layoutOf(base.metadata, { schema: change.schema, request });
    if (now.spec["spec-id"] !== layout.spec["spec-id"]) return "refused";
    return tryCommit(ports, { place, request: effective, base, change, layout: now, snapshotId, ...written });
  });
  if (entry !== undefined) return entry;
  throw lakehouseErrors.create("lakehouse/commit-conflict", {
    because: `${request.table} was changed by another writer`,
  });
}

/** What the rows make of the table's schema and layout. Where they do not fit, what was written of them ahead goes. */
async function planned(
  ports: LakehousePorts,
  { request, base }: { readonly request: WriteRequest; readonly base: TableBase },
  ahead: WriteAhead | undefined,
): Promise<{ readonly change: SchemaChange; readonly layout: WriteLayout }> {
  try {
    const change = evolveSchema(base.metadata, await columnsFor(ports, request, base));
    return { change, layout: layoutOf(base.metadata, { schema: change.schema, request }) };
  } catch (error) {
    await ahead?.abandon();
    throw error;
  }
}

function isSameSchema(one: IcebergSchema, other: IcebergSchema): boolean {
  return canonical(one.fields) === canonical(other.fields);
}

interface Attempt {
  /** The table's folder in the store. */
  readonly place: string;
  readonly request: WriteRequest;
  readonly base: TableBase;
  readonly change: SchemaChange;
  readonly snapshotId: SnapshotId;
  readonly layout: WriteLayout;
  readonly added: readonly AddedFile[];
  readonly stored: Durable;
}

function propertiesOf(base: TableBase, request: WriteRequest): Readonly<Record<string, string>> {
  return { ...base.metadata?.properties, ...request.properties };
}

async function tryCommit(ports: LakehousePorts, attempt: Attempt): Promise<CatalogEntry | undefined> {
  const { place, request, base, change } = attempt;
  const { store, ids, clock } = ports;
  const sequenceNumber = (base.metadata?.["last-sequence-number"] ?? 0) + 1;
  const folder = openMetadataFolder({ store, ids, folder: `${place}/metadata` });
  const snapshot = await produceSnapshot(
    { store, clock, folder },
    {
      base: base.metadata,
      parent: base.metadata === undefined ? undefined : currentSnapshot(base.metadata),
      frame: frameOf(attempt, sequenceNumber),
      change: filesOf(attempt),
    },
  );
  const next = withSnapshot({
    previous: base.metadata,
    previousLocation: base.entry?.metadataLocation ?? undefined,
    tableUuid: ids(),
    // The lake may have been moved; where another catalog says where a table is, it is there.
    location: (ports.catalog.placeFor && base.metadata?.location) ?? locationOf(store.locate(place)),
    change,
    snapshot,
    properties: { [MADE_BY]: "run", ...request.properties },
  });
  const metadata = { ...next, ...attempt.layout.metadata };
  const name = `${String(sequenceNumber).padStart(5, "0")}-${ids()}.metadata.json`;
  const metadataLocation = folder.put(name, printMetadata(metadata), "lakehouse/metadata/after-write");
  const [files, stored] = await Promise.all([folder.settle(), attempt.stored()]);
  writePoint("lakehouse/commit/before-pointer");
  const entry = tableEntry(request.table, { metadataLocation, metadata });
  const expected = base.entry === undefined ? undefined : base.entry.metadataLocation;
  const won = await ports.catalog.swap(entry, expected, [...stored, ...files]);
  writePoint("lakehouse/commit/after-pointer");
  if (won) {
    keepMetadata(store, metadataLocation, metadata);
    await deleteOldMetadata(ports, { before: base.metadata, after: metadata, at: metadataLocation });
    return entry;
  }
  // Known to be lost, and nothing leads to them: they are of this attempt alone.
  for (const { path } of files) await store.remove(path);
  return undefined;
}

function frameOf({ request, base, change, layout, snapshotId }: Attempt, sequenceNumber: number) {
  return {
    table: request.table,
    schema: change.schema,
    schemas: change.schemas,
    specs: layout.metadata["partition-specs"],
    properties: propertiesOf(base, request),
    snapshotId,
    sequenceNumber,
  };
}

function filesOf({ request, added }: Attempt): SnapshotChange {
  const isAppend = request.mode === "append";
  return {
    operation: isAppend ? "append" : "overwrite",
    added,
    removed: isAppend ? new Set() : "all",
    ...(request.summary === undefined ? {} : { summary: request.summary }),
  };
}
