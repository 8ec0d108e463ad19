import { availableParallelism } from "node:os";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { systemClock, systemIds, type Logger } from "@millwright/kernel";
import { openSqliteOnlineStore } from "@millwright/feature-store/adapters/sqlite-online-store";
import { createLineage, type Lineage } from "@millwright/governance";
import { sourceFolders } from "@millwright/ingestion";
import { createLakehouse, type Lakehouse } from "@millwright/lakehouse";
import { openDatabaseTableCatalog } from "@millwright/lakehouse/adapters/database-table-catalog";
import { createDuckdbEngine } from "@millwright/lakehouse/adapters/duckdb-sql-engine";
import { openLocalObjectStore } from "@millwright/lakehouse/adapters/local-object-store";
import { createRunStore, type RunStore } from "@millwright/orchestration";
import { createFileLogger, mapIoError } from "@millwright/platform";
import type { Project, RoadParts } from "@millwright/project";
import { createTracking, type Tracking } from "@millwright/tracking";
import { deployedServices, type DeployedService } from "@millwright/serving";
import { openMetadata } from "./metadata.ts";
import { createCheckHistory, type CheckHistory } from "@millwright/validation";
import type { StatePaths } from "./paths.ts";

/** The platform of one project, put together. Closed in reverse. */
export interface Platform {
  readonly lakehouse: Lakehouse;
  readonly tracking: Tracking;
  readonly lineage: Lineage;
  readonly checks: CheckHistory;
  readonly runs: RunStore;
  readonly logger: Logger;
  readonly parts: RoadParts;
  /** What is deployed, as the serving process is told it. */
  services(): Promise<readonly DeployedService[]>;
  /** Lets the engine read the files of a project's sources as they are now declared. */
  allowSources(project: Pick<Project, "sources">): Promise<void>;
  close(): Promise<void>;
}

const DEFAULT_ENGINE_MEMORY_MB = 2_048;
const ENGINE_IDLE_MS = 60_000;

export interface ComposeOptions {
  /** Opens the project to change it: nobody else may, on any machine that shares its metadata database. */
  readonly exclusive?: boolean;
}

/** The one place that chooses adapters. Throws `platform/locked` when it is to be exclusive and is not. */
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
  { exclusive = false }: ComposeOptions,
): Promise<Platform> {
  for (const folder of [paths.lake, paths.scratch, paths.artifacts, paths.predictions, paths.temp])
    mkdirSync(folder, { recursive: true });
  const logger = createFileLogger({ path: join(paths.logs, "mill.log") });
  const threads = settings.limits.threads ?? availableParallelism();
  const database = await openMetadata(settings, paths, { environment: process.env, exclusive });
  const foldersFor = async (read: Project["sources"]): Promise<readonly string[]> => {
    const definitions = read.map(({ definition }) => definition);
    const readable = await sourceFolders(definitions, { projectDir: dir });
    return [paths.lake, paths.scratch, paths.predictions, paths.temp, ...readable];
  };
  const engine = createDuckdbEngine({
    folders: await foldersFor(sources),
    tempFolder: paths.temp,
    memoryMb: settings.limits.engineMemoryMb ?? DEFAULT_ENGINE_MEMORY_MB,
    threads,
    logger,
    idleMs: ENGINE_IDLE_MS,
  });
  const ports = {
    store: openLocalObjectStore({ root: paths.lake }),
    catalog: openDatabaseTableCatalog({ database, ids: systemIds }),
    engine,
    clock: systemClock,
    ids: systemIds,
    logger,
  };
  const lakehouse = await createLakehouse(ports);
  const world = { database, clock: systemClock, ids: systemIds };
  const tracking = createTracking(world);
  const lineage = createLineage(world);
  const checks = createCheckHistory(world);
  const online = openSqliteOnlineStore({ path: paths.online });
  return {
    lakehouse,
    tracking,
    lineage,
    checks,
    runs: createRunStore(database),
    logger,
    parts: {
      ...world,
      lakehouse,
      tracking,
      lineage,
      checks,
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
      await lakehouse.close();
      online.close();
      await database.close();
    },
  };
}
