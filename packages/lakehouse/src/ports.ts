import type { Column } from "@millwright/kernel";
import type { NamedParameters, SqlParameters } from "./domain/sql-parameters.ts";

/** A value as it crosses from SQL: timestamps, dates and decimals as text, 64-bit integers as number when exact. */
export type SqlValue = null | boolean | number | bigint | string | Uint8Array | readonly SqlValue[] | SqlStruct;
export interface SqlStruct {
  readonly [field: string]: SqlValue;
}

export interface QueryResult {
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly SqlValue[])[];
  /** True when there were more rows than were asked for. */
  readonly truncated: boolean;
  /** Which files of the tables that were asked were opened. */
  readonly scans?: readonly TableScan[];
}

/** Which of a table's files a statement opens. */
export interface TableScan {
  /** As people read it: `sales.orders`. */
  readonly table: string;
  readonly files: number;
  /** How many data files the table has. */
  readonly filesTotal: number;
  /** Why all files are opened; absent where a condition was held against them. */
  readonly unprunedBecause?: string;
}

/** A part of one column. `valid` has a byte a row, 0 for null; absent means that no row is null. Timestamps are microseconds. */
export interface ColumnVector {
  readonly name: string;
  readonly type: string;
  readonly values: Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array | readonly (string | null)[];
  readonly valid?: Uint8Array;
}

export interface ColumnBatch {
  readonly rows: number;
  readonly columns: readonly ColumnVector[];
}

export interface QueryOptions {
  readonly parameters?: SqlParameters | undefined;
  readonly maxRows?: number | undefined;
  /** Ends the statement: it fails with the signal's reason. What a change has committed stays. */
  readonly signal?: AbortSignal | undefined;
}

/** How rows leave the engine as bytes. `json` is a `QueryResult`; `jsonl` an object a row; `arrow` Arrow's IPC stream. */
export type ResultFormat = "json" | "jsonl" | "csv" | "arrow" | "parquet";

export interface ResultOptions {
  readonly format: ResultFormat;
  /** What there are more of is left away. */
  readonly maxRows?: number | undefined;
  /** A result of more rows fails with `lakehouse/too-many-rows`. */
  readonly rowsLimit?: number | undefined;
  /** Told in the `QueryResult`. */
  readonly scans?: readonly TableScan[] | undefined;
}

/** What an engine may use of the machine. */
export interface EngineLimits {
  readonly memoryMb: number;
  readonly threads: number;
}

/** What one written Parquet file holds, from the writer's own statistics. Bounds are the writer's text. */
export interface WrittenFile {
  readonly path: string;
  readonly rows: number;
  readonly bytes: number;
  /** By name; what is within a struct with dots between. */
  readonly columns: Readonly<Record<string, WrittenColumn>>;
}

export interface WrittenColumn {
  readonly bytes: number;
  readonly values: number;
  readonly nulls: number;
  readonly min?: string;
  readonly max?: string;
  /** Of numbers with a floating point. */
  readonly hasNan?: boolean;
  /** How many are NaN, where there are some and they were counted. */
  readonly nans?: number;
}

/** What all that the engine does for one statement has in common. */
export interface StatementScope {
  /** Values for the parameters that its SQL names; each part of it may name some of them. */
  readonly parameters?: NamedParameters | undefined;
  /** Ends what is under way: it fails with the signal's reason, and the engine is free again. */
  readonly signal?: AbortSignal | undefined;
}

/** What an engine can do, so that whoever uses it need not know which one it is. */
export interface EngineCapabilities {
  /** Whose SQL it speaks: statements of people are in it, and so is what is put in the place of their parts. */
  readonly dialect: "duckdb" | "spark";
  /** Whether `parse` tells trees. Without them statements are handed on as they stand, and the engine alone prunes. */
  readonly tellsTrees: boolean;
  /** Whether values go beside a statement. Without that, statements with parameters are refused. */
  readonly takesParameters: boolean;
  /** How `readBytes` tells rows. */
  readonly formats: readonly ResultFormat[];
}

