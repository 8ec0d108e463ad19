import { writePoint } from "@millwright/kernel";
import { asInFiles } from "../commit/file-schema.ts";
import type { AddedFile } from "../commit/snapshot-change.ts";
import { dataFileOf } from "../domain/iceberg/data-file.ts";
import type { PartitionSpec, SortOrder } from "../domain/iceberg/metadata.ts";
import { partitionFolder, partitionOf, type PartitionValue } from "../domain/iceberg/partition-values.ts";
import type { IcebergSchema, IcebergType } from "../domain/iceberg/schema.ts";
import { orderSql, partitionValueSql } from "../domain/iceberg/transform-sql.ts";
import { quoteName, quoteText } from "../domain/names.ts";
import { lakehouseErrors } from "../errors.ts";
import type { LakehousePorts } from "../lakehouse.ts";
import type { FieldId, FieldIds, ObjectStore, StoredFile, WrittenFile } from "../ports.ts";
import { withNanCounts } from "./nan-counts.ts";
import { withScratch } from "./scratch.ts";

/** Rows to be written into data files of a table. */
export interface DataRequest {
  /** Of the schema's columns, in their types. */
  readonly select: string;
  readonly schema: IcebergSchema;
  /** The schema with the names that the files are to have for its columns. */
  readonly fileSchema: IcebergSchema;
  readonly spec: PartitionSpec;
  readonly order: SortOrder | undefined;
  readonly properties: Readonly<Record<string, string>>;
  /** The path in the store below which they are put. */
  readonly folder: string;
}

export interface WrittenData {
  readonly added: readonly AddedFile[];
  readonly stored: Durable;
}

/** Makes files durable, when it is first asked, and tells what lies on the disk. No pointer moves before. */
export type Durable = () => Promise<readonly StoredFile[]>;

export const NOTHING_WRITTEN: WrittenData = { added: [], stored: () => Promise.resolve([]) };

/** What was written in several parts. */
export function together(parts: readonly WrittenData[]): WrittenData {
  return {
    added: parts.flatMap(({ added }) => added),
    stored: async () => (await Promise.all(parts.map((part) => part.stored()))).flat(),
  };
}

/** Writes parts one after the other; one is made durable while the next is written. */
export async function oneByOne<Part>(
  parts: Iterable<Part>,
  write: (part: Part) => Promise<WrittenData>,
): Promise<WrittenData> {
  const written: WrittenData[] = [];
  for (const part of parts) {
    const [next] = await Promise.all([write(part), written.at(-1)?.stored()]);
    written.push(next);
  }
  return together(written);
}

type WriterPorts = Pick<LakehousePorts, "store" | "engine" | "ids">;

const PARTITIONS_MAX = 100_000;
const FILE_BYTES_DEFAULT = 512 * 2 ** 20;
const SYNCS_AT_ONCE = 16;

/**
 * Writes rows by the table's partitioning, sort order and target file size. Rows of a
 * partitioned table are laid aside sorted by partition, on the disk where memory ends, and each partition is then written by
 * itself: one file is open at a time, however many partitions there are.
 */
export async function writeData(ports: WriterPorts, request: DataRequest): Promise<WrittenData> {
  const isPartitioned = request.spec.fields.some(({ transform }) => transform !== "void");
  return isPartitioned ? writePartitions(ports, request) : writeOne(ports, request, { values: [] });
}

async function writePartitions(ports: WriterPorts, request: DataRequest): Promise<WrittenData> {
  const { schema, spec, order, select } = request;
  const keys = spec.fields.map((field, index) => ({
    name: quoteName(`mill partition ${index}`),
    sql: partitionValueSql(field, schema),
  }));
  const names = keys.map(({ name }) => name).join(", ");
  const sorted = [...keys.map(({ name }) => name), ...(order?.fields ?? []).map((field) => orderSql(field, schema))];
  const aside = `SELECT *, ${keys.map(({ name, sql }) => `${sql} AS ${name}`).join(", ")} FROM (${select}\n) ORDER BY ${sorted.join(", ")}`;
  return withScratch(ports, aside, async (scratch) => {
    const { rows } = await ports.engine.query(`SELECT DISTINCT ${names} FROM ${scratch} ORDER BY ${names}`, {
      maxRows: PARTITIONS_MAX,
    });
    if (rows.length === PARTITIONS_MAX)
      throw lakehouseErrors.create("lakehouse/unsupported-statement", {
        because: `the rows are of more than ${PARTITIONS_MAX - 1} partitions: a coarser transform makes fewer`,
      });
    const columns = schema.fields.map(({ name }) => quoteName(name)).join(", ");
    return oneByOne(rows as readonly (readonly PartitionValue[])[], (values) => {
      const isThis = keys.map(({ name }, index) => `${name} ${equals(values[index] ?? null)}`).join(" AND ");
      return writeOne(ports, { ...request, select: `SELECT ${columns} FROM ${scratch} WHERE ${isThis}` }, { values });
    });
  });
}

