import { isMillError } from "@millwright/kernel";
import { duckdbTypeOf } from "./domain/iceberg/duckdb-type.ts";
import { currentSchema, type IcebergMetadata } from "./domain/iceberg/metadata.ts";
import type { IcebergField } from "./domain/iceberg/schema.ts";
import { quoteText } from "./domain/names.ts";
import { textOf } from "./domain/text.ts";
import { lakehouseErrors } from "./errors.ts";
import { parquetColumns } from "./parquet-columns.ts";
import type { ObjectStore, SqlEngine } from "./ports.ts";
import { isFileFault, liveFilesOf, pathIn } from "./table-files.ts";

const FILES_MAX = 500;

interface Reader {
  readonly store: ObjectStore;
  readonly engine: Pick<SqlEngine, "query">;
}

interface Fault {
  readonly code: "lakehouse/damaged-file" | "lakehouse/missing-file" | "lakehouse/unfit-file";
  readonly because: string;
}

/**
 * The error of the table's file that kept the engine from an answer, where it was one; otherwise the error as it is. Looks
 * at the footers of the live files, at most 500 of them.
 */
export async function fileFault(reader: Reader, metadata: IcebergMetadata, error: unknown): Promise<unknown> {
  if (!isPerhapsOfFile(metadata, error)) return error;
  try {
    const files = await liveFilesOf(reader.store, metadata);
    for (const { file } of files.slice(0, FILES_MAX)) {
      const path = pathIn(reader.store, file.file_path);
      const fields = file.content === 0 ? (currentSchema(metadata)?.fields ?? []) : [];
      const fault = path === undefined ? undefined : await faultOf(reader, path, fields);
      if (fault !== undefined) return lakehouseErrors.create(fault.code, { because: fault.because, cause: error });
    }
  } catch (other) {
    return isFileFault(other) ? other : error;
  }
  return error;
}

/** What the engine says of a file, or of what lies in one; a column that it misses may be one that the table has. */
function isPerhapsOfFile(metadata: IcebergMetadata, error: unknown): boolean {
  if (!isMillError(error)) return false;
  if (error.code === "lakehouse/unreadable-file") return true;
  if (error.code !== "lakehouse/sql-error") return false;
  if (/^(?:IO|Invalid Input|Conversion|Invalid|Serialization) Error/i.test(error.because)) return true;
  const [, missed] = /^Binder Error: Referenced column "([^"]+)"/.exec(error.because) ?? [];
  return currentSchema(metadata)?.fields.some(({ name }) => name === missed) === true;
}

async function faultOf(
  { store, engine }: Reader,
  path: string,
  fields: readonly IcebergField[],
): Promise<Fault | undefined> {
  if (!(await store.exists(path))) return { code: "lakehouse/missing-file", because: `${path} is missing` };
  const place = store.locate(path);
  try {
    const columns = (await parquetColumns(engine, [place])).get(place) ?? [];
    const { rows } = await engine.query(
      `DESCRIBE SELECT * FROM read_parquet(${quoteText(place)}, hive_partitioning = false)`,
    );
    const types = new Map(rows.map(([name, type]) => [textOf(name), textOf(type)]));
    const hasIds = columns.some(({ id }) => id !== undefined);
    for (const field of fields) {
      const own = columns.find(({ id, name }) => (hasIds ? id === field.id : name === field.name));
      const type = own === undefined ? undefined : types.get(own.name);
      const wanted = duckdbTypeOf(field.type, field.name);
      if (type !== undefined && !isReadAs(type, wanted))
        return unfit(path, `its column ${field.name} is ${type}, and the table's is ${wanted}`);
    }
    const isOne = ({ id, name }: IcebergField) => columns.some((one) => (hasIds ? one.id === id : one.name === name));
    if (fields.length > 0 && !fields.some(isOne)) return unfit(path, "it has none of the table's columns");
    return undefined;
  } catch (error) {
    if (!isMillError(error)) throw error;
    return { code: "lakehouse/damaged-file", because: `${path} cannot be read: ${error.because}` };
  }
}

function unfit(path: string, because: string): Fault {
  return { code: "lakehouse/unfit-file", because: `${path} does not fit its table: ${because}` };
}

/** By what a table's column may have been before (Iceberg specification, "Schema Evolution"), and as engines store it. */
const WIDENED: Readonly<Record<string, readonly string[]>> = {
  INTEGER: ["TINYINT", "SMALLINT", "UTINYINT", "USMALLINT"],
  BIGINT: ["TINYINT", "SMALLINT", "INTEGER", "UTINYINT", "USMALLINT", "UINTEGER"],
  DOUBLE: ["FLOAT"],
  TIMESTAMP: ["DATE", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE"],
  "TIMESTAMP WITH TIME ZONE": ["TIMESTAMP"],
  TIMESTAMPTZ: ["TIMESTAMP", "TIMESTAMP WITH TIME ZONE"],
};

/** What is nested is believed. */
function isReadAs(type: string, wanted: string): boolean {
  if (type === wanted || /[([]/.test(wanted) || /STRUCT|MAP|\[\]/.test(type)) return true;
  return WIDENED[wanted]?.includes(type) === true || !/^[A-Z ]+$/.test(type);
}
