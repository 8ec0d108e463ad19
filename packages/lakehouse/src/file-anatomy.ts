import { decodeBound } from "./domain/iceberg/bounds.ts";
import { FileContent, type DataFile } from "./domain/iceberg/data-file.ts";
import type { IcebergMetadata } from "./domain/iceberg/metadata.ts";
import { partitionText } from "./domain/iceberg/partition-text.ts";
import { deletesOf } from "./domain/iceberg/deletes-of.ts";
import type { LiveFile } from "./domain/iceberg/scan.ts";
import { typeText, type IcebergSchema } from "./domain/iceberg/schema.ts";

/** What is told of one data file. */
export interface FileAnatomy {
  readonly path: string;
  readonly rows: number;
  readonly bytes: number;
  /** `day=2001-01-08, carrier=AA`; null where the table is not partitioned. */
  readonly partition: string | null;
  /** When its snapshot was committed; null where that snapshot is forgotten. */
  readonly addedAtMs: number | null;
  /** Delete files that may take away rows of it, and how many they do at most. */
  readonly deleteFiles: number;
  readonly deletedRowsMax: number;
  /** Of the column that spans are of. */
  readonly span: FileSpan | null;
}

/** From where to where a file's values of a column reach: as text, and as shares of all that the table has. */
interface FileSpan {
  readonly least: string;
  readonly most: string;
  readonly from: number;
  readonly to: number;
}

export interface SnapshotFiles {
  readonly metadata: IcebergMetadata;
  readonly schema: IcebergSchema | undefined;
  readonly files: readonly LiveFile[];
  /** The short name of a file's location. */
  readonly pathOf: (location: string) => string;
}

/** The data files, the largest first, at most so many, each with what deletes and a column's bounds say of it. */
export function fileAnatomies(
  { metadata, schema, files, pathOf }: SnapshotFiles,
  { spansOf, max }: { readonly spansOf: string | null; readonly max: number },
): readonly FileAnatomy[] {
  const data = files.filter(({ file }) => file.content === FileContent.data);
  const specs = new Map(metadata["partition-specs"].map((spec) => [spec["spec-id"], spec]));
  const plain = metadata["partition-specs"].filter(({ fields }) => fields.length === 0);
  const unpartitioned = new Set(plain.map((spec) => spec["spec-id"]));
  const deletesIn = deletesOf({ files, unpartitioned });
  const committed = committedAt(metadata);
  const spans = spansIn(data, schema, spansOf);
  return data
    .toSorted((one, other) => other.file.file_size_in_bytes - one.file.file_size_in_bytes)
    .slice(0, max)
    .map((one) => {
      const { positions, equalities } = deletesIn(one);
      const own = [...positions, ...equalities];
      const { file, specId, sequenceNumber } = one;
      return {
        path: pathOf(file.file_path),
        rows: file.record_count,
        bytes: file.file_size_in_bytes,
        partition: partitionText(file.partition, specs.get(specId)),
        addedAtMs: committed.get(sequenceNumber) ?? null,
        deleteFiles: own.length,
        deletedRowsMax: Math.min(
          file.record_count,
          own.reduce((sum, { file: { record_count: count } }) => sum + count, 0),
        ),
        span: spans.get(file) ?? null,
      };
    });
}

/** By the sequence number of a snapshot, when it was committed. The first version of the format has none. */
function committedAt({ snapshots }: IcebergMetadata): ReadonlyMap<number, number> {
  return new Map(snapshots.map((one) => [one["sequence-number"] ?? 0, one["timestamp-ms"]]));
}

type Bound = NonNullable<ReturnType<typeof decodeBound>>;

/** The spans of one column in all files that say them. Texts are as far apart as they are many; all else by its value. */
function spansIn(
  data: readonly LiveFile[],
  schema: IcebergSchema | undefined,
  column: string | null,
): ReadonlyMap<DataFile, FileSpan> {
  const field = schema?.fields.find(({ name }) => name === column);
  if (field === undefined) return new Map();
  const type = typeText(field.type);
  const boundOf = (bounds: DataFile["lower_bounds"]) => {
    const value = bounds?.find(({ key }) => key === field.id)?.value;
    return value === undefined ? undefined : decodeBound(type, value);
  };
  const told = data.flatMap(({ file }) => {
    const [least, most] = [boundOf(file.lower_bounds), boundOf(file.upper_bounds)];
    return least === undefined || most === undefined ? [] : [{ file, least, most }];
  });
  const shareOf = scaleOf(told.flatMap(({ least, most }) => [least.value, most.value]));
  return new Map(
    told.map(({ file, least, most }) => {
      const [from, to] = [shareOf(least.value), shareOf(most.value)];
      return [file, { least: least.text, most: most.text, from, to }];
    }),
  );
}

/** Where a value lies between the least and the most, from 0 to 1. */
function scaleOf(values: readonly Bound["value"][]): (value: Bound["value"]) => number {
  if (values.some((value) => typeof value === "string")) {
    const ranks = new Map([...new Set(values.map(String))].toSorted().map((value, rank) => [value, rank]));
    return (value) => (ranks.get(String(value)) ?? 0) / Math.max(1, ranks.size - 1);
  }
  const numbers = values.map(Number);
  const low = numbers.reduce((one, other) => Math.min(one, other), Number.POSITIVE_INFINITY);
  const high = numbers.reduce((one, other) => Math.max(one, other), Number.NEGATIVE_INFINITY);
  return (value) => (high === low ? 0 : (Number(value) - low) / (high - low));
}
