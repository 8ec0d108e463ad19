import { refused } from "../domain/dml/cursor.ts";
import { keyOf } from "../domain/iceberg/identifiers.ts";
import { currentSchema, type IcebergMetadata, type PartitionSpec, type SortOrder } from "../domain/iceberg/metadata.ts";
import type { IcebergSchema } from "../domain/iceberg/schema.ts";
import { lakehouseErrors } from "../errors.ts";
import type { LakehousePorts } from "../lakehouse.ts";
import type { CatalogEntry } from "../ports.ts";
import { readMetadata } from "../table-files.ts";

/** A table as a statement finds it. */
export interface TargetTable {
  /** Its key in the catalog. */
  readonly key: string;
  /** As people read it. */
  readonly name: string;
  readonly entry: CatalogEntry;
  readonly metadataLocation: string;
  readonly metadata: IcebergMetadata;
  readonly schema: IcebergSchema;
  readonly spec: PartitionSpec;
  readonly order: SortOrder | undefined;
}

/** The catalog's key of a table as a statement names it; `main` is the project's own tables. */
function keyOfParts(parts: readonly string[]): string {
  const namespace = parts.slice(0, -1);
  return keyOf({ namespace: namespace.length === 0 ? ["main"] : namespace, name: parts.at(-1) ?? "" });
}

/** Throws `lakehouse/unknown-table`. */
export async function loadTarget({ catalog, store }: LakehousePorts, parts: readonly string[]): Promise<TargetTable> {
  const name = parts.join(".");
  const key = keyOfParts(parts);
  const entry = await catalog.get(key);
  if (entry === undefined)
    throw lakehouseErrors.create("lakehouse/unknown-table", { because: `nothing is called ${name.slice(0, 200)}` });
  if (entry.metadataLocation === null) throw refused(`${name} is a view: what it selects from can be changed`);
  const metadata = await readMetadata(store, entry.metadataLocation);
  const schema = currentSchema(metadata);
  const spec = metadata["partition-specs"].find((one) => one["spec-id"] === metadata["default-spec-id"]);
  if (schema === undefined || spec === undefined) throw new Error(`${name} has no current schema or partition spec`);
  const order = metadata["sort-orders"].find((one) => one["order-id"] === metadata["default-sort-order-id"]);
  return { key, name, entry, metadataLocation: entry.metadataLocation, metadata, schema, spec, order };
}

const ALLOWED = "millwright.sql-writes";
/** What marks the tables that a run makes. */
export const MADE_BY = "millwright.made-by";

/** Throws `lakehouse/road-table`, `lakehouse/unsupported-table`. */
export function refuseUnwritable({ name, metadata }: TargetTable): void {
  const { properties, "format-version": version } = metadata;
  if (version !== 2)
    throw lakehouseErrors.create("lakehouse/unsupported-table", {
      because: `${name} is a table of the format's version ${version}; rows are changed in those of version 2`,
    });
  refuseRoadTable(name, properties);
}

/** What a run makes is the run's to change, unless the table's owner says otherwise. Throws `lakehouse/road-table`. */
export function refuseRoadTable(name: string, properties: Readonly<Record<string, string>>): void {
  const isMade = properties[MADE_BY] !== undefined || properties["millwright.model"] !== undefined;
  if (isMade && properties[ALLOWED] !== "true")
    throw lakehouseErrors.create("lakehouse/road-table", { because: `${name} is made by \`mill run\`` });
}