function equals(value: PartitionValue): string {
  if (value === null) return "IS NULL";
  if (typeof value === "string") return `= ${quoteText(value)}`;
  if (value instanceof Uint8Array) return `= unhex('${Buffer.from(value).toString("hex")}')`;
  return Number.isNaN(value) ? "= 'NaN'" : `= ${value}`;
}

/** The rows of one partition. */
async function writeOne(
  { store, engine, ids }: WriterPorts,
  { select, schema, fileSchema, spec, order, properties, folder }: DataRequest,
  { values }: { readonly values: readonly PartitionValue[] },
): Promise<WrittenData> {
  const place = [folder, ...partitionFolder(spec, values)].join("/");
  await store.prepareFolder(place);
  writePoint("lakehouse/data/before-write");
  const sorted = (order?.fields ?? []).map((field) => orderSql(field, schema));
  const rows = sorted.length === 0 ? select : `SELECT * FROM (${select}\n) ORDER BY ${sorted.join(", ")}`;
  const written = await engine.writeFiles({
    select: asInFiles(rows, schema, fileSchema),
    folder: store.locate(place),
    name: ids(),
    fileBytes: fileBytesOf(properties),
    fieldIds: fieldIdsOf(fileSchema),
  });
  const files = await withNanCounts(engine, written, fileSchema);
  const stored = makeDurable({ store }, files);
  const partition = partitionOf(spec, { schema, values });
  const ordered = (order?.fields ?? []).map((field) => field["source-id"]);
  const sortOrderId = order?.["order-id"] ?? 0;
  return {
    added: files.map((file) => ({
      file: { ...dataFileOf(file, schema, { properties, ordered, fileSchema }), partition, sort_order_id: sortOrderId },
      specId: spec["spec-id"],
    })),
    stored,
  };
}

/** Syncs what the engine has written, some files at a time, and tells their checksums: once, however often it is asked. */
export function makeDurable({ store }: Pick<LakehousePorts, "store">, files: readonly WrittenFile[]): Durable {
  let begun: Promise<readonly StoredFile[]> | undefined;
  return () => (begun ??= syncAll(store, files));
}

async function syncAll(store: ObjectStore, files: readonly WrittenFile[]): Promise<readonly StoredFile[]> {
  const stored: StoredFile[] = [];
  writePoint("lakehouse/data/before-sync");
  for (let start = 0; start < files.length; start += SYNCS_AT_ONCE) {
    const some = files.slice(start, start + SYNCS_AT_ONCE).map(async ({ path: location, bytes }) => {
      const path = store.pathOf(location);
      const digest = await store.seal(path);
      if (digest?.bytes === bytes) return { path, ...digest };
      throw lakehouseErrors.create("lakehouse/damaged-file", {
        because: `${path} has ${digest?.bytes ?? 0} bytes right after ${bytes} were written`,
      });
    });
    stored.push(...(await Promise.all(some)));
  }
  writePoint("lakehouse/data/after-sync");
  return stored;
}

function fileBytesOf(properties: Readonly<Record<string, string>>): number {
  const asked = Number(properties["write.target-file-size-bytes"] ?? FILE_BYTES_DEFAULT);
  return Number.isSafeInteger(asked) && asked > 0 ? asked : FILE_BYTES_DEFAULT;
}

/** The field ids of a schema, for the engine that writes its files. */
export function fieldIdsOf(schema: IcebergSchema): FieldIds {
  return Object.fromEntries(schema.fields.map(({ name, id, type }) => [name, fieldIdOf(id, type)]));
}

function fieldIdOf(id: number, type: IcebergType): FieldId {
  if (typeof type === "string") return id;
  if (type.type === "struct")
    return { id, fields: Object.fromEntries(type.fields.map((one) => [one.name, fieldIdOf(one.id, one.type)])) };
  if (type.type === "list") return { id, fields: { element: fieldIdOf(type["element-id"], type.element) } };
  return { id, fields: { key: fieldIdOf(type["key-id"], type.key), value: fieldIdOf(type["value-id"], type.value) } };
}
