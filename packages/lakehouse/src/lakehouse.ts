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
import { displayOf, keyOf, relationOf } from "./domain/iceberg/identifiers.ts";
import { checkName, quoteName } from "./domain/names.ts";
import { lakehouseErrors } from "./errors.ts";
import { createManifestCache } from "./manifest-cache.ts";
import { metadataSelect } from "./metadata-tables.ts";
import { runStatement } from "./dml/run-statement.ts";
import { findChangesCalls } from "./domain/sql-changes.ts";
import { createMirrors, type Mirrors } from "./mirrors/mirrors.ts";
import { findNestedNames, findReferences, type Reference } from "./domain/sql-references.ts";
import { snapshotAsOf, type IcebergMetadata, type IcebergSnapshot } from "./domain/iceberg/metadata.ts";
import { anatomyOf, NO_ANATOMY, type TableAnatomy } from "./table-anatomy.ts";
import { planStatement, replaced, type Replacement } from "./planner.ts";
import {
  changelogSelect,
  changesSelect,
  tableChanges,
  type ChangesRequest,
  type TableChanges,
} from "./table-changes.ts";
import { liveFilesOf, noRowsOf, readMetadata, refusalOf, scanOf } from "./table-files.ts";
import type {
  CatalogEntry,
  ColumnBatch,
  IcebergEntries,
  ObjectStore,
  QueryOptions,
  QueryResult,
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
  /** Publishes a SELECT's rows as one snapshot. `merge` puts them in the place of rows with an equal unique key. */
  write(request: WriteRequest & { readonly progress?: ProgressSink }): Promise<SnapshotInfo>;
  createView(request: ViewRequest): Promise<TableState>;
  drop(name: string): Promise<void>;
  /** Sees these names as the catalog has them now: others, too, write to it. */
  refresh(names: readonly string[]): Promise<void>;
  /** Opens no more files than the statement's conditions leave, and tells which. */
  query(sql: string, options?: QueryOptions): Promise<QueryResult>;
  /** Which files a statement would open. */
  explain(sql: string): Promise<readonly TableScan[]>;
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

/** Opens the lakehouse: every table and view of the catalog is visible to SQL by its name. */
export async function createLakehouse(given: LakehousePorts): Promise<Lakehouse> {
  const { catalog, engine } = given;
  const store = checkedStore(given.store, catalog);
  const ports = { ...given, store };
  const cache = createManifestCache(store);
  const prepare = async (written: string, parameters?: QueryOptions["parameters"]) => {
    const sql = await spellNestedNames(catalog, written);
    const travels = findReferences(sql).filter(({ asOf }) => asOf !== undefined);
    const { replacements, scans } = await planStatement({ ...ports, cache }, { sql, travels, parameters });
    return { statement: await expandSpelled(ports, sql, replacements), scans };
  };
  const ask = async (sql: string, options?: QueryOptions): Promise<QueryResult> => {
    const { statement, scans } = await prepare(sql, options?.parameters);
    return { ...(await engine.query(statement, options)), scans };
  };
  const mirrors = createMirrors(ports);
  // Where the metadata lies that the engine's relations are of.
  const seen = new Map<string, string | null>();
  for (const entry of await catalog.list()) {
    await publish(ports, entry);
    seen.set(entry.name, entry.metadataLocation);
  }
  // One at a time and from the catalog as it then is, so that the engine never ends up with an older state.
  let publishing: Promise<void> = Promise.resolve();
  const publishLatest = (name: string): Promise<void> => {
    const next = publishing.then(async () => {
      const entry = await catalog.get(name);
      if (entry === undefined) await engine.setRelation(name, undefined);
      else await publish(ports, entry);
      if (entry === undefined) seen.delete(name);
      else seen.set(name, entry.metadataLocation);
      if (given.followsMirrors === true) await mirrors.follow(name);
    });
    publishing = next.catch(() => undefined);
    return next;
  };
  return {
    engine,
    tables: async () => (await catalog.list()).map(shown),
    table: async (name) => {
      const entry = await catalog.get(await keyFor(catalog, name));
      return entry === undefined ? undefined : shown(entry);
    },
    history: async (name) => history(ports, await keyFor(catalog, name)),
    write: async (request) => {
      const entry = await commitWrite(ports, request);
      await publishLatest(request.table);
      const snapshots = await history(ports, request.table);
      const own = snapshots.find(({ snapshotId }) => snapshotId === entry.snapshotId);
      if (own === undefined) throw new Error(`the commit of ${request.table} left no snapshot`);
      return own;
    },
    createView: (request) => createView(ports, request),
    drop: async (name) => {
      await catalog.remove(checkName(name));
      await publishLatest(name);
    },
    refresh: async (names) => {
      for (const name of names) await publishLatest(await keyFor(catalog, name));
    },
    query: ask,
    execute: async (sql, options) => {
      const expand = (text: string) => expandReferences(ports, text);
      const see = async ({ key, metadataLocation }: { readonly key: string; readonly metadataLocation: string }) => {
        if (seen.has(key) && seen.get(key) !== metadataLocation) await publishLatest(key);
      };
      const done = await runStatement({ ...ports, expand, see }, sql);
      if (done === undefined) return ask(sql, options);
      for (const key of done.changed) await publishLatest(key);
      return done.result;
    },
    explain: async (sql) => (await prepare(sql)).scans,
    describe: async (select) => engine.describe(await expandReferences(ports, select)),
    readColumns: (select, options) => engine.readColumns(select, options),
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
  };
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

/** The catalog's key for a name as people read it; a key stays what it is. */
async function keyFor(catalog: TableCatalog, name: string): Promise<string> {
  if (!name.includes(".")) return name;
  const found = (await catalog.list()).find((entry) => displayOf(entry.name) === name);
  return found?.name ?? name;
}

async function publish(ports: LakehousePorts, entry: CatalogEntry): Promise<void> {
  if (entry.kind === "view") {
    if (entry.sql !== null) await ports.engine.setRelation(entry.name, entry.sql);
    return;
  }
  if (entry.metadataLocation === null) return;
  await ports.engine.setRelation(entry.name, await scanOrRefusal(ports, entry, entry.metadataLocation));
}

/** A table that cannot be read is not there for whoever asks it, and does not keep the others from being asked. */
async function scanOrRefusal(
  { store, engine, logger }: LakehousePorts,
  entry: CatalogEntry,
  location: string,
): Promise<string> {
  try {
    return await scanOf({ store, engine }, await readMetadata(store, location));
  } catch (error) {
    logger.error({ err: error, table: displayOf(entry.name) }, "a table cannot be read");
    return refusalOf(
      isMillError(error) ? `${error.code}: ${error.because}` : "the table cannot be read",
      entry.columns,
    );
  }
}

/** A statement whose tables in nested namespaces are spelled as the engine has them: `"lab.daily".orders`. */
async function spellNestedNames(catalog: TableCatalog, sql: string): Promise<string> {
  const replacements: Replacement[] = [];
  for (const { parts, from, to } of findNestedNames(sql)) {
    const key = keyOf({ namespace: parts.slice(0, -1), name: parts.at(-1) ?? "" });
    if ((await catalog.get(key)) === undefined) continue;
    const { schema, name } = relationOf(key);
    replacements.push({ from, to, text: `${quoteName(schema)}.${quoteName(name)}` });
  }
  return replaced(sql, replacements);
}

/** A statement with its time travel, metadata tables and changes as subqueries. What names no table here is left to the engine. */
async function expandReferences(ports: LakehousePorts, sql: string): Promise<string> {
  return expandSpelled(ports, await spellNestedNames(ports.catalog, sql), []);
}

async function expandSpelled(ports: LakehousePorts, sql: string, planned: readonly Replacement[]): Promise<string> {
  const replacements = [...planned];
  for (const reference of findReferences(sql)) {
    if (planned.some(({ from }) => from === reference.from)) continue;
    const select = await selectFor(ports, reference);
    if (select === undefined) continue;
    const alias = reference.hasAlias ? "" : ` AS ${quoteName(reference.parts.at(-1) ?? "")}`;
    replacements.push({ from: reference.from, to: reference.to, text: `(${select})${alias}` });
  }
  for (const call of findChangesCalls(sql)) {
    const select = await changesSelect(ports, await namedTable(ports, call.table), call);
    replacements.push({ from: call.start, to: call.end, text: `(${select})` });
  }
  return replaced(sql, replacements);
}

/** A table by the name that people read. Throws `lakehouse/unknown-table`; a view is none. */
async function namedTable({ catalog, store }: LakehousePorts, name: string) {
  const location = (await catalog.get(await keyFor(catalog, name)))?.metadataLocation ?? undefined;
  if (location === undefined)
    throw lakehouseErrors.create("lakehouse/unknown-table", {
      because: `no table is called ${name.slice(0, 200)}`,
    });
  return { name, metadata: await readMetadata(store, location) };
}

async function selectFor(ports: LakehousePorts, { parts, asOf }: Reference): Promise<string | undefined> {
  const { catalog, store, engine } = ports;
  const named = asOf === undefined ? parts.slice(0, -1) : parts;
  const name = (named.length > 1 && named[0] === "main" ? named.slice(1) : named).join(".");
  const location = (await catalog.get(await keyFor(catalog, name)))?.metadataLocation ?? undefined;
  if (location === undefined) return undefined;
  const metadata = await readMetadata(store, location);
  if (asOf === undefined) {
    const kind = (parts.at(-1) ?? "").toLowerCase();
    return kind === "changes" ? changelogSelect(ports, { name, metadata }) : metadataSelect(store, metadata, kind);
  }
  const snapshot = snapshotAsOf(metadata, asOf);
  if (snapshot === undefined)
    throw lakehouseErrors.create("lakehouse/unknown-snapshot", {
      because:
        asOf.kind === "version"
          ? `${named.join(".")} has no snapshot, tag or branch ${asOf.version}`
          : `${named.join(".")} had no snapshot yet at ${new Date(asOf.atMs).toISOString()}`,
    });
  return scanAt({ store, engine }, metadata, snapshot);
}

async function snapshotAt({ catalog, store }: LakehousePorts, name: string, snapshotId: string) {
  const location = (await catalog.get(name))?.metadataLocation ?? undefined;
  const metadata = location === undefined ? undefined : await readMetadata(store, location);
  const snapshot = metadata?.snapshots.find((one) => String(one["snapshot-id"]) === snapshotId);
  if (metadata === undefined || snapshot === undefined)
    throw lakehouseErrors.create("lakehouse/unknown-snapshot", { because: `${name} has no snapshot ${snapshotId}` });
  return { metadata, snapshot };
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

/** A snapshot's rows under the schema that it was written with. */
function scanAt(
  ports: Pick<LakehousePorts, "store" | "engine">,
  metadata: IcebergMetadata,
  snapshot: IcebergSnapshot,
): Promise<string> {
  const schema = metadata.schemas.find((one) => one["schema-id"] === snapshot["schema-id"]);
  return scanOf(ports, metadata, schema === undefined ? { snapshot } : { snapshot, schema });
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
  await ports.engine.setRelation(name, select);
  return entry;
}
