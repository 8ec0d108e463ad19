import type { WrittenFile } from "../../ports.ts";
import { encodeBound } from "./bounds.ts";
import { metricsModes } from "./metrics.ts";
import type { IcebergField, IcebergSchema } from "./schema.ts";

/** What a file of a table holds: rows, or deletes of rows by position or by equal values. */
export const FileContent = { data: 0, positionDeletes: 1, equalityDeletes: 2 } as const;

/** A data or delete file as manifests tell it. Paths are absolute. */
export interface DataFile {
  readonly content: number;
  readonly file_path: string;
  readonly file_format: string;
  /** The partition's values by the names of the spec's fields. */
  readonly partition: object;
  readonly record_count: number;
  readonly file_size_in_bytes: number;
  readonly column_sizes: readonly IntLong[] | null;
  readonly value_counts: readonly IntLong[] | null;
  readonly null_value_counts: readonly IntLong[] | null;
  readonly nan_value_counts?: readonly IntLong[] | null;
  readonly lower_bounds: readonly IntBytes[] | null;
  readonly upper_bounds: readonly IntBytes[] | null;
  readonly key_metadata?: Buffer | null;
  readonly split_offsets?: readonly (number | bigint)[] | null;
  /** Of a delete file: the columns by whose values it deletes. */
  readonly equality_ids?: readonly number[] | null;
  readonly sort_order_id: number | null;
  /** Of position deletes: the one data file that they are of. */
  readonly referenced_data_file?: string | null;
  /** Of a deletion vector (version 3): where it lies in its Puffin file, and how many bytes it has there. */
  readonly content_offset?: number | null;
  readonly content_size_in_bytes?: number | null;
}

interface IntLong {
  readonly key: number;
  readonly value: number;
}

interface IntBytes {
  readonly key: number;
  readonly value: Buffer;
}

interface DataFileOf {
  /** Of the table: they say how much is told of each column. */
  readonly properties?: Readonly<Record<string, string>>;
  /** The ids of the columns that order the table. */
  readonly ordered?: readonly number[];
  /** The schema with the names that the file has for its columns, where they are others. */
  readonly fileSchema?: IcebergSchema;
}

/** A written Parquet file as a data file of the table, with sizes, counts and bounds by field id. */
export function dataFileOf(
  file: WrittenFile,
  schema: IcebergSchema,
  { properties = {}, ordered = [], fileSchema = schema }: DataFileOf = {},
): DataFile {
  const modes = metricsModes(schema, { properties, ordered });
  const columns = leavesOf(fileSchema.fields).flatMap(({ id, names, type }) => {
    const stats = file.columns[names.join(".")];
    const mode = modes.get(id) ?? { kind: "none" };
    return stats === undefined || mode.kind === "none" ? [] : [{ id, type, stats, mode }];
  });
  const bounds = (side: "min" | "max") =>
    columns.flatMap(({ id, type, stats, mode }) => {
      const text = stats[side];
      if (text === undefined || mode.kind === "counts") return [];
      const length = mode.kind === "truncate" ? mode.length : Infinity;
      const value = encodeBound({ type, text, side, length });
      return value === undefined ? [] : [{ key: id, value }];
    });
  return {
    content: FileContent.data,
    file_path: file.path,
    file_format: "PARQUET",
    partition: {},
    record_count: file.rows,
    file_size_in_bytes: file.bytes,
    column_sizes: columns.map(({ id, stats }) => ({ key: id, value: stats.bytes })),
    value_counts: columns.map(({ id, stats }) => ({ key: id, value: stats.values })),
    null_value_counts: columns.map(({ id, stats }) => ({ key: id, value: stats.nulls })),
    nan_value_counts: columns.flatMap(({ id, stats }) => {
      const nans = stats.hasNan === false ? 0 : stats.nans;
      return nans === undefined ? [] : [{ key: id, value: nans }];
    }),
    lower_bounds: bounds("min"),
    upper_bounds: bounds("max"),
    sort_order_id: 0,
  };
}

/** The columns without columns of their own, within structs too. Of what is in lists and maps nothing is told. */
export function leavesOf(
  fields: readonly IcebergField[],
  prefix: readonly string[] = [],
): readonly { readonly id: number; readonly names: readonly string[]; readonly type: string }[] {
  return fields.flatMap(({ id, name, type }) => {
    const names = [...prefix, name];
    if (typeof type === "string") return [{ id, names, type }];
    return type.type === "struct" ? leavesOf(type.fields, names) : [];
  });
}
