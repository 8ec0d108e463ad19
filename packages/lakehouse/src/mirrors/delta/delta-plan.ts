import type { IcebergSchema } from "../../domain/iceberg/schema.ts";
import type { MirrorPorts } from "../mirror-format.ts";
import { shortHash } from "../link-names.ts";
import { nameOfField, partitionText, type MirroredFile, type MirroredTable } from "../mirrored-table.ts";
import { parquetColumns } from "../../parquet-columns.ts";
import { physicalNamesOf, type FileColumns, type PhysicalNames } from "../physical-names.ts";
import type { AddFile, DeltaMetadata, DeltaProtocol } from "../../delta/delta-actions.ts";
import type { DeltaState } from "../../delta/delta-log.ts";
import { deltaSchema, hasLocalTimestamps, needsMapping, refusedByDelta } from "./delta-schema.ts";
import { deltaStatistics } from "./delta-statistics.ts";

/** What a Delta table must be for a mirror of a table. */
export interface DeltaPlan {
  readonly protocol: DeltaProtocol;
  readonly metadata: DeltaMetadata;
  /** Every file that is to be there, with the data file that its name is another name of. */
  readonly files: readonly { readonly add: AddFile; readonly source: string }[];
}

/** In the tags of a file: the data file in the lake whose other name it is. */
export const SOURCE_TAG = "millwright.source";

const MAPPING = "delta.columnMapping.mode";

/** Plans the mirror upon what it was. A text is why Delta cannot hold the table. */
export async function planDelta(
  ports: Pick<MirrorPorts, "store" | "engine">,
  table: MirroredTable,
  before: DeltaState | undefined,
): Promise<DeltaPlan | string> {
  const { schema, metadata } = table;
  const refused = refusedByDelta(schema);
  if (refused !== undefined) return refused;
  const agreed = await agreedNames(ports, table, before);
  if (typeof agreed === "string") return agreed;
  const isMapped = before?.metadata.configuration[MAPPING] === "name" || needsMapping(schema, agreed);
  const partitions = table.partitionIds.map((id) => ({ id, physical: agreed.get(id) ?? nameOfField(table, id) }));
  return {
    protocol: protocolFor(schema, { isMapped, before: before?.protocol }),
    metadata: {
      id: metadata["table-uuid"],
      format: { provider: "parquet", options: {} },
      schemaString: deltaSchema(schema, isMapped ? agreed : undefined),
      partitionColumns: table.partitionIds.map((id) => nameOfField(table, id)),
      configuration: isMapped
        ? { [MAPPING]: "name", "delta.columnMapping.maxColumnId": String(metadata["last-column-id"]) }
        : {},
      createdTime: before?.metadata.createdTime ?? metadata["last-updated-ms"],
    },
    files: table.files.map((file) => ({
      add: addOf(file, { table, names: agreed, partitions }),
      source: file.path,
    })),
  };
}

function addOf(
  { path, file, partition }: MirroredFile,
  told: {
    readonly table: MirroredTable;
    readonly names: PhysicalNames;
    readonly partitions: readonly { readonly id: number; readonly physical: string }[];
  },
): AddFile {
  const { schema, metadata } = told.table;
  return {
    path: `${shortHash(path)}.parquet`,
    partitionValues: Object.fromEntries(
      told.partitions.map(({ id, physical }) => [
        physical,
        partitionText(schema.fields.find((field) => field.id === id)?.type, partition.get(id)),
      ]),
    ),
    size: file.file_size_in_bytes,
    modificationTime: metadata["last-updated-ms"],
    dataChange: true,
    stats: deltaStatistics(file, { schema, names: told.names }),
    tags: { [SOURCE_TAG]: path },
  };
}

/** From the first version of tables with features on, what the versions before had by themselves must be named. */
const IMPLIED = ["appendOnly", "invariants"];

function protocolFor(
  schema: IcebergSchema,
  { isMapped, before }: { readonly isMapped: boolean; readonly before: DeltaProtocol | undefined },
): DeltaProtocol {
  const features = new Set(before?.readerFeatures ?? []);
  if (isMapped) features.add("columnMapping");
  if (hasLocalTimestamps(schema)) features.add("timestampNtz");
  if (features.size === 0) return { minReaderVersion: 1, minWriterVersion: 2 };
  const named = [...features].toSorted();
  return {
    minReaderVersion: 3,
    minWriterVersion: 7,
    readerFeatures: named,
    writerFeatures: [...new Set([...IMPLIED, ...named, ...(before?.writerFeatures ?? [])])].toSorted(),
  };
}

/** By the files that are new alone where the columns are those that the mirror had, else by all. */
async function agreedNames(
  { store, engine }: Pick<MirrorPorts, "store" | "engine">,
  table: MirroredTable,
  before: DeltaState | undefined,
): Promise<PhysicalNames | string> {
  const { schema, files } = table;
  const columnsOf = async (some: readonly MirroredFile[]): Promise<readonly (FileColumns & MirroredFile)[]> => {
    const found = await parquetColumns(
      engine,
      some.map(({ path }) => store.locate(path)),
    );
    return some.map((file) => ({ ...file, columns: found.get(store.locate(file.path)) ?? [] }));
  };
  const known = knownNames(schema, before);
  if (known !== undefined && before !== undefined) {
    const fresh = await columnsOf(files.filter(({ path }) => !before.files.has(`${shortHash(path)}.parquet`)));
    const result = physicalNamesOf(schema, fresh, known);
    if ("names" in result) return withoutPartition(table, fresh) ?? result.names;
  }
  const all = await columnsOf(files);
  const result = physicalNamesOf(schema, all);
  if ("names" in result) return withoutPartition(table, all) ?? result.names;
  return `${result.conflict}; Delta finds columns by their name in the files`;
}

/** A column by which a file is partitioned may be left out of the file only where Delta is told of it. */
function withoutPartition(table: MirroredTable, files: readonly (FileColumns & MirroredFile)[]): string | undefined {
  for (const { partition, columns } of files)
    for (const id of partition.keys()) {
      const name = nameOfField(table, id);
      if (name === "" || table.partitionIds.includes(id) || columns.some((column) => column.id === id)) continue;
      return `a data file leaves out the column ${name}, by which it is partitioned and not every file is`;
    }
  return undefined;
}

/** What the mirror's schema calls the columns in files; undefined when it is of other columns. */
function knownNames(schema: IcebergSchema, before: DeltaState | undefined): PhysicalNames | undefined {
  if (before === undefined) return undefined;
  const known = new Map<number, string>();
  collect(JSON.parse(before.metadata.schemaString), known);
  const wanted = new Map<number, string>();
  collect(JSON.parse(deltaSchema(schema, undefined)), wanted);
  return wanted.size === known.size && [...wanted.keys()].every((id) => known.has(id)) ? known : undefined;
}

/** Fields at any depth of a schema, which are objects with a name and metadata. */
function collect(value: unknown, into: Map<number, string>): void {
  if (typeof value !== "object" || value === null) return;
  if (Array.isArray(value)) {
    for (const one of value) collect(one, into);
    return;
  }
  const { name, metadata, ...rest } = value as { name?: unknown; metadata?: Readonly<Record<string, unknown>> };
  const id = metadata?.["iceberg.field.id"];
  if (typeof id === "number") into.set(id, String(metadata?.["delta.columnMapping.physicalName"] ?? name));
  for (const one of Object.values(rest)) collect(one, into);
}
