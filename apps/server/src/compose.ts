import { availableParallelism } from "node:os";
import { join } from "node:path";
import { systemClock, systemIds, type Logger } from "@millwright/kernel";
import { openSqliteOnlineStore } from "@millwright/feature-store/adapters/sqlite-online-store";
import { createLineage, type Lineage } from "@millwright/governance";
import { sourceFolders } from "@millwright/ingestion";
import {
  type CareLog,
  checkedStore,
  createLakehouse,
  lakehouseErrors,
  type Branches,
  createRunningQueries,
  type Lakehouse,
  type QueryLimits,
  type SqlEngine,
} from "@millwright/lakehouse";
import type { SqlPlaces } from "@millwright/lakehouse/sql-http";
import { openDatabaseCareLog } from "@millwright/lakehouse/adapters/database-care-log";
import { openDatabaseBranches } from "@millwright/lakehouse/adapters/database-branches";
import type { CatalogWorld, IcebergPlaces } from "@millwright/lakehouse/iceberg-http";
import { createDuckdbEngine } from "@millwright/lakehouse/adapters/duckdb-sql-engine";
import { openLocalObjectStore } from "@millwright/lakehouse/adapters/local-object-store";
import { createAlertStore, type AlertStore } from "@millwright/monitoring";
import { fetchPost } from "@millwright/monitoring/adapters/fetch-post";
import { createRunStore, type RunStore } from "@millwright/orchestration";
import { createFileLogger, makeFolderSync, mapIoError } from "@millwright/platform";
import type { Project, RoadParts } from "@millwright/project";
import { createTracking, type Tracking } from "@millwright/tracking";
import { createTrafficStore, deployedServices, type DeployedService } from "@millwright/serving";
import { createBranchLakehouses } from "./branch-lakehouses.ts";
import { openMetadata, secret } from "./metadata.ts";
import { openTableCatalogs, withoutBranches } from "./table-catalogs.ts";
import { createCheckHistory, type CheckHistory } from "@millwright/validation";
import type { StatePaths } from "./paths.ts";

/** The platform of one project, put together. Closed in reverse. */
export interface Platform {
  readonly lakehouse: Lakehouse;
  readonly branches: Branches;
  /** The tables as an Iceberg catalog. */
  readonly iceberg: IcebergPlaces;
  /** The same, of the branch that is open here. */
  tables(): Promise<CatalogWorld>;
  /** The tables of a branch beside the one that is open, to look at. Throws `lakehouse/unknown-branch`. */
  readonly tablesOf: (branch: string) => Promise<Lakehouse>;
  /** The statements of people and programs. */
  readonly queries: Omit<SqlPlaces, "open">;
  readonly tracking: Tracking;
  readonly lineage: Lineage;
  readonly checks: CheckHistory;
  readonly alerts: AlertStore;
  /** What was last done for tables by itself. */
  readonly careLog: CareLog;
  readonly runs: RunStore;
  readonly logger: Logger;
  readonly parts: RoadParts;
  /** What is deployed, as the serving process is told it. */
  services(): Promise<readonly DeployedService[]>;
  /** Lets the engine read the files of a project's sources as they are now declared. */
  allowSources(project: Pick<Project, "sources">): Promise<void>;
  close(): Promise<void>;
}

const MAIN = "main";
const DEFAULT_ENGINE_MEMORY_MB = 2_048;
const LOOKING_MEMORY_MB = 512;
const ENGINE_IDLE_MS = 60_000;
const QUERY_TIMEOUT_MS = 3_600_000;
const QUERY_ROWS = 100_000_000;

export interface ComposeOptions {
  /** Opens the project to change it: nobody else may, on any machine that shares its metadata database. */
  readonly exclusive?: boolean;
  /** Whose tables, runs and checks; `main` unless told. */
  readonly branch?: string;
  /** Where it says what it does; else it opens the log of the project itself. */
  readonly logger?: Logger;
  /** Makes the branch from main when there is none of its name. */
  readonly makesBranch?: boolean;
}

/**
 * The one place that chooses adapters. Throws `platform/locked` when it is to be exclusive and is not, and
 * `lakehouse/unknown-branch`.
 */
export async function compose(
  project: Pick<Project, "dir" | "settings" | "sources">,
  paths: StatePaths,
  options: ComposeOptions = {},
): Promise<Platform> {
  try {
    return await open(project, paths, options);
  } catch (error) {
    throw mapIoError(error);
  }
}

