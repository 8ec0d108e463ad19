import type { DataFile } from "../iceberg/data-file.ts";
import type { LiveFile } from "../iceberg/scan.ts";

/**
 * The live files of a manifest in few bytes, for a hundred thousand of them to lie in memory: statistics by column, in
 * arrays by file, bounds as they are stored. Nothing in it changes.
 */
export interface PackedManifest {
  readonly files: readonly PackedFile[];
  /** The different partitions that the files lie in. */
  readonly partitions: readonly object[];
  /** By field id. */
  readonly columns: ReadonlyMap<number, PackedColumn>;
  /** About how much memory it takes. */
  readonly bytes: number;
}

export interface PackedFile {
  readonly path: string;
  readonly format: string;
  readonly rows: number;
  readonly fileBytes: number;
  readonly sequenceNumber: number;
  /** Its place among the partitions. */
  readonly partition: number;
  /** Of a delete file, all that its manifest says. */
  readonly whole: DataFile | undefined;
}

/** By file; -1 where the manifest does not say it. */
export interface PackedColumn {
  readonly values: Int32Array | Float64Array;
  readonly nulls: Int32Array | Float64Array;
  readonly nans: Int32Array | Float64Array;
  readonly lower: PackedBytes;
  readonly upper: PackedBytes;
}

/** A text of bytes for each file, one after the other. */
interface PackedBytes {
  readonly all: Buffer;
  /** Where each begins and ends; the same where there is none. */
  readonly ends: Uint32Array;
  readonly present: Uint8Array;
}

interface Growing {
  readonly counts: { readonly values: number[]; readonly nulls: number[]; readonly nans: number[] };
  readonly lower: (Buffer | undefined)[];
  readonly upper: (Buffer | undefined)[];
}

const BYTES_PER_FILE = 200;

export function packManifest(files: Iterable<LiveFile>): PackedManifest {
  const packed: PackedFile[] = [];
  const partitions = new Map<string, { readonly index: number; readonly partition: object }>();
  const columns = new Map<number, Growing>();
  let wholes = 0;
  for (const { file, sequenceNumber } of files) {
    const isData = file.content === 0;
    const key = partitionKey(file.partition);
    const partition = partitions.get(key) ?? { index: partitions.size, partition: file.partition };
    partitions.set(key, partition);
    if (isData) addStatistics(columns, packed.length, file);
    else wholes += 1;
    packed.push({
      path: file.file_path,
      format: file.file_format,
      rows: file.record_count,
      fileBytes: file.file_size_in_bytes,
      sequenceNumber,
      partition: partition.index,
      whole: isData ? undefined : file,
    });
  }
  const done = new Map([...columns].map(([id, growing]) => [id, packColumn(growing, packed.length)]));
  const columnBytes = [...done.values()].reduce((sum, column) => sum + bytesOf(column), 0);
  return {
    files: packed,
    partitions: [...partitions.values()].map((one) => one.partition),
    columns: done,
    bytes: columnBytes + (packed.length + partitions.size + wholes * 10) * BYTES_PER_FILE,
  };
}

/** The same for equal partitions of one spec. */
function partitionKey(partition: object): string {
  const values: readonly unknown[] = Object.values(partition);
  if (values.every((value) => typeof value === "string" || Number.isSafeInteger(value))) return JSON.stringify(values);
  return JSON.stringify(values, (_key, value: unknown) =>
    typeof value === "bigint"
      ? `${value}n`
      : typeof value === "number" && !Number.isFinite(value)
        ? String(value)
        : value,
  );
}

function addStatistics(columns: Map<number, Growing>, index: number, file: DataFile): void {
  const growing = (id: number) => {
    const known = columns.get(id);
    if (known !== undefined) return known;
    const fresh: Growing = { counts: { values: [], nulls: [], nans: [] }, lower: [], upper: [] };
    columns.set(id, fresh);
    return fresh;
  };
  const nans = (file as { readonly nan_value_counts?: DataFile["null_value_counts"] }).nan_value_counts;
  for (const { key, value } of file.value_counts ?? []) growing(key).counts.values[index] = value;
  for (const { key, value } of file.null_value_counts ?? []) growing(key).counts.nulls[index] = value;
  for (const { key, value } of nans ?? []) growing(key).counts.nans[index] = value;
  for (const { key, value } of file.lower_bounds ?? []) growing(key).lower[index] = value;
  for (const { key, value } of file.upper_bounds ?? []) growing(key).upper[index] = value;
}

function packColumn({ counts, lower, upper }: Growing, files: number): PackedColumn {
  return {
    values: packCounts(counts.values, files),
    nulls: packCounts(counts.nulls, files),
    nans: packCounts(counts.nans, files),
    lower: packBytes(lower, files),
    upper: packBytes(upper, files),
  };
}

function packCounts(counts: readonly number[], files: number): Int32Array | Float64Array {
  const isSmall = counts.every((count) => count <= 0x7fffffff);
  const packed = isSmall ? new Int32Array(files) : new Float64Array(files);
  for (let index = 0; index < files; index += 1) packed[index] = counts[index] ?? -1;
  return packed;
}

function packBytes(parts: readonly (Buffer | undefined)[], files: number): PackedBytes {
  const ends = new Uint32Array(files + 1);
  const present = new Uint8Array(files);
  const told: Buffer[] = [];
  let end = 0;
  for (let index = 0; index < files; index += 1) {
    const part = parts[index];
    if (part !== undefined) {
      told.push(part);
      present[index] = 1;
      end += part.length;
    }
    ends[index + 1] = end;
  }
  return { all: Buffer.concat(told, end), ends, present };
}

function bytesOf({ values, nulls, nans, lower, upper }: PackedColumn): number {
  const parts = [values, nulls, nans, lower.all, lower.ends, lower.present, upper.all, upper.ends, upper.present];
  return parts.reduce((sum, part) => sum + part.byteLength, 0);
}

/** What a file says of a column's least or most value; undefined where it does not. */
export function boundIn({ all, ends, present }: PackedBytes, index: number): Buffer | undefined {
  return present[index] === 1 ? all.subarray(ends[index], ends[index + 1]) : undefined;
}
