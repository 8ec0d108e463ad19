import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger, systemClock, systemIds } from "@millwright/kernel";
import { migrate } from "@millwright/platform";
import { openSqliteDatabase } from "@millwright/platform/adapters/sqlite-database";
import { createDuckdbEngine } from "../../src/adapters/duckdb-sql-engine.ts";
import { openDatabaseIcebergEntries } from "../../src/adapters/database-iceberg-entries.ts";
import { openDatabaseTableCatalog } from "../../src/adapters/database-table-catalog.ts";
import { openLocalObjectStore } from "../../src/adapters/local-object-store.ts";
import { createLakehouse, lakehouseMigrations, type Lakehouse } from "../../src/index.ts";
import type { LakehousePorts } from "../../src/lakehouse.ts";
import type { CatalogWorld } from "../../src/rest/world.ts";

export interface TestLake {
  readonly folder: string;
  readonly lakehouse: Lakehouse;
  readonly ports: LakehousePorts;
  readonly world: CatalogWorld;
  /** Another process's view of the same lake. */
  another(): Promise<Lakehouse>;
  close(): Promise<void>;
}

/** A lake in a folder of its own, whose tables statements and clients of the catalog make. */
export async function openLake(): Promise<TestLake> {
  const folder = await mkdtemp(join(tmpdir(), "mill-dml-"));
  const database = openSqliteDatabase({ path: join(folder, "metadata.db") });
  await migrate(database, [lakehouseMigrations], 0);
  const engineOf = () =>
    createDuckdbEngine({
      folders: [folder],
      tempFolder: join(folder, "tmp"),
      memoryMb: 512,
      threads: 2,
      logger: silentLogger,
    });
  const common = {
    store: openLocalObjectStore({ root: join(folder, "lake") }),
    clock: systemClock,
    ids: systemIds,
    logger: silentLogger,
    entries: openDatabaseIcebergEntries({ database, clock: systemClock, ids: systemIds, branch: "main" }),
  };
  const catalog = openDatabaseTableCatalog({ database, ids: systemIds });
  const ports = { ...common, catalog, engine: engineOf() };
  const lakehouse = await createLakehouse(ports);
  const others: Lakehouse[] = [];
  return {
    folder,
    lakehouse,
    ports,
    world: { ...common, changed: (keys) => lakehouse.refresh(keys) },
    another: async () => {
      const other = await createLakehouse({ ...common, catalog, engine: engineOf() });
      others.push(other);
      return other;
    },
    close: async () => {
      for (const one of [...others, lakehouse]) await one.close();
      await database.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
