import type { Column } from "@millwright/kernel";
import { decodeManifest, decodeManifestList, type DataFile, type ManifestFile } from "./domain/iceberg/manifest.ts";
import { currentSnapshot, type IcebergMetadata } from "./domain/iceberg/metadata.ts";
import { quoteName, quoteText } from "./domain/names.ts";
import { duckdbType } from "./domain/types.ts";
import type { ObjectStore } from "./ports.ts";

export async function readMetadata(store: ObjectStore, location: string): Promise<IcebergMetadata> {
  return JSON.parse(Buffer.from(await store.read(location)).toString()) as IcebergMetadata;
}

/** The manifests of a snapshot: unless told, of the current one. */
export async function manifestsOf(
  store: ObjectStore,
  metadata: IcebergMetadata,
  snapshot = currentSnapshot(metadata),
): Promise<readonly ManifestFile[]> {
  return snapshot === undefined ? [] : decodeManifestList(await store.read(snapshot["manifest-list"]));
}

/** The live data files of a snapshot: unless told, of the current one. */
export async function dataFilesOf(
  store: ObjectStore,
  metadata: IcebergMetadata,
  snapshot = currentSnapshot(metadata),
): Promise<readonly DataFile[]> {
  const manifests = await manifestsOf(store, metadata, snapshot);
  const files = await Promise.all(
    manifests.map(async ({ manifest_path }) => decodeManifest(await store.read(manifest_path))),
  );
  return files.flat();
}

/** The SELECT that reads these files; with none, an empty relation of the same columns. */
export function scanOf(files: readonly DataFile[], columns: readonly Column[]): string {
  if (files.length === 0) return `${nullsOf(columns)} WHERE false`;
  const paths = files.map(({ file_path }) => quoteText(file_path));
  return `SELECT ${columns.map(({ name }) => quoteName(name)).join(", ")} FROM read_parquet([${paths.join(", ")}])`;
}

/** A SELECT of these columns that fails with a message, whoever reads it. */
export function refusalOf(message: string, columns: readonly Column[]): string {
  return `${nullsOf(columns)} WHERE error(${quoteText(message)}) IS NULL`;
}

function nullsOf(columns: readonly Column[]): string {
  return `SELECT ${columns.map((column) => `CAST(NULL AS ${duckdbType(column)}) AS ${quoteName(column.name)}`).join(", ")}`;
}
