import {
  isMillError,
  type Clock,
  type Column,
  type IdSource,
  type Logger,
  type ProgressSink,
} from "@millwright/kernel";
import { commitWrite } from "./commit/commit-write.ts";
import type { WriteRequest } from "./commit/write-request.ts";
import { checkedStore } from "./checked-store.ts";
import { displayOf } from "./domain/iceberg/identifiers.ts";
import { ancestorsOf } from "./care/expire.ts";
import { checkName, quoteName } from "./domain/names.ts";
import { lakehouseErrors } from "./errors.ts";
import { createManifestCache } from "./manifest-cache.ts";
import { createMirrors, type Mirrors } from "./mirrors/mirrors.ts";
import { explained } from "./sql/explained.ts";
import { keyFor, namedTable, scanAt, snapshotAt } from "./sql/named-tables.ts";
import { addMissingColumns } from "./ddl/run-ddl.ts";
import { createQueries, type Queries } from "./sql/queries.ts";
import { createRelations } from "./sql/relations.ts";
import { seeingEngine } from "./sql/seeing-engine.ts";
import { anatomyOf, NO_ANATOMY, type TableAnatomy } from "./table-anatomy.ts";
import { tableChanges, type ChangesRequest, type TableChanges } from "./table-changes.ts";
import { liveFilesOf, noRowsOf, readMetadata } from "./table-files.ts";
import type {
  CatalogEntry,
  ColumnBatch,
  IcebergEntries,
  ObjectStore,
  QueryOptions,
  QueryResult,
  EngineLimits,
  ResultOptions,
  SqlEngine,
  TableCatalog,
  TableScan,
} from "./ports.ts";

export interface LakehousePorts {
  readonly store: ObjectStore;
  readonly catalog: TableCatalog;
  readonly engine: SqlEngine;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly logger: Logger;
  /** Where statements make and alter tables; without it they are refused. */
  readonly entries?: IcebergEntries;
  /** An engine of its own for one statement: whoever asks for it closes it. With the limits of `engine` unless told. */
  readonly engineApart?: (limits?: EngineLimits) => SqlEngine;
  /** Mirrors in other formats follow each change: of main's tables alone. Default: they are left as they are. */
  readonly followsMirrors?: boolean;
}

/** A table or view as it is now. Counts are null for a view. */
export type TableState = CatalogEntry;

export interface SnapshotInfo {
  readonly table: string;
  readonly snapshotId: string;
  readonly parentId: string | null;
  readonly operation: string;
  readonly committedAtMs: number;
  readonly rowCount: number;
  readonly summary: Readonly<Record<string, string>>;
}

export interface ViewRequest {
  readonly name: string;
  readonly select: string;
  readonly columns?: readonly Column[];
  readonly properties?: Readonly<Record<string, string>>;
}

export interface BytesOptions extends ResultOptions, Pick<QueryOptions, "parameters" | "signal"> {
  /** Bounds of its own: the statement then has an engine to itself. */
  readonly engine?: EngineLimits | undefined;
}

interface AnatomyRequest {
  readonly snapshotId?: string | undefined;
  /** The column whose least and most are told of each file. */
  readonly spansOf?: string | undefined;
}

/** The tables of one project: what SQL sees, and how it changes. A write is one snapshot or nothing. */
export interface Lakehouse {
  readonly engine: SqlEngine;
  tables(): Promise<readonly TableState[]>;
  table(name: string): Promise<TableState | undefined>;
  history(name: string): Promise<readonly SnapshotInfo[]>;
  /** The snapshots with a table's rows: the current one, and those before it since which files were only written anew. */
  sameRows(name: string): Promise<readonly string[]>;
  /** Publishes a SELECT's rows as one snapshot. `merge` puts them in the place of rows with an equal unique key. */
  write(request: WriteRequest & { readonly progress?: ProgressSink }): Promise<SnapshotInfo>;
  /** Adds columns without values at a table's end, for those that it lacks. Throws `lakehouse/unknown-table`. */
  addColumns(name: string, columns: readonly Column[]): Promise<void>;
  createView(request: ViewRequest): Promise<TableState>;
  drop(name: string): Promise<void>;
  /** Is told of names that others have changed: mirrors follow. */
  refresh(names: readonly string[]): Promise<void>;
  /** Opens no more files than the statement's conditions leave, and tells which. */
  query(sql: string, options?: QueryOptions): Promise<QueryResult>;
  /** Which files a statement would open. */
  explain(sql: string, options?: QueryOptions): Promise<readonly TableScan[]>;
  /** The same as `execute`, its rows as bytes of a format, made by the engine as they are asked for. */
  readBytes(sql: string, options: BytesOptions): AsyncIterable<Uint8Array>;
  /** A query, or a statement that changes a table, as one snapshot or none, or makes, alters or drops it. */
  execute(sql: string, options?: QueryOptions): Promise<QueryResult>;
  describe(select: string): Promise<readonly Column[]>;
  readColumns(select: string, options?: { readonly batchRows?: number }): AsyncIterable<ColumnBatch>;
  /** The relation for FROM, quoted: `"main"."departures"`, `"sales.daily"."orders"`. */
  relation(name: string): string;
  /** A table as it was at one of its snapshots, for FROM. Throws `lakehouse/unknown-snapshot`. */
  relationAt(name: string, snapshotId: string): Promise<string>;
  /** What the files of a snapshot, the newest unless told, say of themselves. Throws `lakehouse/unknown-snapshot`. */
  anatomy(name: string, asked?: AnatomyRequest): Promise<TableAnatomy>;
  /** The rows that differ between two snapshots, at most so many. Throws `lakehouse/unknown-snapshot`. */
  changes(name: string, request: ChangesRequest & { readonly limit: number }): Promise<TableChanges>;
  /** A relation of these columns without rows, for FROM. */
  emptyRelation(columns: readonly Column[]): string;
  /** The tables as Delta and Hudi. */
  readonly mirrors: Mirrors;
  close(): Promise<void>;
}

