import { checkIdentifier, type Identifier } from "../domain/iceberg/identifiers.ts";
import { snapshotAsOf, type IcebergMetadata, type IcebergSnapshot } from "../domain/iceberg/metadata.ts";
import { lakehouseErrors } from "../errors.ts";
import { locateTable } from "../rest/tables.ts";
import type { CatalogWorld } from "../rest/world.ts";
import { readMetadata } from "../table-files.ts";

/** A table as it is at a moment. */
export interface TableNow {
  readonly identifier: Identifier;
  /** Of its metadata. */
  readonly location: string;
  readonly metadata: IcebergMetadata;
}

/** A table by the name that people read: `orders`, `lab.daily.orders`. */
export function identifierNamed(name: string): Identifier {
  const parts = name.split(".");
  const namespace = parts.length === 1 ? ["main"] : parts.slice(0, -1);
  return checkIdentifier({ namespace, name: parts.at(-1) ?? "" });
}

/** Throws `iceberg/no-such-table`. */
export async function tableNow(world: CatalogWorld, identifier: Identifier): Promise<TableNow> {
  const location = await locateTable(world, identifier);
  return { identifier, location, metadata: await readMetadata(world.store, location) };
}

/** A snapshot by its id, or by a tag's or branch's name. Throws `lakehouse/unknown-snapshot`. */
export function snapshotNamed(
  metadata: IcebergMetadata,
  { name, version }: { readonly name: string; readonly version: string },
): IcebergSnapshot {
  const snapshot = snapshotAsOf(metadata, { kind: "version", version });
  if (snapshot === undefined) throw unknownSnapshot(name, version);
  return snapshot;
}

export function unknownSnapshot(name: string, version: string): Error {
  return lakehouseErrors.create("lakehouse/unknown-snapshot", {
    because: `${name} has no snapshot, tag or branch ${version.slice(0, 100)}`,
  });
}
