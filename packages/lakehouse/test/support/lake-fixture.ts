import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger, systemClock, systemIds } from "@millwright/kernel";
import { migrate } from "@millwright/platform";
import { openSqliteDatabase } from "@millwright/platform/adapters/sqlite-database";
import { openDatabaseIcebergEntries } from "../../src/adapters/database-iceberg-entries.ts";
import { openDatabaseTableCatalog } from "../../src/adapters/database-table-catalog.ts";
import { createDuckdbEngine } from "../../src/adapters/duckdb-sql-engine.ts";
import { openLocalObjectStore } from "../../src/adapters/local-object-store.ts";
import { checkedStore, createLakehouse, lakehouseMigrations } from "../../src/index.ts";
import type { CatalogWorld } from "../../src/iceberg-http.ts";

/** A lakehouse on a folder of its own, and its tables as the care of them takes them. */
export async function openLake(folder = mkdtempSync(join(tmpdir(), "mill-care-"))) {
  const database = openSqliteDatabase({ path: join(folder, "metadata.db") });
  await migrate(database, [lakehouseMigrations], 0);
  const root = join(folder, "lake");
  const store = openLocalObjectStore({ root });
  const catalog = openDatabaseTableCatalog({ database, ids: systemIds });
  const engine = createDuckdbEngine({
    folders: [folder],
    tempFolder: join(folder, "tmp"),
    memoryMb: 512,
    threads: 2,
    logger: silentLogger,
  });
  const ports = { catalog, engine, clock: systemClock, ids: systemIds, logger: silentLogger };
  const entries = openDatabaseIcebergEntries({ database, clock: systemClock, ids: systemIds, branch: "main" });
  const lakehouse = await createLakehouse({ ...ports, store, entries });
  const world: CatalogWorld = {
    entries,
    store: checkedStore(store, catalog),
    clock: systemClock,
    ids: systemIds,
    logger: silentLogger,
    changed: (keys) => lakehouse.refresh(keys),
  };
  return {
    folder,
    root,
    database,
    catalog,
    engine,
    lakehouse,
    world,
    rows: async (sql: string) => (await lakehouse.query(sql)).rows,
    remove: async () => {
      await lakehouse.close();
      await database.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
