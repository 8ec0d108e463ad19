import type { MirrorPorts } from "../mirror-format.ts";
import { nameOfField, partitionText, type MirroredFile, type MirroredTable } from "../mirrored-table.ts";
import { parquetColumns } from "../../parquet-columns.ts";
import { physicalNamesOf } from "../physical-names.ts";
import { refusedByHudi } from "./hudi-schema.ts";

/** A data file as a file group of a Hudi table. */
export interface HudiFile {
  /** The data file in the lake. */
  readonly source: string;
  /** Empty where the table is not partitioned. */
  readonly partition: string;
  readonly rows: number;
  readonly bytes: number;
  readonly fileId: string;
  /** Relative to the table. */
  readonly path: string;
}

export interface HudiPlan {
  readonly partitionFields: readonly string[];
  readonly files: readonly Omit<HudiFile, "fileId" | "path">[];
}

/** The mirror as it is. */
export interface HudiPresent {
  readonly partitionFields: readonly string[];
  readonly files: readonly Pick<HudiFile, "source">[];
  /** The schema that these files were found to be of. */
  readonly schemaId: number | undefined;
}

/** Plans the mirror. A text is why Hudi cannot hold the table. */
export async function planHudi(
  { store, engine }: Pick<MirrorPorts, "store" | "engine">,
  table: MirroredTable,
  present: HudiPresent | undefined,
): Promise<HudiPlan | string> {
  const { schema, files } = table;
  const known = new Set(present?.schemaId === schema["schema-id"] ? present.files.map(({ source }) => source) : []);
  const fresh = files.filter(({ path }) => !known.has(path));
  const columns = await parquetColumns(
    engine,
    fresh.map(({ path }) => store.locate(path)),
  );
  const told = fresh.map((file) => ({ ...file, columns: columns.get(store.locate(file.path)) ?? [] }));
  const agreed = physicalNamesOf(schema, told);
  if ("conflict" in agreed) return `${agreed.conflict}; Hudi finds columns by their name in the files`;
  const refused = refusedByHudi(schema, agreed.names);
  if (refused !== undefined) return refused;
  const partial = told.find((file) => leavesOut(table, file) !== undefined);
  if (partial !== undefined)
    return `a data file leaves out the column ${leavesOut(table, partial) ?? ""}, by which it is partitioned`;
  const shared = table.partitionIds.map((id) => nameOfField(table, id));
  const partitionFields = present?.partitionFields ?? shared;
  const lost = partitionFields.find((name) => !shared.includes(name));
  if (lost !== undefined)
    return `the table is no longer partitioned by ${lost} alone in every file, and a Hudi table keeps its partitioning: drop the mirror and make it anew`;
  return {
    partitionFields,
    files: files.map((file) => ({
      source: file.path,
      partition: partitionPath(table, { file, partitionFields }),
      rows: file.file.record_count,
      bytes: file.file.file_size_in_bytes,
    })),
  };
}

function leavesOut(
  table: MirroredTable,
  { partition, columns }: MirroredFile & { readonly columns: readonly { readonly id: number | undefined }[] },
): string | undefined {
  const id = [...partition.keys()].find((one) => !columns.some((column) => column.id === one));
  return id === undefined || nameOfField(table, id) === "" ? undefined : nameOfField(table, id);
}

/** `country=de/day=2024-01-01`, each value escaped as in a URI. */
function partitionPath(
  table: MirroredTable,
  { file, partitionFields }: { readonly file: MirroredFile; readonly partitionFields: readonly string[] },
): string {
  return partitionFields
    .map((name) => {
      const field = table.schema.fields.find((one) => one.name === name);
      const text = field === undefined ? null : partitionText(field.type, file.partition.get(field.id));
      return `${name}=${text === null ? "__HIVE_DEFAULT_PARTITION__" : encodeURIComponent(text)}`;
    })
    .join("/");
}
