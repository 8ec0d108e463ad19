import { createHash } from "node:crypto";
import { sha256Of } from "@millwright/platform";
import { isMillError, writePoint, type Column } from "@millwright/kernel";
import { checkName, quoteName } from "./domain/names.ts";
import {
  dataFileOf,
  encodeManifest,
  encodeManifestList,
  type DataFile,
  type ManifestFile,
} from "./domain/iceberg/manifest.ts";
import { printExactJson } from "./domain/iceberg/exact-json.ts";
import {
  columnsOf,
  currentSnapshot,
  evolveSchema,
  withUnpartitioned,
  withSnapshot,
  type IcebergMetadata,
  type IcebergSnapshot,
  type SchemaChange,
} from "./domain/iceberg/metadata.ts";
import { lakehouseErrors } from "./errors.ts";
import { dataFilesOf, locationOf, manifestsOf, readMetadata } from "./table-files.ts";
import type { LakehousePorts } from "./lakehouse.ts";
import type { CatalogEntry, StoredFile, WrittenFile } from "./ports.ts";

export interface WriteRequest {
  readonly table: string;
  readonly select: string;
  readonly mode: "replace" | "append" | "merge";
  /** For `merge`: columns by which a new row takes an old one's place. */
  readonly uniqueKey?: readonly string[];
  /** Their docs are kept; names and types come from the SELECT. */
  readonly columns?: readonly Column[];
  /** More entries of the snapshot's summary. */
  readonly summary?: Readonly<Record<string, string>>;
  readonly properties?: Readonly<Record<string, string>>;
}

const COMMIT_TRIES = 50;

interface Base {
  readonly entry: CatalogEntry | undefined;
  readonly metadata: IcebergMetadata | undefined;
}

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
  const written = await writeData(ports, { request: effective, change });
  for (let attempt = 0; attempt < COMMIT_TRIES; attempt += 1) {
    const entry = await tryCommit(ports, { request: effective, base, change, ...written });
    if (entry !== undefined) return entry;
    base = await readBase(ports, request);
    if (effective.mode !== "append") break;
  }
  throw lakehouseErrors.create("lakehouse/commit-conflict", {
    because: `${request.table} was changed by another writer`,
  });
}

/** A table whose files are damaged may still be made anew, without its history. */
async function readBase({ catalog, store, logger }: LakehousePorts, { table, mode }: WriteRequest): Promise<Base> {
  const entry = await catalog.get(table);
  const location = entry?.metadataLocation ?? undefined;
  if (location === undefined) return { entry, metadata: undefined };
  try {
    const metadata = await readMetadata(store, location);
    if (mode === "replace") await dataFilesOf(store, metadata);
    return { entry, metadata };
  } catch (error) {
    if (mode !== "replace" || !isMillError(error) || error.code !== "lakehouse/damaged-file") throw error;
    logger.warn({ err: error, table }, "a damaged table is made anew; its history is lost");
    return { entry, metadata: undefined };
  }
}

async function columnsFor(ports: LakehousePorts, request: WriteRequest, base: Base): Promise<readonly Column[]> {
  const described = await ports.engine.describe(request.select);
  const docs = new Map(request.columns?.map(({ name, doc }) => [name, doc]));
  const columns = described.map((column) => {
    const doc = docs.get(column.name);
    return doc === undefined ? column : { ...column, doc };
  });
  if (request.mode !== "replace" && base.entry?.kind === "table")
    refuseOtherColumns(request.table, columns, base.entry.columns);
  return columns;
}

function refuseOtherColumns(table: string, given: readonly Column[], present: readonly Column[]): void {
  const shape = (columns: readonly Column[]) => columns.map(({ name, type }) => `${name} ${type}`).join(", ");
  if (shape(given) === shape(present)) return;
  throw lakehouseErrors.create("lakehouse/schema-changed", {
    because: `${table} has (${shape(present)}), the rows have (${shape(given)})`,
  });
}

async function writeData(
  { store, engine, ids }: LakehousePorts,
  { request, change }: { readonly request: WriteRequest; readonly change: SchemaChange },
): Promise<{ readonly file: WrittenFile; readonly stored: StoredFile }> {
  const folder = `main/${request.table}/data`;
  const path = `${folder}/${ids()}.parquet`;
  await store.prepareFolder(folder);
  writePoint("lakehouse/data/before-write");
  const fieldIds = Object.fromEntries(change.schema.fields.map(({ name, id }) => [name, id]));
  const file = await engine.writeParquet({ select: selectOf(request), path: store.locate(path), fieldIds });
  writePoint("lakehouse/data/before-sync");
  await store.sync(path);
  writePoint("lakehouse/data/after-sync");
  const digest = await store.digest(path);
  if (digest?.bytes !== file.bytes)
    throw lakehouseErrors.create("lakehouse/damaged-file", {
      because: `${path} has ${digest?.bytes ?? 0} bytes right after ${file.bytes} were written`,
    });
  return { file, stored: { path, ...digest } };
}

