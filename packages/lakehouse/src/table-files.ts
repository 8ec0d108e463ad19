import { isMillError, type Column } from "@millwright/kernel";
import { decodeEntries, decodeManifest, type ManifestEntry } from "./domain/iceberg/manifest.ts";
import { decodeManifestList, type ManifestFile } from "./domain/iceberg/manifest-list.ts";
import {
  currentSchema,
  currentSnapshot,
  type IcebergMetadata,
  type IcebergSnapshot,
} from "./domain/iceberg/metadata.ts";
import { hasOtherTypes, isVector, scanSelect, type FilesNames, type LiveFile } from "./domain/iceberg/scan.ts";
import type { IcebergSchema } from "./domain/iceberg/schema.ts";
import { parseMetadata } from "./domain/iceberg/read-metadata.ts";
import { quoteName, quoteText } from "./domain/names.ts";
import { duckdbType } from "./domain/types.ts";
import { readVectors } from "./deletion-vectors.ts";
import { lakehouseErrors } from "./errors.ts";
import { isFileFaultCode } from "./file-fault-codes.ts";
import { keepManifests, keepMetadata, manifestsKnownAt, metadataKnownAt } from "./known-metadata.ts";
import type { ObjectStore, SqlEngine } from "./ports.ts";

export async function readMetadata(store: ObjectStore, location: string): Promise<IcebergMetadata> {
  const known = metadataKnownAt(store, location);
  if (known !== undefined) return known;
  const metadata = parseMetadata(await store.read(location));
  if (metadata !== undefined) {
    keepMetadata(store, location, metadata);
    return metadata;
  }
  throw lakehouseErrors.create("lakehouse/damaged-metadata", {
    because: `${store.pathOf(location)} is not the metadata of an Iceberg table`,
  });
}

/** What reading a manifest or a list of them makes of its bytes. Throws `lakehouse/damaged-manifest`. */
export function decoded<Value>(store: ObjectStore, location: string, decode: () => Value): Value {
  try {
    return decode();
  } catch (error) {
    if (isMillError(error)) throw error;
    throw lakehouseErrors.create("lakehouse/damaged-manifest", {
      because: `${pathIn(store, location) ?? location} cannot be read: ${error instanceof Error && error.message !== "" ? error.message : "it is no Avro file"}`,
      cause: error,
    });
  }
}

/** Of a manifest that no list tells of. */
const UNTOLD = -1;

/** A manifest's bytes: as many as the manifest list tells of. Throws `lakehouse/damaged-manifest`. */
export async function manifestBytes(store: ObjectStore, manifest: ManifestFile): Promise<Uint8Array> {
  const bytes = await store.read(manifest.manifest_path);
  const told = Number(manifest.manifest_length);
  if (bytes.length === told || told === UNTOLD) return bytes;
  throw lakehouseErrors.create("lakehouse/damaged-manifest", {
    because: `${store.pathOf(manifest.manifest_path)} has ${bytes.length} bytes, and its manifest list tells of ${told}`,
  });
}

/** Whether an error tells of a table's own files: no reader is to blame, and trying again does not help. */
export function isFileFault(error: unknown): boolean {
  return isMillError(error) && isFileFaultCode(error.code);
}

/** A local place as clients of tables name it. They take it as it stands: nothing is escaped. */
export function locationOf(place: string): string {
  return `file://${place}`;
}

/** Undefined for what lies outside the store: it is catalogued, and never touched. */
export function pathIn(store: ObjectStore, location: string): string | undefined {
  try {
    return store.pathOf(location);
  } catch {
    return undefined;
  }
}

/** The manifests of a snapshot: unless told, of the current one. */
export async function manifestsOf(
  store: ObjectStore,
  metadata: IcebergMetadata,
  snapshot = currentSnapshot(metadata),
): Promise<readonly ManifestFile[]> {
  if (snapshot === undefined) return [];
  const { manifests: named, "manifest-list": location } = snapshot;
  if (named !== undefined && location === undefined)
    return named.map((path) => manifestNamed(path, metadata["default-spec-id"]));
  const known = manifestsKnownAt(store, location);
  if (known !== undefined) return known;
  const bytes = await store.read(location);
  const manifests = decoded(store, location, () => decodeManifestList(bytes));
  keepManifests(store, location, manifests);
  return manifests;
}

/** The first version of the format may name a snapshot's manifests in the metadata itself, without a word about them. */
function manifestNamed(path: string, specId: number): ManifestFile {
  return {
    manifest_path: path,
    manifest_length: UNTOLD,
    partition_spec_id: specId,
    content: 0,
    sequence_number: 0,
    min_sequence_number: 0,
    added_snapshot_id: 0,
    added_files_count: 0,
    existing_files_count: 0,
    deleted_files_count: 0,
    added_rows_count: 0,
    existing_rows_count: 0,
    deleted_rows_count: 0,
  };
}

/** The live files of a snapshot, data and deletes: unless told, of the current one. */
export async function liveFilesOf(
  store: ObjectStore,
  metadata: IcebergMetadata,
  snapshot = currentSnapshot(metadata),
): Promise<readonly LiveFile[]> {
  const manifests = await manifestsOf(store, metadata, snapshot);
  return (await Promise.all(manifests.map((manifest) => readManifest(store, manifest)))).flat();
}

/** The live files of one manifest. */
export async function readManifest(store: ObjectStore, manifest: ManifestFile): Promise<readonly LiveFile[]> {
  const bytes = await manifestBytes(store, manifest);
  return decoded(store, manifest.manifest_path, () => decodeManifest(bytes, manifest));
}

