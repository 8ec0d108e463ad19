import { join } from "node:path";
import { silentLogger, systemClock, systemIds } from "@millwright/kernel";
import { migrate } from "@millwright/platform";
import { openSqliteDatabase } from "@millwright/platform/adapters/sqlite-database";
import { openDatabaseIcebergEntries } from "../../src/adapters/database-iceberg-entries.ts";
import { openDatabaseTableCatalog } from "../../src/adapters/database-table-catalog.ts";
import { openLocalObjectStore } from "../../src/adapters/local-object-store.ts";
import { commitWrite } from "../../src/commit/commit-write.ts";
import type { WriteRequest } from "../../src/commit/write-request.ts";
import type { CatalogWorld } from "../../src/iceberg-http.ts";
import { checkedStore, lakehouseMigrations } from "../../src/index.ts";
import { copyingEngine } from "./copying-engine.ts";

/** The commits of a lake without SQL: each writer adds rows by a file that is there already. */
export async function openBareLake(folder: string) {
  const database = openSqliteDatabase({ path: join(folder, "metadata.db") });
  await migrate(database, [lakehouseMigrations], 0);
  const catalog = openDatabaseTableCatalog({ database, ids: systemIds });
  const store = checkedStore(openLocalObjectStore({ root: join(folder, "lake") }), catalog);
  const engine = copyingEngine(join(folder, "sample.parquet"));
  const ports = { store, catalog, engine, clock: systemClock, ids: systemIds, logger: silentLogger };
  const world: CatalogWorld = {
    entries: openDatabaseIcebergEntries({ database, clock: systemClock, ids: systemIds, branch: "main" }),
    store,
    clock: systemClock,
    ids: systemIds,
    logger: silentLogger,
    changed: () => Promise.resolve(),
  };
  return {
    store,
    catalog,
    world,
    write: (mode: WriteRequest["mode"], table = "t") =>
      commitWrite(ports, {
        table,
        select: "select 1 as k",
        mode,
        properties: { "commit.manifest.min-count-to-merge": "4" },
      }),
    close: () => database.close(),
  };
}