/** Opens the lakehouse: every table and view of the catalog can be named in SQL. Nothing of them is read yet. */
export function createLakehouse(given: LakehousePorts): Promise<Lakehouse> {
  const { catalog, engine } = given;
  const store = checkedStore(given.store, catalog);
  const ports = { ...given, store };
  const relations = createRelations(ports);
  const cache = createManifestCache(store);
  const queries = createQueries({ ...ports, relations, cache });
  const mirrors = createMirrors(ports);
  let following: Promise<void> = Promise.resolve();
  const follow = (name: string): Promise<void> => {
    if (given.followsMirrors !== true) return Promise.resolve();
    const next = following.then(() => mirrors.follow(name));
    following = next.catch(() => undefined);
    return next;
  };
  const readWith = async function* (
    by: Queries,
    sql: string,
    options: BytesOptions,
    changed: () => void = () => {},
  ): AsyncIterable<Uint8Array> {
    const done = await by.change(sql, options);
    if (done === undefined) return yield* by.readBytes(sql, options);
    changed();
    for (const key of done.changed) await follow(key);
    yield* by.rowBytes(done.result, options);
  };
  const readApart = async function* (sql: string, options: BytesOptions, limits?: EngineLimits) {
    const apart = given.engineApart?.(limits);
    if (apart === undefined) throw new Error("this lakehouse has no engines beside its own");
    try {
      const own = { ...ports, engine: apart };
      yield* readWith(createQueries({ ...own, relations: createRelations(own), cache }), sql, options);
    } finally {
      await apart.close();
    }
  };
  /**
   * Those who were with another in the engine that it brought down are not lost with it: each is run once more, alone. What
   * was alone already has done it itself.
   */
  const readAnew = async function* (sql: string, options: BytesOptions): AsyncIterable<Uint8Array> {
    let isDone = false;
    try {
      for await (const part of readWith(queries, sql, options, () => (isDone = true))) {
        isDone = true;
        yield part;
      }
    } catch (error) {
      const isLost =
        isMillError(error) && error.code === "lakehouse/engine-died" && error.details?.["wasAlone"] !== true;
      if (!isLost || isDone || given.engineApart === undefined) throw error;
      yield* readApart(sql, options);
    }
  };
  return Promise.resolve({
    engine: seeingEngine(engine, relations),
    tables: async () => (await catalog.list()).map(shown),
    table: async (name) => {
      const entry = await catalog.get(await keyFor(catalog, name));
      return entry === undefined ? undefined : shown(entry);
    },
    history: async (name) => history(ports, await keyFor(catalog, name)),
    sameRows: async (name) => sameRows(ports, await keyFor(catalog, name)),
    write: async (request) => {
      const entry = await explained(ports, request.select, async () => {
        await relations.see(request.select);
        return commitWrite(ports, request);
      });
      await follow(request.table);
      const snapshots = await history(ports, request.table);
      const own = snapshots.find(({ snapshotId }) => snapshotId === entry.snapshotId);
      if (own === undefined) throw new Error(`the commit of ${request.table} left no snapshot`);
      return own;
    },
    addColumns: async (name, columns) => {
      if (await addMissingColumns(ports, name, columns)) await follow(name);
    },
    createView: async (request) => {
      await relations.see(request.select);
      return createView(ports, request);
    },
    drop: async (name) => {
      await catalog.remove(checkName(name));
      await follow(name);
    },
    refresh: async (names) => {
      for (const name of names) await follow(await keyFor(catalog, name));
    },
    query: (sql, options) => queries.query(sql, options),
    execute: async (sql, options) => {
      const done = await queries.change(sql, options);
      if (done === undefined) return queries.query(sql, options);
      for (const key of done.changed) await follow(key);
      return done.result;
    },
    readBytes: (sql, options) =>
      options.engine === undefined ? readAnew(sql, options) : readApart(sql, options, options.engine),
    explain: (sql, options) => queries.explain(sql, options),
    describe: (select) => queries.describe(select),
    readColumns: (select, options) => queries.readColumns(select, options),
    relation,
    relationAt: (name, snapshotId) => relationAt(ports, name, snapshotId),
    anatomy: async (name, asked) => anatomy(ports, await keyFor(catalog, name), asked),
    changes: async (name, request) => tableChanges(ports, await namedTable(ports, name), request),
    emptyRelation: (columns) => `(${noRowsOf(columns)})`,
    mirrors,
    close: async () => {
      await engine.close();
      await ports.store.close();
      await catalog.close();
    },
  });
}

