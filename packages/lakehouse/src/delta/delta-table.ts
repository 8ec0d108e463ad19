import { quoteName, quoteText } from "../domain/names.ts";
import { lakehouseErrors } from "../errors.ts";
import { parquetColumns } from "../parquet-columns.ts";
import type { SqlEngine } from "../ports.ts";
import type { AddFile, DeltaProtocol } from "./delta-actions.ts";
import { deletedRows, vectorPath, type DeletionVector } from "./deletion-vectors.ts";
import { replayDelta, type DeltaLogFiles, type DeltaState } from "./delta-log.ts";

/** A Delta table of others, wherever it lies. */
export interface DeltaPlace {
  readonly log: DeltaLogFiles;
  /** The absolute place of a file of the table, by its path there, unescaped. Throws for what lies elsewhere. */
  locate(path: string): string;
  read(place: string): Promise<Uint8Array>;
}

/** A Delta table at one version, to be read in SQL. */
export interface DeltaTable {
  readonly version: number;
  readonly bytes: number;
  /** Its plain columns under their names, for FROM. What is nested is left out. */
  readonly relation: string;
}

/** What a reader must know of, or may pass over because it is of writing. */
const READ: ReadonlySet<string> = new Set([
  "columnMapping",
  "deletionVectors",
  "timestampNtz",
  "typeWidening",
  "typeWidening-preview",
  "vacuumProtocolCheck",
]);

/** Opens the newest version, or the one asked for. Throws `lakehouse/unreadable-delta`, `lakehouse/damaged-delta-log`. */
export async function openDelta(
  engine: Pick<SqlEngine, "query">,
  place: DeltaPlace,
  version?: number,
): Promise<DeltaTable> {
  const state = await replayDelta(place.log, engine, version);
  if (state === undefined) throw unreadable("there is no Delta table");
  requireReadable(state.protocol);
  return {
    version: state.version,
    bytes: [...state.files.values()].reduce((sum, { size }) => sum + size, 0),
    relation: await relationOf(engine, place, state),
  };
}

function requireReadable({ minReaderVersion, readerFeatures }: DeltaProtocol): void {
  if (minReaderVersion > 3) throw unreadable(`it needs reader version ${minReaderVersion}`);
  const unknown = (minReaderVersion === 3 ? (readerFeatures ?? []) : []).filter((name) => !READ.has(name));
  if (unknown.length > 0) throw unreadable(`it needs the features ${unknown.join(", ")}`);
}

interface DeltaColumn {
  readonly name: string;
  readonly physical: string;
  /** By which files have it, rather than by its physical name. */
  readonly id: number | undefined;
  /** In SQL. */
  readonly type: string;
  readonly isPartition: boolean;
}

const TYPES: Readonly<Record<string, string>> = {
  boolean: "BOOLEAN",
  byte: "TINYINT",
  short: "SMALLINT",
  integer: "INTEGER",
  long: "BIGINT",
  float: "FLOAT",
  double: "DOUBLE",
  date: "DATE",
  timestamp: "TIMESTAMPTZ",
  timestamp_ntz: "TIMESTAMP",
  string: "VARCHAR",
  binary: "BLOB",
};

