import { writePoint } from "@millwright/kernel";
import { dataFileOf } from "../domain/iceberg/data-file.ts";
import {
  currentSnapshot,
  evolveSchema,
  withSnapshot,
  withUnpartitioned,
  type SchemaChange,
  type SnapshotId,
} from "../domain/iceberg/metadata.ts";
import { printMetadata } from "../domain/iceberg/print-metadata.ts";
import { checkName } from "../domain/names.ts";
import { lakehouseErrors } from "../errors.ts";
import type { LakehousePorts } from "../lakehouse.ts";
import type { CatalogEntry, StoredFile, WrittenFile } from "../ports.ts";
import { tableEntry } from "../rest/commit-tables.ts";
import { keepMetadata } from "../known-metadata.ts";
import { locationOf } from "../table-files.ts";
import { MADE_BY } from "../dml/target-table.ts";
import { openMetadataFolder } from "./manifest-writer.ts";
import { produceSnapshot, snapshotIdOf } from "./produce-snapshot.ts";
import { withRetries } from "./retries.ts";
import type { SnapshotChange } from "./snapshot-change.ts";
import { readBase, type TableBase } from "./table-base.ts";
import { columnsFor, writeRows } from "./write-rows.ts";
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
  const change = evolveSchema(base.metadata, await columnsFor(ports, effective, base));
  const written = await writeRows(ports, { request: effective, change });
  const snapshotId = snapshotIdOf(ports.ids());
  const entry = await withRetries(async (attempt) => {
    if (attempt > 0 && effective.mode !== "append") return "refused";
    if (attempt > 0) base = await readBase(ports, request);
    return tryCommit(ports, { request: effective, base, change, snapshotId, ...written });
  });
  if (entry !== undefined) return entry;
  throw lakehouseErrors.create("lakehouse/commit-conflict", {
    because: `${request.table} was changed by another writer`,
  });
}

interface Attempt {
  readonly request: WriteRequest;
  readonly base: TableBase;
  readonly change: SchemaChange;
  readonly snapshotId: SnapshotId;
  readonly file: WrittenFile;
  /** The data file as it lies on the disk. */
  readonly stored: StoredFile;
}

async function tryCommit(ports: LakehousePorts, attempt: Attempt): Promise<CatalogEntry | undefined> {
  const { request, base, change } = attempt;
  const { store, ids, clock } = ports;
  const place = `main/${request.table}`;
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
  const metadata = withSnapshot({
    previous: base.metadata,
    previousLocation: base.entry?.metadataLocation ?? undefined,
    tableUuid: ids(),
    location: locationOf(store.locate(place)),
    change,
    snapshot,
    properties: { [MADE_BY]: "run", ...request.properties },
  });
  const name = `${String(sequenceNumber).padStart(5, "0")}-${ids()}.metadata.json`;
  const metadataLocation = folder.put(name, printMetadata(metadata), "lakehouse/metadata/after-write");
  const files = await folder.settle();
  writePoint("lakehouse/commit/before-pointer");
  const entry = tableEntry(request.table, { metadataLocation, metadata });
  const expected = base.entry === undefined ? undefined : base.entry.metadataLocation;
  const won = await ports.catalog.swap(entry, expected, [attempt.stored, ...files]);
  writePoint("lakehouse/commit/after-pointer");
  if (won) {
    keepMetadata(store, metadataLocation, metadata);
    return entry;
  }
  // Known to be lost, and nothing leads to them: they are of this attempt alone.
  for (const { path } of files) await store.remove(path);
  return undefined;
}

function frameOf({ request, base, change, snapshotId }: Attempt, sequenceNumber: number) {
  return {
    table: request.table,
    schema: change.schema,
    schemas: change.schemas,
    specs: withUnpartitioned(base.metadata?.["partition-specs"] ?? []).specs,
    properties: { ...base.metadata?.properties, ...request.properties },
    snapshotId,
    sequenceNumber,
  };
}

function filesOf({ request, base, change, file }: Attempt): SnapshotChange {
  const isAppend = request.mode === "append";
  const { spec } = withUnpartitioned(base.metadata?.["partition-specs"] ?? []);
  return {
    operation: isAppend ? "append" : "overwrite",
    added: [
      {
        file: dataFileOf(file, change.schema, { properties: { ...base.metadata?.properties, ...request.properties } }),
        specId: spec["spec-id"],
      },
    ],
    removed: isAppend ? new Set() : "all",
    ...(request.summary === undefined ? {} : { summary: request.summary }),
  };
}
