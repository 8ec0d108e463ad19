import { decodeBound } from "./domain/iceberg/bounds.ts";
import { FileContent, type DataFile } from "./domain/iceberg/data-file.ts";
import type { IcebergMetadata, IcebergSnapshot } from "./domain/iceberg/metadata.ts";
import { orderText, specText } from "./domain/iceberg/partition-text.ts";
import { schemaHistoryOf, type SchemaSince } from "./domain/iceberg/schema-history.ts";
import { fieldsOf, typeText, type IcebergSchema } from "./domain/iceberg/schema.ts";
import type { LiveFile } from "./domain/iceberg/scan.ts";
import { fileAnatomies, type FileAnatomy } from "./file-anatomy.ts";

const FILES_MAX = 500;

/** What the files of a snapshot say of themselves, without being read. */
export interface TableAnatomy {
  readonly snapshotId: string | null;
  readonly fileCount: number;
  readonly deleteFileCount: number;
  /** `day(departed_at)`: how new rows are put into files; null where they are not told apart. */
  readonly partitionedBy: string | null;
  readonly sortedBy: string | null;
  /** The column whose bounds the files' spans are. */
  readonly spansOf: string | null;
  /** The largest first; of very many the largest. */
  readonly files: readonly FileAnatomy[];
  readonly columns: readonly ColumnAnatomy[];
  /** What the columns were, oldest first. */
  readonly schemas: readonly SchemaSince[];
  /** The table's own branches and tags. */
  readonly refs: readonly { readonly name: string; readonly kind: "branch" | "tag"; readonly snapshotId: string }[];
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

export const NO_ANATOMY: TableAnatomy = {
  snapshotId: null,
  fileCount: 0,
  deleteFileCount: 0,
  partitionedBy: null,
  sortedBy: null,
  spansOf: null,
  files: [],
  columns: [],
  schemas: [],
  refs: [],
};

interface Told {
  readonly metadata: IcebergMetadata;
  readonly snapshot: IcebergSnapshot;
  readonly files: readonly LiveFile[];
  /** The short name of a file's location. */
  readonly pathOf: (location: string) => string;
  /** The column whose spans are asked for; unless told, that which the files are sorted or partitioned by. */
  readonly spansOf: string | undefined;
}

export function anatomyOf({ metadata, snapshot, files, pathOf, ...asked }: Told): TableAnatomy {
  const schema = schemaOf(metadata, snapshot);
  const data = files.filter(({ file }) => file.content === FileContent.data).map(({ file }) => file);
  const order = metadata["sort-orders"].find((one) => one["order-id"] === metadata["default-sort-order-id"]);
  const spec = metadata["partition-specs"].find((one) => one["spec-id"] === metadata["default-spec-id"]);
  const columns = (schema?.fields ?? []).map((field) => columnOf(field, data));
  const arranged =
    schema === undefined ? undefined : firstOf([...(order?.fields ?? []), ...(spec?.fields ?? [])], schema);
  const spansOf = asked.spansOf ?? arranged ?? columns.find(({ least, most }) => least !== null && most !== null)?.name;
  return {
    snapshotId: String(snapshot["snapshot-id"]),
    fileCount: data.length,
    deleteFileCount: files.length - data.length,
    partitionedBy: specText(spec, schema),
    sortedBy: orderText(order, schema),
    spansOf: spansOf ?? null,
    files: fileAnatomies({ metadata, schema, files, pathOf }, { spansOf: spansOf ?? null, max: FILES_MAX }),
    columns,
    schemas: schemaHistoryOf(metadata),
    refs: Object.entries(metadata.refs).map(([name, ref]) => ({
      name,
      kind: ref.type,
      snapshotId: String(ref["snapshot-id"]),
    })),
  };
}

/** The column that the first of these fields is of. */
function firstOf(fields: readonly { readonly "source-id": number }[], schema: IcebergSchema): string | undefined {
  const id = fields[0]?.["source-id"];
  return id === undefined ? undefined : fieldsOf(schema).find((field) => field.id === id)?.name;
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