/** All entries of one manifest, those of deleted files too. */
export async function readEntries(store: ObjectStore, manifest: ManifestFile): Promise<readonly ManifestEntry[]> {
  const bytes = await manifestBytes(store, manifest);
  return decoded(store, manifest.manifest_path, () => decodeEntries(bytes, manifest));
}

interface Reader {
  readonly store: ObjectStore;
  readonly engine: Pick<SqlEngine, "query">;
}

/** The SELECT of a snapshot's rows under a schema: unless told, of the current ones. */
export async function scanOf(reader: Reader, metadata: IcebergMetadata, asOf: Partial<AsOf> = {}): Promise<string> {
  const { schema = currentSchema(metadata), keeps = () => true } = asOf;
  if (schema === undefined) throw new Error("the table has no current schema");
  const live = "snapshot" in asOf ? asOf.snapshot : currentSnapshot(metadata);
  const read = live === undefined ? [] : await liveFilesOf(reader.store, metadata, live);
  const { tellsPlaces = false } = asOf;
  return scanOfFiles(reader, { metadata, schema, files: read.filter(keeps), tellsPlaces });
}

/** The SELECT of the rows in some of a table's files. */
export async function scanOfFiles(
  { store, engine }: Reader,
  told: {
    readonly metadata: IcebergMetadata;
    readonly schema: IcebergSchema;
    readonly files: readonly LiveFile[];
    readonly tellsPlaces?: boolean;
  },
): Promise<string> {
  const { metadata, schema, tellsPlaces = false } = told;
  const files = told.files.map((live) => ({
    ...live,
    file: { ...live.file, file_path: store.locate(store.pathOf(live.file.file_path)) },
  }));
  files.forEach(refuseUnreadable);
  const specs = metadata["partition-specs"].filter(({ fields }) => fields.length === 0);
  const unpartitioned = new Set(specs.map((spec) => spec["spec-id"]));
  const vectors = await readVectors(store, files);
  const scan = { files, schema, schemas: metadata.schemas, unpartitioned, tellsPlaces, vectors };
  if (!hasOtherTypes(scan)) return scanSelect(scan);
  return scanSelect({
    ...scan,
    fileNames: await namesIn(
      engine,
      files.filter((one) => !isVector(one)).map(({ file }) => file.file_path),
    ),
  });
}

/** Throws `lakehouse/unreadable-file` for what needs more than is known here. */
function refuseUnreadable(live: LiveFile): void {
  const { file_path: path, file_format: format, key_metadata: key } = live.file;
  const isKnown = format.toUpperCase() === "PARQUET" || isVector(live);
  if (isKnown && (key === undefined || key === null)) return;
  throw lakehouseErrors.create("lakehouse/unreadable-file", {
    because: isKnown ? `${path} is encrypted` : `${path} is of the format ${format}`,
    remedy: isKnown
      ? "Ask it by the engine that holds the table's keys, and write it there into a table that is not encrypted."
      : "Have the engine that wrote it write it again as Parquet: the table's property write.format.default = parquet, then rewrite its data files.",
  });
}

const FIELDS_MAX = 10_000_000;

/** What each file calls its fields, from the file itself. */
async function namesIn(engine: Pick<SqlEngine, "query">, paths: readonly string[]): Promise<FilesNames> {
  const files = new Map<string, { readonly names: Map<number, string>; kind: string }>();
  if (paths.length === 0) return files;
  const { rows } = await engine.query(
    `SELECT file_name, field_id, name, concat_ws(' ', type, converted_type, "precision", scale) FROM parquet_schema([${paths.map(quoteText).join(", ")}]) WHERE field_id IS NOT NULL`,
    { maxRows: FIELDS_MAX },
  );
  for (const [path, id, name, type] of rows) {
    if (typeof path !== "string" || typeof name !== "string") continue;
    const own = files.get(path) ?? { names: new Map<number, string>(), kind: "" };
    own.names.set(Number(id), name);
    own.kind += JSON.stringify([id, name, type]);
    files.set(path, own);
  }
  return files;
}

interface AsOf {
  readonly snapshot: IcebergSnapshot | undefined;
  readonly schema: IcebergSchema | undefined;
  /** Which of its files are read; unless told, all. */
  readonly keeps: (file: LiveFile) => boolean;
  /** Whether each row tells where it lies: `domain/iceberg/scan.ts`. */
  readonly tellsPlaces: boolean;
}

/** A relation of these columns without rows. */
export function noRowsOf(columns: readonly Column[]): string {
  return `${nullsOf(columns)} WHERE false`;
}

/** A SELECT of these columns that fails with a message, whoever reads it and by whatever conditions. */
export function refusalOf(message: string, columns: readonly Column[]): string {
  // Each column is the failure itself: of a column that is NULL a condition may be known to be false without a row read.
  const failure = `error(${quoteText(message)})`;
  const named = columns.map((column) => `CAST(${failure} AS ${duckdbType(column)}) AS ${quoteName(column.name)}`);
  return `SELECT ${named.join(", ")} FROM range(1) WHERE ${failure} IS NULL`;
}

function nullsOf(columns: readonly Column[]): string {
  return `SELECT ${columns.map((column) => `CAST(NULL AS ${duckdbType(column)}) AS ${quoteName(column.name)}`).join(", ")}`;
}
