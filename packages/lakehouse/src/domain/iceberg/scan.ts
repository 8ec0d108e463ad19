import { quoteName, quoteText } from "../names.ts";
import { duckdbTypeOf } from "./duckdb-type.ts";
import type { DataFile } from "./data-file.ts";
import { notAmong, notAmongIn, PLAIN } from "./deleted-positions.ts";
import { deletesOf, type OwnDeletes } from "./deletes-of.ts";
import { missingValue } from "./initial-default.ts";
import { columnIn, type FileNames } from "./nested-columns.ts";
import { canonical, type IcebergField, type IcebergSchema } from "./schema.ts";

/** A data or delete file that is live in a snapshot. */
export interface LiveFile {
  readonly file: DataFile;
  /** Deletes are of what was there before them, by this. */
  readonly sequenceNumber: number;
  readonly specId: number;
}

/** What must be known to read a snapshot's rows. Paths are those by which the engine opens files. */
export interface Scan {
  readonly files: readonly LiveFile[];
  readonly schema: IcebergSchema;
  /** Every schema the table has had: equality deletes may be by columns that it has no more. */
  readonly schemas: readonly IcebergSchema[];
  /** The specs that do not partition: an equality delete of such a one is of the whole table. */
  readonly unpartitioned: ReadonlySet<number>;
  /** Whether each row tells where it lies, in the columns FILE and POSITION. */
  readonly tellsPlaces?: boolean;
  /** The rows that each deletion vector takes away, by `vectorKey`. */
  readonly vectors?: ReadonlyMap<string, readonly number[]>;
  /** What each file calls its fields: only where a column was ever of another type, or something within one. */
  readonly fileNames?: FilesNames;
}

/** Whether deletes are a deletion vector of one data file (version 3), in a Puffin file with others. */
export function isVector({ file }: LiveFile): boolean {
  return file.content !== DATA && file.file_format.toUpperCase() === "PUFFIN";
}

export function vectorKey({ file }: LiveFile): string {
  return `${file.content_offset ?? 0} ${file.file_path}`;
}

/** The columns that tell where a row lies: its file, as the engine opens it, and its number in it. No column of a person is called so. */
export const FILE = quoteName("mill file");
export const POSITION = quoteName("mill position");

/** By the path of the file. */
export type FilesNames = ReadonlyMap<string, FileColumns>;

/** The columns of a file as it has them itself. */
interface FileColumns {
  readonly names: FileNames;
  /** The same for files that can be read as one. */
  readonly kind: string;
}

const DATA = 0;

/** The SELECT of a snapshot's rows: each file's columns by field id, without the rows that its deletes take away. */
export function scanSelect(scan: Scan): string {
  const { schema } = scan;
  const data = scan.files.filter(({ file }) => file.content === DATA);
  const columns = schema.fields.map(({ name }) => quoteName(name));
  if (data.length === 0) {
    const places = scan.tellsPlaces === true ? [`NULL::VARCHAR AS ${FILE}`, `NULL::BIGINT AS ${POSITION}`] : [];
    return `SELECT ${[...columns, ...places].join(", ")} FROM (${noRows(schema)})`;
  }
  const places = scan.tellsPlaces === true ? [`filename AS ${FILE}`, `file_row_number AS ${POSITION}`] : [];
  const names = [...columns, ...places].join(", ");
  const parts = groupsOf(scan, data).map((group) => {
    const { paths, positions, equalities } = group;
    if (positions.length === 0 && equalities.length === 0)
      return `SELECT ${names} FROM ${reading(paths, scan, schema.fields, scan.tellsPlaces === true ? PLACES : "")}`;
    return withoutDeleted(scan, { ...group, names });
  });
  return parts.join(" UNION ALL ");
}

function noRows({ fields }: IcebergSchema): string {
  const nulls = fields.map(({ name, type }) => `CAST(NULL AS ${duckdbTypeOf(type, name)}) AS ${quoteName(name)}`);
  return `SELECT ${nulls.join(", ")} WHERE false`;
}

interface Group extends OwnDeletes {
  readonly paths: readonly string[];
  /** Whether it is one file that is read by itself. */
  readonly isAlone: boolean;
}

/** So many files may each be a part of the statement. */
const ALONE_MAX = 256;

/** Files that the same deletes are of are read together; those without deletes pay nothing. */
function groupsOf(scan: Scan, data: readonly LiveFile[]): readonly Group[] {
  const of = deletesOf(scan);
  const told = data.map((one) => ({ one, own: of(one) }));
  const few = told.filter(({ own }) => own.positions.length > 0).length <= ALONE_MAX;
  const groups = new Map<string, Group & { paths: string[] }>();
  for (const { one, own } of told) {
    const path = one.file.file_path;
    const alone = own.positions.some(isVector) || (few && own.positions.length > 0);
    const key = alone ? path : [...own.positions, ...own.equalities].map(({ file }) => file.file_path).join("\0");
    const group = groups.get(key) ?? { paths: [], ...own, isAlone: alone };
    group.paths.push(path);
    groups.set(key, group);
  }
  return [...groups.values()];
}

