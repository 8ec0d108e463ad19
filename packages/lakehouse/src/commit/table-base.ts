import type { IcebergMetadata } from "../domain/iceberg/metadata.ts";
import type { LakehousePorts } from "../lakehouse.ts";
import type { CatalogEntry } from "../ports.ts";
import { isFileFault, liveFilesOf, readMetadata } from "../table-files.ts";
import type { WriteRequest } from "./write-request.ts";

/** A table as a commit finds it. Undefined where there is nothing yet. */
export interface TableBase {
  readonly entry: CatalogEntry | undefined;
  readonly metadata: IcebergMetadata | undefined;
}

/** The folder of a table in the store: where it is, or where its catalog would have it. */
export async function folderOf(
  { catalog, store }: Pick<LakehousePorts, "catalog" | "store">,
  { table }: Pick<WriteRequest, "table">,
  { metadata }: TableBase,
): Promise<string> {
  if (catalog.placeFor === undefined) return `main/${table}`;
  return store.pathOf(metadata?.location ?? (await catalog.placeFor(table)));
}

/** A table whose files are damaged may still be made anew, without its history. */
export async function readBase(
  { catalog, store, logger }: LakehousePorts,
  { table, mode }: WriteRequest,
): Promise<TableBase> {
  const entry = await catalog.get(table);
  const location = entry?.metadataLocation ?? undefined;
  if (location === undefined) return { entry, metadata: undefined };
  try {
    const metadata = await readMetadata(store, location);
    if (mode === "replace") await liveFilesOf(store, metadata);
    return { entry, metadata };
  } catch (error) {
    if (mode !== "replace" || !isFileFault(error)) throw error;
    logger.warn({ err: error, table }, "a damaged table is made anew; its history is lost");
    return { entry, metadata: undefined };
  }
}