async function open(
  { dir, settings, sources }: Pick<Project, "dir" | "settings" | "sources">,
  paths: StatePaths,
  { exclusive = false, branch, makesBranch = false, ...options }: ComposeOptions,
): Promise<Platform> {
  for (const folder of [paths.lake, paths.scratch, paths.artifacts, paths.predictions, paths.temp])
    makeFolderSync(folder);
  const logger = options.logger ?? createFileLogger({ path: join(paths.logs, "mill.log") });
  const threads = settings.limits.threads ?? availableParallelism();
  const database = await openMetadata(settings, paths, { environment: process.env, exclusive });
  const { locations = [] } = settings.engines.catalog ?? {};
  const store = openLocalObjectStore({ root: paths.lake, further: locations });
  const closing = async (error: unknown): Promise<never> => {
    await database.close();
    throw error;
  };
  const catalogs = await openTableCatalogs(settings, { database, store, environment: process.env }).catch(closing);
  const own = openDatabaseBranches({ database, clock: systemClock, ids: systemIds });
  const branches = catalogs.elsewhere === undefined ? own : withoutBranches(own, catalogs.elsewhere);
  if (branch !== undefined) await requireBranch(branches, { branch, makesBranch }).catch(closing);
  const foldersFor = async (read: Project["sources"]): Promise<readonly string[]> => {
    const definitions = read.map(({ definition }) => definition);
    const readable = await sourceFolders(definitions, { projectDir: dir });
    return [paths.lake, ...locations, paths.scratch, paths.predictions, paths.temp, ...readable];
  };
  const memoryMb = settings.limits.engineMemoryMb ?? DEFAULT_ENGINE_MEMORY_MB;
  const common = { tempFolder: paths.temp, threads, logger, idleMs: ENGINE_IDLE_MS };
  const engineWith = (folders: readonly string[], memory: number) =>
    createDuckdbEngine({ ...common, folders, memoryMb: memory });
  const engine = engineWith(await foldersFor(sources), memoryMb);
  const { limits } = settings;
  const queryLimits: QueryLimits = {
    timeoutMs: limits.queryTimeoutMs ?? QUERY_TIMEOUT_MS,
    rows: limits.queryRows ?? QUERY_ROWS,
    memoryMb: Math.min(memoryMb, limits.queryMemoryMb ?? memoryMb),
    threads: Math.min(threads, limits.queryThreads ?? threads),
  };
  const onBranch = branch === undefined ? {} : { branch };
  const lakehouseOn = (engineOfIts: SqlEngine, where: { readonly branch?: string }) =>
    createLakehouse({
      store,
      ...catalogs.on(where.branch ?? MAIN),
      engine: engineOfIts,
      clock: systemClock,
      ids: systemIds,
      logger,
      engineApart: (own = { memoryMb, threads }) =>
        createDuckdbEngine({ ...common, ...own, folders: [paths.lake, ...locations] }),
      // Mirrors are of main's tables: what another branch has is not published yet.
      followsMirrors: where.branch === undefined || where.branch === MAIN,
    });
  const lakehouse = await lakehouseOn(engine, onBranch);
  if (exclusive) await lakehouse.mirrors.followAll();
  // What is only looked at needs less than what a road needs beside it.
  const besides = createBranchLakehouses(async (name) => {
    await requireBranch(branches, { branch: name, makesBranch: false });
    return lakehouseOn(engineWith([paths.lake, ...locations], Math.min(memoryMb, LOOKING_MEMORY_MB)), { branch: name });
  });
  const world = { database, clock: systemClock, ids: systemIds };
  const main = catalogs.on(MAIN).entries;
  const iceberg: IcebergPlaces = {
    name: settings.name,
    logger,
    clock: systemClock,
    ...(catalogs.elsewhere === undefined ? {} : { elsewhere: catalogs.elsewhere }),
    clients: () => clientsOf(settings),
    locateNow: (key) => main.locateNow?.(key),
    world: async (asked) => {
      const isThere = asked === MAIN || (await branches.list()).some(({ name }) => name === asked);
      return isThere ? worldOf(asked) : undefined;
    },
  };
  const worldOf = (asked: string): CatalogWorld => ({
    entries: catalogs.on(asked).entries,
    store: checkedStore(store, catalogs.on(branch ?? MAIN).catalog),
    clock: systemClock,
    ids: systemIds,
    logger,
    // The engine of this process sees one branch.
    changed: asked === (branch ?? MAIN) ? (keys) => lakehouse.refresh(keys) : () => Promise.resolve(),
  });
  const tracking = createTracking(world);
  const lineage = createLineage({ ...world, ...onBranch });
  const checks = checksOn(branch, createCheckHistory(world));
  const alerts = createAlertStore(world);
  const online = openSqliteOnlineStore({ path: paths.online });
  return {
    lakehouse,
    branches,
    iceberg,
    tables: () => Promise.resolve(worldOf(branch ?? MAIN)),
    tablesOf: besides.on,
    queries: { limits: queryLimits, engine: { memoryMb, threads }, running: createRunningQueries(world) },
    tracking,
    lineage,
    checks,
    alerts,
    careLog: openDatabaseCareLog({ database }),
    runs: createRunStore(database, onBranch),
    logger,
    parts: {
      ...world,
      lakehouse,
      tracking,
      traffic: createTrafficStore(world),
      lineage,
      checks,
      alerts,
      post: fetchPost,
      environment: process.env,
      online,
      logger,
      threads,
      artifactRoot: paths.artifacts,
      scratchFolder: paths.scratch,
      compiledFolder: paths.compiled,
      deploymentFile: paths.deployment,
      onlineStorePath: paths.online,
    },
    services: () => deployedServices(paths.deployment),
    allowSources: async (project) => engine.allowFolders(await foldersFor(project.sources)),
    close: async () => {
      await besides.close();
      await lakehouse.close();
      online.close();
      await database.close();
    },
  };
}

function clientsOf({ engines: { catalog } }: Project["settings"]) {
  const clients = catalog?.engine === "iceberg-catalog" ? (catalog.clients ?? {}) : {};
  return Object.entries(clients).map(([id, own]) => ({ id, secret: secret(own, process.env) }));
}

async function requireBranch(
  branches: Branches,
  { branch, makesBranch }: { readonly branch: string; readonly makesBranch: boolean },
): Promise<void> {
  if ((await branches.list()).some(({ name }) => name === branch)) return;
  if (!makesBranch)
    throw lakehouseErrors.create("lakehouse/unknown-branch", { because: `nothing is called ${branch}` });
  await branches.create(branch);
}

/** What checks find on a branch is kept under names of its own: main's history is of main's tables. */
function checksOn(branch: string | undefined, checks: CheckHistory): CheckHistory {
  if (branch === undefined) return checks;
  const named = (name: string) => `${name}@${branch}`;
  return {
    ...checks,
    record: (results) =>
      checks.record(results.map((result) => ({ ...result, name: named(result.name), table: named(result.table) }))),
  };
}