/** A merge is written as the table without the replaced rows, and the new ones. */
function selectOf({ table, select, mode, uniqueKey = [] }: WriteRequest): string {
  if (mode !== "merge") return select;
  const keys = uniqueKey
    .map((key) => `fresh.${quoteName(key)} IS NOT DISTINCT FROM old.${quoteName(key)}`)
    .join(" AND ");
  return (
    `WITH fresh AS MATERIALIZED (${select}\n) SELECT old.* FROM main.${quoteName(table)} AS old ` +
    `WHERE NOT EXISTS (SELECT 1 FROM fresh WHERE ${keys}) UNION ALL BY NAME SELECT * FROM fresh`
  );
}

interface Attempt {
  readonly request: WriteRequest;
  readonly base: Base;
  readonly change: SchemaChange;
  readonly file: WrittenFile;
  /** The data file as it lies on the disk. */
  readonly stored: StoredFile;
}

async function tryCommit(given: LakehousePorts, attempt: Attempt): Promise<CatalogEntry | undefined> {
  const { ports, written } = tellingWrites(given);
  const { request, base, change } = attempt;
  const snapshotId = snapshotIdOf(ports.ids());
  const sequenceNumber = (base.metadata?.["last-sequence-number"] ?? 0) + 1;
  const files = await writeManifests(ports, { attempt, snapshotId, sequenceNumber });
  const snapshot = snapshotOf(ports, { attempt, snapshotId, sequenceNumber, files });
  const location = `main/${request.table}`;
  const metadata = withSnapshot({
    previous: base.metadata,
    previousLocation: base.entry?.metadataLocation ?? undefined,
    tableUuid: ports.ids(),
    location: locationOf(ports.store.locate(location)),
    change,
    snapshot,
    properties: request.properties ?? {},
  });
  const metadataPath = `${location}/metadata/${String(sequenceNumber).padStart(5, "0")}-${ports.ids()}.metadata.json`;
  await ports.store.write(metadataPath, Buffer.from(printExactJson(metadata)));
  writePoint("lakehouse/commit/before-pointer");
  const entry = entryOf(ports, { attempt, metadata, metadataPath, files, snapshotId });
  const expected = base.entry === undefined ? undefined : base.entry.metadataLocation;
  const won = await ports.catalog.swap(entry, expected, [attempt.stored, ...written]);
  writePoint("lakehouse/commit/after-pointer");
  return won ? entry : undefined;
}

/** Ports whose store tells what is written through it. */
function tellingWrites(ports: LakehousePorts): { readonly ports: LakehousePorts; readonly written: StoredFile[] } {
  const written: StoredFile[] = [];
  const write = async (path: string, bytes: Uint8Array): Promise<void> => {
    await ports.store.write(path, bytes);
    written.push({ path, bytes: bytes.length, sha256: sha256Of(bytes) });
  };
  return { ports: { ...ports, store: { ...ports.store, write } }, written };
}

interface SnapshotFiles {
  readonly listLocation: string;
  readonly live: readonly DataFile[];
  readonly added: readonly DataFile[];
  readonly deleted: readonly DataFile[];
}

async function writeManifests(
  ports: LakehousePorts,
  {
    attempt,
    snapshotId,
    sequenceNumber,
  }: { readonly attempt: Attempt; readonly snapshotId: number; readonly sequenceNumber: number },
): Promise<SnapshotFiles> {
  const { request, base, change, file } = attempt;
  const previous = base.metadata === undefined ? [] : await dataFilesOf(ports.store, base.metadata);
  const { spec } = withUnpartitioned(base.metadata?.["partition-specs"] ?? []);
  const appends = request.mode === "append";
  const added = [dataFileOf(file, change.schema)];
  // Another's files under a spec that partitions are left out of the new list, rather than told of as if under this one.
  const isPlain = (base.metadata?.["partition-specs"] ?? []).every(({ fields }) => fields.length === 0);
  const deleted = appends || !isPlain ? [] : previous;
  const kept = appends && base.metadata !== undefined ? await manifestsOf(ports.store, base.metadata) : [];
  const manifests: ManifestFile[] = [...kept];
  for (const [isDeleted, files] of [
    [false, added],
    [true, deleted],
  ] as const) {
    if (files.length === 0) continue;
    const bytes = encodeManifest(files, {
      schema: change.schema,
      specId: spec["spec-id"],
      snapshotId,
      deleted: isDeleted,
      sequenceNumber,
    });
    const path = `main/${request.table}/metadata/${ports.ids()}-m${isDeleted ? 1 : 0}.avro`;
    await ports.store.write(path, bytes);
    writePoint("lakehouse/manifest/after-write");
    manifests.push(
      manifestFile({
        path: ports.store.locate(path),
        length: bytes.length,
        files,
        specId: spec["spec-id"],
        isDeleted,
        snapshotId,
        sequenceNumber,
      }),
    );
  }
  const listPath = `main/${request.table}/metadata/snap-${snapshotId}-${ports.ids()}.avro`;
  const parent = base.metadata === undefined ? undefined : currentSnapshot(base.metadata)?.["snapshot-id"];
  await ports.store.write(listPath, encodeManifestList(manifests, { snapshotId, parentId: parent, sequenceNumber }));
  writePoint("lakehouse/manifest-list/after-write");
  return {
    listLocation: ports.store.locate(listPath),
    live: appends ? [...previous, ...added] : added,
    added,
    deleted,
  };
}

