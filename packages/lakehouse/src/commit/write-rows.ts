import { writePoint, type Column } from "@millwright/kernel";
import type { SchemaChange } from "../domain/iceberg/metadata.ts";
import { quoteName } from "../domain/names.ts";
import { lakehouseErrors } from "../errors.ts";
import type { LakehousePorts } from "../lakehouse.ts";
import type { StoredFile, WrittenFile } from "../ports.ts";
import type { TableBase } from "./table-base.ts";
import type { WriteRequest } from "./write-request.ts";

/** The columns that the table is to have. Throws `lakehouse/schema-changed` where rows are to lie beside others. */
export async function columnsFor(
  ports: LakehousePorts,
  request: WriteRequest,
  base: TableBase,
): Promise<readonly Column[]> {
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

/** Writes the rows into a data file, which is durable when this resolves. */
export async function writeRows(
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
  const [digest] = await Promise.all([store.digest(path), store.sync(path)]);
  writePoint("lakehouse/data/after-sync");
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
