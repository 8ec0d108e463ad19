import { displayOf } from "../domain/iceberg/identifiers.ts";
import type { IcebergMetadata, IcebergSnapshot } from "../domain/iceberg/metadata.ts";
import { lakehouseErrors } from "../errors.ts";
import type { ObjectStore, SqlEngine, TableCatalog } from "../ports.ts";
import { readMetadata, scanOf } from "../table-files.ts";

interface TablePorts {
  readonly catalog: TableCatalog;
  readonly store: ObjectStore;
}

/** The catalog's key for a name as people read it; a key stays what it is. */
export async function keyFor(catalog: TableCatalog, name: string): Promise<string> {
  if (!name.includes(".")) return name;
  const found = (await catalog.list()).find((entry) => displayOf(entry.name) === name);
  return found?.name ?? name;
}

/** A table by the name that people read. Throws `lakehouse/unknown-table`; a view is none. */
export async function namedTable({ catalog, store }: TablePorts, name: string) {
  const location = (await catalog.get(await keyFor(catalog, name)))?.metadataLocation ?? undefined;
  if (location === undefined)
    throw lakehouseErrors.create("lakehouse/unknown-table", {
      because: `no table is called ${name.slice(0, 200)}`,
    });
  return { name, metadata: await readMetadata(store, location) };
}

/** A snapshot of a table by its key. Throws `lakehouse/unknown-snapshot`. */
export async function snapshotAt({ catalog, store }: TablePorts, name: string, snapshotId: string) {
  const location = (await catalog.get(name))?.metadataLocation ?? undefined;
  const metadata = location === undefined ? undefined : await readMetadata(store, location);
  const snapshot = metadata?.snapshots.find((one) => String(one["snapshot-id"]) === snapshotId);
  if (metadata === undefined || snapshot === undefined)
    throw lakehouseErrors.create("lakehouse/unknown-snapshot", { because: `${name} has no snapshot ${snapshotId}` });
  return { metadata, snapshot };
}

/** A snapshot's rows under the schema that it was written with. */
export function scanAt(
  ports: { readonly store: ObjectStore; readonly engine: SqlEngine },
  metadata: IcebergMetadata,
  snapshot: IcebergSnapshot,
): Promise<string> {
  const schema = metadata.schemas.find((one) => one["schema-id"] === snapshot["schema-id"]);
  return scanOf(ports, metadata, schema === undefined ? { snapshot } : { snapshot, schema });
}
