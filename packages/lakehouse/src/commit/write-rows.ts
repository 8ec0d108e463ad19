import { writePoint, type Column } from "@millwright/kernel";
import type { SchemaChange } from "../domain/iceberg/metadata.ts";
import { makeDurable, writeData, type WrittenData } from "../dml/write-data.ts";
import { withNanCounts } from "../dml/nan-counts.ts";
import { dataFileOf } from "../domain/iceberg/data-file.ts";
import { duckdbTypeOf } from "../domain/iceberg/duckdb-type.ts";
import { typeText, type IcebergSchema } from "../domain/iceberg/schema.ts";
import { quoteName } from "../domain/names.ts";
import { lakehouseErrors } from "../errors.ts";
import type { LakehousePorts } from "../lakehouse.ts";
import type { WrittenFile } from "../ports.ts";
import { liveFilesOf, scanOf } from "../table-files.ts";
import { asInFiles, fileSchemaOf } from "./file-schema.ts";
import type { TableBase } from "./table-base.ts";
import type { WriteLayout } from "./write-layout.ts";
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

interface RowsOf {
  /** Of the table, in the store. */
  readonly place: string;
  readonly request: WriteRequest;
  readonly base: TableBase;
  readonly change: SchemaChange;
  readonly layout: WriteLayout;
  readonly properties: Readonly<Record<string, string>>;
}

/** Writes the rows into data files. */
export async function writeRows(ports: LakehousePorts, told: RowsOf): Promise<WrittenData> {
  const { place, request, base, change, layout, properties } = told;
  const { schema } = change;
  const rows = await selectOf(ports, request, base);
  // Of a table whose files stay beside what is written.
  const kept = request.mode === "append" ? base.metadata : undefined;
  const fileSchema =
    kept === undefined
      ? schema
      : await fileSchemaOf(ports, kept, { schema, beside: () => liveFilesOf(ports.store, kept) });
  const { spec, order } = layout;
  const isPlain = spec.fields.length === 0 && order === undefined;
  if (isPlain && properties["write.target-file-size-bytes"] === undefined)
    return writeOneFile(ports, asInFiles(rows, schema, fileSchema), { ...told, fileSchema });
  const casts = schema.fields.map(
    ({ name, type }) => `CAST(${quoteName(name)} AS ${duckdbTypeOf(type, name)}) AS ${quoteName(name)}`,
  );
  const select = `SELECT ${casts.join(", ")} FROM (${rows}\n)`;
  return writeData(ports, {
    select,
    schema,
    fileSchema,
    spec,
    order,
    properties,
    folder: `${place}/data`,
  });
}

async function writeOneFile(
  { store, engine, ids }: LakehousePorts,
  select: string,
  { place, change: { schema }, layout, properties, fileSchema }: RowsOf & { readonly fileSchema: IcebergSchema },
): Promise<WrittenData> {
  const folder = `${place}/data`;
  const path = `${folder}/${ids()}.parquet`;
  await store.prepareFolder(folder);
  writePoint("lakehouse/data/before-write");
  const columns = fileSchema.fields.map(({ id, name, type }) => ({ id, name, type: typeText(type) }));
  const file = await writtenOrGone({ store, engine }, { select, columns, path });
  const specId = layout.spec["spec-id"];
  const counted = await withNanCounts(engine, [file], fileSchema);
  return {
    added: counted.map((one) => ({ file: dataFileOf(one, schema, { properties, fileSchema }), specId })),
    stored: makeDurable({ store }, [file]),
  };
}

/** What a statement that failed has left of its file is deleted: nothing leads to it. */
async function writtenOrGone(
  { store, engine }: Pick<LakehousePorts, "store" | "engine">,
  { path, ...request }: Parameters<LakehousePorts["engine"]["writeParquet"]>[0],
): Promise<WrittenFile> {
  try {
    return await engine.writeParquet({ ...request, path: store.locate(path) });
  } catch (error) {
    await store.remove(path).catch(() => undefined);
    throw error;
  }
}

/**
 * A merge is written as the table without the replaced rows, and the new ones: the table as its commit will be upon, which
 * the engine's own view of it may not have seen yet where another process writes too.
 */
async function selectOf(
  ports: LakehousePorts,
  { select, mode, uniqueKey = [] }: WriteRequest,
  { metadata }: TableBase,
): Promise<string> {
  if (mode !== "merge" || metadata === undefined) return select;
  const keys = uniqueKey
    .map((key) => `fresh.${quoteName(key)} IS NOT DISTINCT FROM old.${quoteName(key)}`)
    .join(" AND ");
  return (
    `WITH fresh AS MATERIALIZED (${select}\n) SELECT old.* FROM (${await scanOf(ports, metadata)}) AS old ` +
    `WHERE NOT EXISTS (SELECT 1 FROM fresh WHERE ${keys}) UNION ALL BY NAME SELECT * FROM fresh`
  );
}