/** Runs SQL away from the platform's own process. Every call may fail with `lakehouse/sql-error` or `lakehouse/engine-died`. */
export interface SqlEngine {
  readonly capabilities: EngineCapabilities;
  /** The same engine for one statement. */
  within(scope: StatementScope): SqlEngine;
  /** The tree of a SELECT by the engine's own parser; undefined for other statements and what is not understood. */
  parse(sql: string): Promise<unknown>;
  query(sql: string, options?: QueryOptions): Promise<QueryResult>;
  run(statements: string): Promise<void>;
  /** The columns of a SELECT, by the types it would be stored with. */
  describe(select: string): Promise<readonly Column[]>;
  readColumns(select: string, options?: { readonly batchRows?: number }): AsyncIterable<ColumnBatch>;
  /**
   * A statement's rows as bytes that the engine makes, about a mebibyte at once, and no more than are asked for: whoever
   * hands them on needs no more memory for many rows than for few. What is not read to its end is ended in the engine.
   */
  readBytes(sql: string, options: ResultOptions): AsyncIterable<Uint8Array>;
  /** Writes a SELECT's rows into one Parquet file, its columns in these types. Not durable until the caller syncs it. */
  writeParquet(request: {
    readonly select: string;
    readonly columns: readonly FileColumn[];
    readonly path: string;
  }): Promise<WrittenFile>;
  /**
   * Writes a SELECT's rows, whose columns have the types that they are stored with, into Parquet files of about so many bytes,
   * named `NAME-0.parquet` and so on. Not durable until the caller syncs them. A SELECT without rows writes none.
   */
  writeFiles(request: {
    readonly select: string;
    readonly folder: string;
    readonly name: string;
    readonly fileBytes: number;
    readonly fieldIds: FieldIds;
  }): Promise<readonly WrittenFile[]>;
  /** Makes a name mean a SELECT in every query from now on, also after a restart; undefined takes it away. */
  setRelation(name: string, select: string | undefined): Promise<void>;
  close(): Promise<void>;
}

/** A column of a file with its field id. */
export interface FileColumn extends Pick<Column, "name" | "type"> {
  readonly id: number;
}

/** By name; of a nested column its own id and those of its fields, a list's `element`, a map's `key` and `value`. */
export type FieldIds = Readonly<Record<string, FieldId>>;
export type FieldId = number | { readonly id: number; readonly fields: FieldIds };

/** Bytes by path below one root. A write is durable, file and folder, when its promise resolves. */
export interface ObjectStore {
  readonly capabilities: { readonly localPaths: boolean };
  /** The absolute place of a path, as engines and other readers are told it. */
  locate(path: string): string;
  write(path: string, bytes: Uint8Array): Promise<void>;
  /**
   * Writes files that are not there yet, one after the other as they are given, and makes all of them durable together.
   * Whoever dies meanwhile may leave a part of them: nothing may lead to one before this resolves.
   */
  create(files: Iterable<NewFile>): Promise<void>;
  read(location: string): Promise<Uint8Array>;
  /** The path of what lies at a location: the other way round than `locate`. */
  pathOf(location: string): string;
  /** Makes durable what an engine has written to a path. */
  sync(path: string): Promise<void>;
  /** The same, and tells what it is, read again: undefined when nothing is there. */
  seal(path: string): Promise<Digest | undefined>;
  /** The size in bytes and SHA-256 of what lies at a path, read again; undefined when nothing does. */
  digest(path: string): Promise<Digest | undefined>;
  prepareFolder(path: string): Promise<void>;
  /** Every file below a path at any depth. Links are neither followed nor told of; nothing there is well too. */
  list(path: string): AsyncIterable<ListedFile>;
  /** Nothing there is well too. Throws when a link leads the path out of the store. */
  remove(path: string): Promise<void>;
  /** Gives a file one more name, without a copy; the name is durable once it is synced. False when another file has it. */
  link(path: string, alias: string): Promise<boolean>;
  /** The names of the files and folders right in a folder, by their bytes; none where there is no such folder. */
  namesIn(folder: string): Promise<readonly string[]>;
  exists(path: string): Promise<boolean>;
  /** A folder with all that is in it. Nothing there is well too. */
  removeFolder(path: string): Promise<void>;
  close(): Promise<void>;
}

export interface NewFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