async function sameRows({ catalog, store }: LakehousePorts, name: string): Promise<readonly string[]> {
  const location = (await catalog.get(name))?.metadataLocation ?? undefined;
  if (location === undefined) return [];
  const metadata = await readMetadata(store, location);
  const byId = new Map(metadata.snapshots.map((one) => [one["snapshot-id"], one]));
  const same: string[] = [];
  for (const one of ancestorsOf(byId, metadata["current-snapshot-id"] ?? undefined)) {
    same.push(String(one["snapshot-id"]));
    if (one.summary?.["operation"] !== "replace") break;
  }
  return same;
}

function relation(name: string): string {
  const dot = name.lastIndexOf(".");
  if (dot === -1) return `"main".${quoteName(checkName(name))}`;
  return `${quoteName(name.slice(0, dot))}.${quoteName(name.slice(dot + 1))}`;
}

/** As people read it: what is in a namespace of its own as `sales.orders`. */
function shown(entry: CatalogEntry): TableState {
  return { ...entry, name: displayOf(entry.name) };
}

/** A view has no files, and so has a table without rows of its own. */
async function anatomy(ports: LakehousePorts, name: string, asked: AnatomyRequest = {}): Promise<TableAnatomy> {
  const { store, catalog } = ports;
  const snapshotId = asked.snapshotId ?? (await catalog.get(name))?.snapshotId ?? undefined;
  if (snapshotId === undefined) return NO_ANATOMY;
  const { metadata, snapshot } = await snapshotAt(ports, name, snapshotId);
  const files = await liveFilesOf(store, metadata, snapshot);
  return anatomyOf({ metadata, snapshot, files, pathOf: (location) => store.pathOf(location), spansOf: asked.spansOf });
}

async function relationAt(ports: LakehousePorts, name: string, snapshotId: string): Promise<string> {
  const { metadata, snapshot } = await snapshotAt(ports, name, snapshotId);
  return `(${await scanAt(ports, metadata, snapshot)})`;
}

async function history({ catalog, store }: LakehousePorts, name: string): Promise<readonly SnapshotInfo[]> {
  const entry = await catalog.get(name);
  if (entry === undefined)
    throw lakehouseErrors.create("lakehouse/unknown-table", { because: `nothing is called ${name}` });
  if (entry.metadataLocation === null) return [];
  const metadata = await readMetadata(store, entry.metadataLocation);
  return metadata.snapshots.map((snapshot) => ({
    table: name,
    snapshotId: String(snapshot["snapshot-id"]),
    parentId: snapshot["parent-snapshot-id"] === undefined ? null : String(snapshot["parent-snapshot-id"]),
    operation: snapshot.summary?.["operation"] ?? "append",
    committedAtMs: snapshot["timestamp-ms"],
    rowCount: Number(snapshot.summary?.["total-records"] ?? 0),
    summary: snapshot.summary ?? {},
  }));
}

async function createView(
  ports: LakehousePorts,
  { name, select, columns, properties = {} }: ViewRequest,
): Promise<TableState> {
  checkName(name);
  const previous = await ports.catalog.get(name);
  const described = columns ?? (await ports.engine.describe(select));
  const entry: CatalogEntry = {
    name,
    kind: "view",
    metadataLocation: null,
    sql: select,
    columns: described,
    snapshotId: null,
    rowCount: null,
    bytes: null,
    fileCount: null,
    properties,
    updatedAtMs: ports.clock.nowMs(),
  };
  if (!(await ports.catalog.swap(entry, previous === undefined ? undefined : previous.metadataLocation))) {
    throw lakehouseErrors.create("lakehouse/commit-conflict", { because: `${name} was changed meanwhile` });
  }
  return entry;
}