function manifestFile(told: {
  readonly path: string;
  readonly length: number;
  readonly files: readonly DataFile[];
  readonly specId: number;
  readonly isDeleted: boolean;
  readonly snapshotId: number;
  readonly sequenceNumber: number;
}): ManifestFile {
  const rows = rowsIn(told.files);
  const count = told.files.length;
  return {
    manifest_path: told.path,
    manifest_length: told.length,
    partition_spec_id: told.specId,
    content: 0,
    sequence_number: told.sequenceNumber,
    min_sequence_number: told.sequenceNumber,
    added_snapshot_id: told.snapshotId,
    added_files_count: told.isDeleted ? 0 : count,
    existing_files_count: 0,
    deleted_files_count: told.isDeleted ? count : 0,
    added_rows_count: told.isDeleted ? 0 : rows,
    existing_rows_count: 0,
    deleted_rows_count: told.isDeleted ? rows : 0,
  };
}

function snapshotOf(
  ports: LakehousePorts,
  {
    attempt,
    snapshotId,
    sequenceNumber,
    files,
  }: {
    readonly attempt: Attempt;
    readonly snapshotId: number;
    readonly sequenceNumber: number;
    readonly files: SnapshotFiles;
  },
): IcebergSnapshot {
  const { request, base, change } = attempt;
  const parent = base.metadata === undefined ? undefined : currentSnapshot(base.metadata)?.["snapshot-id"];
  return {
    "snapshot-id": snapshotId,
    ...(parent === undefined ? {} : { "parent-snapshot-id": parent }),
    "sequence-number": sequenceNumber,
    // Never before the one before it, whatever the clock did: time travel looks a snapshot up by its time.
    "timestamp-ms": Math.max(ports.clock.nowMs(), base.metadata?.["last-updated-ms"] ?? 0),
    "manifest-list": files.listLocation,
    summary: {
      operation: request.mode === "append" ? "append" : "overwrite",
      "added-data-files": String(files.added.length),
      "added-records": String(rowsIn(files.added)),
      "added-files-size": String(bytesIn(files.added)),
      "deleted-data-files": String(files.deleted.length),
      "deleted-records": String(rowsIn(files.deleted)),
      "removed-files-size": String(bytesIn(files.deleted)),
      "total-data-files": String(files.live.length),
      "total-records": String(rowsIn(files.live)),
      "total-files-size": String(bytesIn(files.live)),
      ...deleteTotals(request.mode === "append" ? base.metadata : undefined),
      ...request.summary,
    },
    "schema-id": change.schema["schema-id"],
  };
}

/** What an append leaves of the deletes that were there. */
function deleteTotals(base: IcebergMetadata | undefined): Readonly<Record<string, string>> {
  const before = base === undefined ? undefined : currentSnapshot(base)?.summary;
  const names = ["total-delete-files", "total-position-deletes", "total-equality-deletes"];
  return Object.fromEntries(names.map((name) => [name, before?.[name] ?? "0"]));
}

function entryOf(
  ports: LakehousePorts,
  told: {
    readonly attempt: Attempt;
    readonly metadata: IcebergMetadata;
    readonly metadataPath: string;
    readonly files: SnapshotFiles;
    readonly snapshotId: number;
  },
): CatalogEntry {
  return {
    name: told.attempt.request.table,
    kind: "table",
    metadataLocation: ports.store.locate(told.metadataPath),
    sql: null,
    columns: columnsOf(told.attempt.change.schema),
    snapshotId: String(told.snapshotId),
    rowCount: rowsIn(told.files.live),
    bytes: bytesIn(told.files.live),
    fileCount: told.files.live.length,
    properties: told.metadata.properties,
    updatedAtMs: told.metadata["last-updated-ms"],
  };
}

function rowsIn(files: readonly DataFile[]): number {
  return files.reduce((sum, file) => sum + file.record_count, 0);
}

function bytesIn(files: readonly DataFile[]): number {
  return files.reduce((sum, file) => sum + file.file_size_in_bytes, 0);
}

/** 53 bits of an id's hash: positive, and exact in JSON and in JavaScript. */
function snapshotIdOf(id: string): number {
  return Number(createHash("sha256").update(id).digest().readBigUInt64BE() >> 11n);
}