export interface Digest {
  readonly bytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

export interface ListedFile {
  readonly path: string;
  readonly bytes: number;
  readonly modifiedAtMs: number;
}

/** What was written to a path of the store. */
export interface StoredFile extends Digest {
  readonly path: string;
}

/** One row of the catalog: what a name means now. */
export interface CatalogEntry {
  readonly name: string;
  readonly kind: "table" | "view";
  /** Changes by compare-and-swap alone. Null for a view. */
  readonly metadataLocation: string | null;
  readonly sql: string | null;
  readonly columns: readonly Column[];
  readonly snapshotId: string | null;
  readonly rowCount: number | null;
  readonly bytes: number | null;
  readonly fileCount: number | null;
  readonly properties: Readonly<Record<string, string>>;
  readonly updatedAtMs: number;
}

export interface TableCatalog {
  get(name: string): Promise<CatalogEntry | undefined>;
  list(): Promise<readonly CatalogEntry[]>;
  /** The entries of any namespace whose own names, in small letters, are among these. */
  named(names: ReadonlySet<string>): Promise<readonly CatalogEntry[]>;
  /**
   * Puts the entry if the name's metadata location is still `expected` (undefined: no such name), and keeps with it what
   * was written for it, in one step. False, and nothing is kept, when it is not.
   */
  swap(entry: CatalogEntry, expected: string | null | undefined, files?: readonly StoredFile[]): Promise<boolean>;
  remove(name: string): Promise<void>;
  /** Where the files of a new table are to lie, where it is the catalog that says so. */
  placeFor?(name: string): Promise<string>;
  /** What was written to a path of the store; undefined when nothing is known of it. */
  file(path: string): Promise<StoredFile | undefined>;
  /** Everything that was written and kept, on any branch, by the bytes of the paths. */
  files(): Promise<readonly StoredFile[]>;
  close(): Promise<void>;
}

/** What was written to the store, for tables that another catalog keeps. */
export interface FileChecksums extends Pick<TableCatalog, "file" | "files"> {
  keep(files: readonly StoredFile[]): Promise<void>;
  forget(paths: readonly string[]): Promise<void>;
}

/** A name that is to mean something else from now on, if it still means what it did. */
export interface EntryChange {
  /** Its name is the key of `domain/iceberg/identifiers.ts`. */
  readonly entry: CatalogEntry;
  /** The metadata location as it was read; undefined when there was no such name. */
  readonly expected: string | undefined;
}

/** What the Iceberg catalog keeps of one branch: tables and views by key, in namespaces that have properties. */
export interface IcebergEntries {
  get(key: string): Promise<CatalogEntry | undefined>;
  /** Of an entry no more than which metadata it has now. */
  locate(key: string): Promise<Pick<CatalogEntry, "kind" | "metadataLocation"> | undefined>;
  /** The same at once, where the database is embedded. */
  locateNow?(key: string): Pick<CatalogEntry, "kind" | "metadataLocation"> | undefined;
  /** The keys of the Iceberg tables, or views, right in a namespace, by their bytes. */
  keysIn(namespace: string, kind: "table" | "view"): Promise<readonly string[]>;
  /** A namespace's properties; undefined when there is none. */
  namespace(namespace: string): Promise<Readonly<Record<string, string>> | undefined>;
  /** The keys of the namespaces right below one, or of the outermost for the empty key. */
  namespacesIn(namespace: string): Promise<readonly string[]>;
  /** Makes a namespace, and those around it that are not there. False when it is there already. */
  createNamespace(namespace: string, properties: Readonly<Record<string, string>>): Promise<boolean>;
  /** False when there is none. */
  setProperties(namespace: string, properties: Readonly<Record<string, string>>): Promise<boolean>;
  dropNamespace(namespace: string): Promise<"dropped" | "missing" | "not-empty">;
  /** All the changes in one step, with the checksums of what was written for them, or none: then the key that is in the way. */
  commit(changes: readonly EntryChange[], files: readonly StoredFile[]): Promise<string | undefined>;
  /** False when there is no such name any more, or the other is taken. */
  rename(from: string, to: string): Promise<boolean>;
  /** False when there is no such name, or its metadata is no longer at the location that was expected, where one is told. */
  remove(key: string, expected?: string): Promise<boolean>;
  /** Where the files of a new table are to lie, where it is the catalog that says so. */
  placeFor?(key: string): Promise<string>;
  /** Where the metadata of every table of every branch lies, one for each: what leads to a file must not lose it. */
  metadataLocations(): Promise<readonly string[]>;
  /** Files that nothing leads to any more have no checksum either. */
  forgetFiles(paths: readonly string[]): Promise<void>;
}

/** A state of all tables and views beside `main`, which begins as main was. */
export interface Branch {
  readonly name: string;
  readonly createdAtMs: number;
}

/** What a branch has made of one table or view. Row counts are null where there is none, and for views. */
export interface BranchChange {
  readonly name: string;
  readonly kind: "added" | "changed" | "removed";
  readonly rowsBefore: number | null;
  readonly rowsAfter: number | null;
  /** Main has changed it too, since the branch took it: it cannot be published. */
  readonly isConflict: boolean;
}

/** One publishing: what became main's, when and why. */
export interface Publication {
  readonly id: string;
  readonly branch: string;
  readonly reason: string;
  readonly changes: readonly BranchChange[];
  readonly publishedAtMs: number;
}

/** The branches of a project: write to one, audit it, publish all of it in one step or none. */
export interface Branches {
  list(): Promise<readonly Branch[]>;
  /** Throws `lakehouse/branch-exists`. */
  create(name: string): Promise<Branch>;
  /** Throws `lakehouse/unknown-branch`, as all that follow. */
  changes(name: string): Promise<readonly BranchChange[]>;
  /**
   * Makes main what the branch is, for all that the branch has changed, and keeps why. Throws `lakehouse/branch-conflict`.
   */
  publish(name: string, reason: string): Promise<readonly BranchChange[]>;
  /** What was published, the newest first. */
  publications(page: { readonly limit: number }): Promise<readonly Publication[]>;
  drop(name: string): Promise<void>;
}