interface StoredField {
  readonly name: string;
  readonly type: unknown;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

function columnsOf({ metadata }: DeltaState): readonly DeltaColumn[] {
  const mode = metadata.configuration["delta.columnMapping.mode"] ?? "none";
  const { fields } = JSON.parse(metadata.schemaString) as { readonly fields: readonly StoredField[] };
  return fields.flatMap(({ name, type, metadata: own = {} }) => {
    const sql = typeof type === "string" ? (TYPES[type] ?? decimal(type)) : undefined;
    if (sql === undefined) return [];
    const mapped = own["delta.columnMapping.physicalName"];
    const physical = mode !== "none" && typeof mapped === "string" ? mapped : name;
    const id = own["delta.columnMapping.id"];
    return [
      {
        name,
        physical,
        id: mode === "id" && typeof id === "number" ? id : undefined,
        type: sql,
        isPartition: metadata.partitionColumns.includes(name),
      },
    ];
  });
}

function decimal(type: string): string | undefined {
  return /^decimal\(\d+, ?\d+\)$/.test(type) ? type.toUpperCase() : undefined;
}

interface PlacedFile {
  readonly place: string;
  readonly add: AddFile;
  /** What the file calls the columns that it has. */
  readonly names: ReadonlyMap<string, string>;
}

/** Files that have the same columns, and rows of which none or some are deleted, are read together. */
async function relationOf(engine: Pick<SqlEngine, "query">, place: DeltaPlace, state: DeltaState): Promise<string> {
  const columns = columnsOf(state);
  if (columns.length === 0) throw unreadable("none of its columns is of a plain type");
  const placed = [...state.files.values()].map((add) => ({ add, place: placeOf(place, add.path) }));
  const found = await parquetColumns(
    engine,
    placed.map((file) => file.place),
  );
  const files = placed.map((file): PlacedFile => {
    const own = found.get(file.place) ?? [];
    const names = columns.flatMap(({ name, physical, id }) => {
      const there = own.find((column) => (id === undefined ? column.name === physical : column.id === id));
      return there === undefined ? [] : [[name, there.name] as const];
    });
    return { ...file, names: new Map(names) };
  });
  const groups = Map.groupBy(files, ({ names, add }) => JSON.stringify([[...names], Boolean(add.deletionVector)]));
  if (groups.size === 0) return `(${noRows(columns)})`;
  const parts: string[] = [];
  for (const group of groups.values()) parts.push(await groupSelect(place, columns, group));
  return `(${parts.join(" UNION ALL ")})`;
}

function noRows(columns: readonly DeltaColumn[]): string {
  return `SELECT ${columns.map(({ name, type }) => `CAST(NULL AS ${type}) AS ${quoteName(name)}`).join(", ")} WHERE false`;
}

/** A path in the log is escaped as in a URI. */
function placeOf(place: DeltaPlace, path: string): string {
  try {
    return place.locate(decodeURIComponent(path));
  } catch (error) {
    if (error instanceof URIError) throw unreadable(`the path ${path} is not escaped as it should`);
    throw error;
  }
}

async function groupSelect(
  place: DeltaPlace,
  columns: readonly DeltaColumn[],
  files: readonly PlacedFile[],
): Promise<string> {
  const partitions = columns.filter(({ isPartition }) => isPartition);
  const values = files.map(({ place: own, add }) => {
    const texts = partitions.map(({ physical, name, type }) =>
      literal(type, add.partitionValues[physical] ?? add.partitionValues[name] ?? null),
    );
    return `(${[quoteText(own), ...texts].join(", ")})`;
  });
  const [first] = files;
  const expressions = columns.map(({ name, type, isPartition }) => {
    const own = first?.names.get(name);
    const inFile = own === undefined ? "NULL" : `data.${quoteName(own)}`;
    const value = isPartition ? `parts.p${partitions.findIndex((one) => one.name === name)}` : inFile;
    return `CAST(${value} AS ${type}) AS ${quoteName(name)}`;
  });
  const names = ["place", ...partitions.map((_, index) => `p${index}`)].join(", ");
  const paths = files.map(({ place: own }) => quoteText(own)).join(", ");
  const gone = await deletedOf(place, files);
  const numbered = gone === "" ? "" : ", file_row_number = true";
  return (
    `SELECT ${expressions.join(", ")} FROM read_parquet([${paths}], filename = ${quoteText(FILE)}, union_by_name = true, hive_partitioning = false${numbered}) AS data ` +
    `JOIN (VALUES ${values.join(", ")}) AS parts(${names}) ON data.${FILE} = parts.place${gone}`
  );
}

/** A name that no column of a file has. */
const FILE = "mill__delta_file";

/** As an anti join on file and row number. */
async function deletedOf(place: DeltaPlace, files: readonly PlacedFile[]): Promise<string> {
  const lists: string[] = [];
  for (const { place: own, add } of files) {
    const vector = add.deletionVector as DeletionVector | null | undefined;
    if (!vector) continue;
    const path = vectorPath(vector);
    const rows = deletedRows(vector, path === undefined ? undefined : await place.read(placeOf(place, path)));
    lists.push(`SELECT ${quoteText(own)} AS place, unnest([${rows.join(", ")}]::BIGINT[]) AS pos`);
  }
  if (lists.length === 0) return "";
  return ` WHERE NOT EXISTS (SELECT 1 FROM (${lists.join(" UNION ALL ")}) AS gone WHERE gone.place = data.${FILE} AND gone.pos = data.file_row_number)`;
}

/** A partition's value (the protocol, "Partition Value Serialization"): an empty text is none, a time without a zone is in UTC. */
function literal(type: string, text: string | null): string {
  if (text === null || text === "") return `CAST(NULL AS ${type})`;
  if (type === "BLOB") return `encode(${quoteText(text)})`;
  const zoned = type === "TIMESTAMPTZ" && !/(?:Z|[+-]\d\d:?\d\d)$/.test(text) ? `${text}+00` : text;
  return `CAST(${quoteText(zoned)} AS ${type})`;
}

function unreadable(because: string): Error {
  return lakehouseErrors.create("lakehouse/unreadable-delta", { because });
}