function withoutDeleted(scan: Scan, group: Group & { readonly names: string }): string {
  const { paths, positions, equalities, names, isAlone } = group;
  const [path = ""] = paths;
  const needed = new Set(equalities.flatMap(({ file }) => file.equality_ids ?? []));
  const current = new Set(scan.schema.fields.map(({ id }) => id));
  const further = [...needed]
    .filter((id) => !current.has(id))
    .map((id) => ({ ...fieldOf(scan, id), name: hidden(id) }));
  const from = reading(paths, scan, [...scan.schema.fields, ...further], PLACES);
  const byPosition = withoutPositions(scan, { positions, path, isAlone });
  const byValue = equalities.map((deletes) => {
    const fields = (deletes.file.equality_ids ?? []).map((id) => fieldOf(scan, id));
    const renamed = fields.map((field) => ({ ...field, name: hidden(field.id) }));
    const equal = fields.map(({ id, name }) => {
      const column = current.has(id) ? (scan.schema.fields.find((one) => one.id === id)?.name ?? name) : hidden(id);
      return `gone.${quoteName(hidden(id))} IS NOT DISTINCT FROM kept.${quoteName(column)}`;
    });
    return `NOT EXISTS (SELECT 1 FROM ${byFieldId([deletes.file.file_path], renamed)} AS gone WHERE ${equal.join(" AND ")})`;
  });
  const conditions = [...byPosition, ...byValue];
  return `SELECT ${names} FROM ${from} AS kept${conditions.length === 0 ? "" : ` WHERE ${conditions.join(" AND ")}`}`;
}

/** Where a file has a deletion vector, that holds what position deletes before it said (specification, "Scan Planning"). */
function withoutPositions(
  { vectors }: Scan,
  { positions, path, isAlone }: Pick<Group, "positions" | "isAlone"> & { readonly path: string },
): readonly string[] {
  if (positions.length === 0) return [];
  const vector = positions.find(isVector);
  if (vector !== undefined) {
    const rows = vectors?.get(vectorKey(vector));
    if (rows === undefined) throw new Error(`the deletion vector of ${path} was not read`);
    return rows.length === 0 ? [] : [`kept.file_row_number NOT IN (SELECT unnest([${rows.join(", ")}]::BIGINT[]))`];
  }
  const deletes = positions.map(({ file }) => file.file_path);
  return [isAlone ? notAmongIn(deletes, path) : notAmong(deletes)];
}

const HIDDEN = "field ";

/** The name of a column that the table has no more. */
function hidden(id: number): string {
  return `${HIDDEN}${id}`;
}

function fieldOf({ schema, schemas }: Scan, id: number): IcebergField {
  for (const one of [schema, ...schemas]) {
    const found = one.fields.find((field) => field.id === id);
    if (found !== undefined) return found;
  }
  throw new Error(`an equality delete is by the field ${id}, which no schema of the table has at its top`);
}

/** Columns are in the files, whatever the names of folders around them say. */
const PLACES = "filename = true, file_row_number = true";
const PLACE_NAMES: ReadonlySet<string> = new Set(["filename", "file_row_number"]);

/**
 * Where a table has had one schema, its first, its files have the columns by their names: then the engine knows how many rows
 * they have, and joins the shorter side to the longer.
 */
function reading(paths: readonly string[], scan: Scan, fields: readonly IcebergField[], options = ""): string {
  if (scan.fileNames !== undefined) return byFileNames(paths, { fields, options, fileNames: scan.fileNames });
  const isFirst = scan.schemas.length === 1 && scan.schema["schema-id"] === 0;
  const isPlain = fields.every(
    (field) =>
      !PLACE_NAMES.has(field.name.toLowerCase()) &&
      !field.name.startsWith(HIDDEN) &&
      field["initial-default"] === undefined,
  );
  if (!isFirst || !isPlain) return byFieldId(paths, fields, options);
  return `read_parquet([${paths.map(quoteText).join(", ")}], ${PLAIN}${options === "" ? "" : `, ${options}`})`;
}

/** Files that call their fields alike are read together. */
function byFileNames(
  paths: readonly string[],
  told: { readonly fields: readonly IcebergField[]; readonly options: string; readonly fileNames: FilesNames },
): string {
  const alike = new Map<string, { readonly names: FileNames; readonly paths: string[] }>();
  for (const path of paths) {
    const { names, kind } = told.fileNames.get(path) ?? { names: new Map<number, string>(), kind: "" };
    const group = alike.get(kind) ?? { names, paths: [] };
    group.paths.push(path);
    alike.set(kind, group);
  }
  const further = told.options === "" ? "" : ", filename, file_row_number";
  const options = told.options === "" ? `, ${PLAIN}` : `, ${PLAIN}, ${told.options}`;
  const parts = [...alike.values()].map(({ names, paths: own }) => {
    const columns = told.fields.map((field) => columnIn(field, names)).join(", ");
    return `SELECT ${columns}${further} FROM read_parquet([${own.map(quoteText).join(", ")}]${options})`;
  });
  return `(${parts.join(" UNION ALL ")})`;
}

function byFieldId(paths: readonly string[], fields: readonly IcebergField[], options = ""): string {
  const columns = fields.map(
    (field) =>
      `${field.id}: {name: ${quoteText(field.name)}, type: ${quoteText(duckdbTypeOf(field.type, field.name))}, default_value: ${missingValue(field)}}`,
  );
  const further = options === "" ? `, ${PLAIN}` : `, ${PLAIN}, ${options}`;
  return `read_parquet([${paths.map(quoteText).join(", ")}], schema = MAP {${columns.join(", ")}}${further})`;
}

/**
 * Whether a column was ever of another type. The engine would read what has another name within a column as NULL, and
 * fails to join by a column that it must widen as it reads it.
 */
export function hasOtherTypes({ schema, schemas }: Pick<Scan, "schema" | "schemas">): boolean {
  return schema.fields.some(({ id, type }) =>
    schemas.some((one) => {
      const before = one.fields.find((field) => field.id === id);
      return before !== undefined && canonical(before.type) !== canonical(type);
    }),
  );
}
