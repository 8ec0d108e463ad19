import type { Column } from "@millwright/kernel";
import { decodeBound } from "./domain/iceberg/bounds.ts";
import type { DataFile } from "./domain/iceberg/data-file.ts";
import { columnsOf, type IcebergMetadata, type IcebergSnapshot } from "./domain/iceberg/metadata.ts";
import { typeText, type IcebergSchema } from "./domain/iceberg/schema.ts";

const FILES_MAX = 500;

/** What the files of a snapshot say of themselves, without being read. */
export interface TableAnatomy {
  readonly snapshotId: string | null;
  readonly fileCount: number;
  /** The largest first; of very many the largest. */
  readonly files: readonly {
    readonly path: string;
    readonly rows: number;
    readonly bytes: number;
    readonly partition: string | null;
  }[];
  readonly columns: readonly ColumnAnatomy[];
  /** What the columns were, oldest first. */
  readonly schemas: readonly SchemaSince[];
}

interface ColumnAnatomy {
  readonly name: string;
  readonly type: string;
  /** As they are stored, compressed. */
  readonly bytes: number;
  readonly nulls: number;
  /** As text; of a long text its first letters. Null where a file does not say it. */
  readonly least: string | null;
  readonly most: string | null;
}

interface SchemaSince {
  readonly schemaId: number;
  readonly snapshotId: string;
  readonly sinceMs: number;
  readonly columns: readonly Column[];
}

export const NO_ANATOMY: TableAnatomy = { snapshotId: null, fileCount: 0, files: [], columns: [], schemas: [] };

interface Told {
  readonly metadata: IcebergMetadata;
  readonly snapshot: IcebergSnapshot;
  readonly files: readonly DataFile[];
  /** The short name of a file's location. */
  readonly pathOf: (location: string) => string;
}

export function anatomyOf({ metadata, snapshot, files, pathOf }: Told): TableAnatomy {
  const schema = schemaOf(metadata, snapshot);
  const data = files.filter(({ content }) => content === 0);
  const largest = data.toSorted((one, other) => other.file_size_in_bytes - one.file_size_in_bytes);
  return {
    snapshotId: String(snapshot["snapshot-id"]),
    fileCount: data.length,
    files: largest.slice(0, FILES_MAX).map((file) => ({
      path: pathOf(file.file_path),
      rows: file.record_count,
      bytes: file.file_size_in_bytes,
      partition: partitionText(file.partition),
    })),
    columns: (schema?.fields ?? []).map((field) => columnOf(field, data)),
    schemas: schemasOf(metadata),
  };
}

function columnOf({ id, name, type }: IcebergSchema["fields"][number], files: readonly DataFile[]): ColumnAnatomy {
  const sum = (of: "column_sizes" | "null_value_counts") =>
    files.reduce((all, file) => all + (file[of]?.find(({ key }) => key === id)?.value ?? 0), 0);
  const bounds = (of: "lower_bounds" | "upper_bounds") =>
    files
      // A file in which all is null has no bounds, and does not move those of the others.
      .filter(({ null_value_counts, record_count }) => nullsIn(null_value_counts, id) < record_count)
      .map((file) => {
        const bound = file[of]?.find(({ key }) => key === id)?.value;
        return bound === undefined ? undefined : decodeBound(typeText(type), bound);
      });
  return {
    name,
    type: typeText(type),
    bytes: sum("column_sizes"),
    nulls: sum("null_value_counts"),
    least: extreme(bounds("lower_bounds"), -1),
    most: extreme(bounds("upper_bounds"), 1),
  };
}

function nullsIn(counts: DataFile["null_value_counts"], id: number): number {
  return counts?.find(({ key }) => key === id)?.value ?? 0;
}

type Bound = ReturnType<typeof decodeBound>;

/** The least or most of the files' bounds; null when one of them does not say its own. */
function extreme(bounds: readonly Bound[], sign: 1 | -1): string | null {
  const [first, ...others] = bounds;
  if (first === undefined) return null;
  let found = first;
  for (const bound of others) {
    if (bound === undefined) return null;
    if (sign * compare(bound.value, found.value) > 0) found = bound;
  }
  return found.text;
}

function compare(one: string | number | bigint, other: string | number | bigint): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

function schemaOf(metadata: IcebergMetadata, snapshot: IcebergSnapshot): IcebergSchema | undefined {
  const id = snapshot["schema-id"] ?? metadata["current-schema-id"];
  return metadata.schemas.find((one) => one["schema-id"] === id);
}

/** `day=20420, carrier=AA`; null where the table is not partitioned. */
function partitionText(partition: object): string | null {
  const fields = Object.entries(partition).map(([name, value]) => `${name}=${String(value)}`);
  return fields.length === 0 ? null : fields.join(", ");
}

/** Each set of columns that a snapshot had, since when it has had them. */
function schemasOf(metadata: IcebergMetadata): readonly SchemaSince[] {
  const told = metadata.snapshots.map((snapshot) => ({ snapshot, schema: schemaOf(metadata, snapshot) }));
  return told
    .filter(({ schema }, index) => index === 0 || told[index - 1]?.schema !== schema)
    .map(({ snapshot, schema }) => ({
      schemaId: schema?.["schema-id"] ?? 0,
      snapshotId: String(snapshot["snapshot-id"]),
      sinceMs: snapshot["timestamp-ms"],
      columns: columnsOf(schema),
    }));
}
