import { writePoint, type Clock, type IdSource, type Logger } from "@millwright/kernel";
import { sha256Of } from "@millwright/platform";
import { folderOf, type Identifier } from "../domain/iceberg/identifiers.ts";
import { printMetadata } from "../domain/iceberg/print-metadata.ts";
import type { Places } from "../domain/iceberg/table-updates.ts";
import { icebergErrors } from "../iceberg-errors.ts";
import { locationOf } from "../table-files.ts";
import type { IcebergEntries, ObjectStore, StoredFile } from "../ports.ts";

/** One branch's tables as a catalog of the Iceberg protocol. */
export interface CatalogWorld {
  readonly entries: IcebergEntries;
  /** Reads are held against the checksums of what was written. */
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly logger: Logger;
  /** Is told the keys of what has changed, once it has. */
  readonly changed: (keys: readonly string[]) => Promise<void>;
}

const LOCAL = /^(?:file:\/(?:\/\/|\/localhost\/)?|\/)(?!\/)[^\0]*$/;

/**
 * Where the files of tables may lie. A table that clients keep elsewhere on this machine is catalogued, but nothing of it
 * is ever read, written or deleted from here; a path that climbs, and what this process is to write or read itself, must
 * be in the warehouse.
 */
export function placesOf({ store }: Pick<CatalogWorld, "store">): Places {
  return {
    check: (location) => {
      if (!isLocal(location)) throw foreign(location);
    },
    checkOwn: (location) => {
      if (!isInside(store, location)) throw foreign(location);
    },
  };
}

function foreign(location: string): Error {
  return icebergErrors.create("iceberg/foreign-location", {
    because: `Location is not in the warehouse: ${location.slice(0, 300)}`,
  });
}

/** A plain place on this machine: nothing in it climbs, as it stands or unescaped. */
function isLocal(location: string): boolean {
  return LOCAL.test(location) && !location.split("/").some((part) => /^(?:\.|%2e)+$/i.test(part));
}

function isInside(store: ObjectStore, location: string): boolean {
  if (!isLocal(location)) return false;
  try {
    store.pathOf(location);
    return true;
  } catch {
    return false;
  }
}

interface Located {
  readonly location: string;
  readonly properties: Readonly<Record<string, string>>;
}

/** Writes a metadata file beside those before it, always in the warehouse. It is durable when this resolves. */
export async function writeMetadata(
  { store, ids }: Pick<CatalogWorld, "store" | "ids">,
  metadata: Located,
  { identifier, previousLocation }: { readonly identifier: Identifier; readonly previousLocation: string | undefined },
): Promise<{ readonly location: string; readonly file: StoredFile }> {
  const version = previousLocation === undefined ? 0 : versionOf(previousLocation) + 1;
  const folder =
    folderFor(store, metadata) ??
    previousFolder(store, previousLocation) ??
    placeOf(folderOf(identifier, ids()), store);
  const location = `${folder}/${String(version).padStart(5, "0")}-${ids()}.metadata.json`;
  const path = store.pathOf(location);
  const bytes = printMetadata(metadata);
  await store.write(path, bytes);
  writePoint("lakehouse/metadata/after-write");
  return { location, file: { path, bytes: bytes.length, sha256: sha256Of(bytes) } };
}

function placeOf(path: string, store: ObjectStore): string {
  return locationOf(store.locate(path));
}

/** As the client writes it, who may look for what it has asked for. */
function folderFor(store: ObjectStore, { location, properties }: Located): string | undefined {
  const asked = properties["write.metadata.path"]?.replace(/\/+$/, "") ?? `${location}/metadata`;
  return isInside(store, asked) ? asked : undefined;
}

function previousFolder(store: ObjectStore, location: string | undefined): string | undefined {
  if (location === undefined || !isInside(store, location)) return undefined;
  return location.replace(/\/[^/]*$/, "");
}

/** The number before a metadata file's name. */
export function versionOf(location: string): number {
  const digits = /(?:^|\/)v?(\d{1,15})[-.][^/]*$/.exec(location)?.[1];
  return digits === undefined ? 0 : Number(digits);
}

/** The folder of a table in the store where its metadata goes. Throws `iceberg/foreign-location`. */
export function metadataFolderOf({ store }: Pick<CatalogWorld, "store">, metadata: Located): string {
  const folder = folderFor(store, metadata);
  if (folder === undefined) throw foreign(metadata.location);
  return store.pathOf(folder);
}
