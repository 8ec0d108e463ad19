import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger, systemClock, systemIds } from "@millwright/kernel";
import { checkedStore, createLakehouse, lakehouseMigrations } from "@millwright/lakehouse";
import { openDatabaseIcebergEntries } from "@millwright/lakehouse/adapters/database-iceberg-entries";
import { openDatabaseTableCatalog } from "@millwright/lakehouse/adapters/database-table-catalog";
import { createDuckdbEngine, type DuckdbEngineOptions } from "@millwright/lakehouse/adapters/duckdb-sql-engine";
import { openLocalObjectStore } from "@millwright/lakehouse/adapters/local-object-store";
import { migrate } from "@millwright/platform";
import { openSqliteDatabase } from "@millwright/platform/adapters/sqlite-database";

/** A lake in a folder of its own, and engines of the same size beside it. */
export async function openBenchLake({ memoryMb = 1_024 }: { readonly memoryMb?: number } = {}) {
  const folder = mkdtempSync(join(tmpdir(), "mill-bench-"));
  const database = openSqliteDatabase({ path: join(folder, "metadata.db") });
  await migrate(database, [lakehouseMigrations], 0);
  const engines: { close(): Promise<void> }[] = [];
  const engineOf = (more: Partial<DuckdbEngineOptions> = {}) => {
    const tempFolder = join(folder, `tmp-${engines.length}`);
    const engine = createDuckdbEngine({
      folders: [folder],
      tempFolder,
      memoryMb,
      threads: 2,
      logger: silentLogger,
      ...more,
    });
    engines.push(engine);
    return engine;
  };
  const catalog = openDatabaseTableCatalog({ database, ids: systemIds });
  const store = checkedStore(openLocalObjectStore({ root: join(folder, "lake") }), catalog);
  const around = { clock: systemClock, ids: systemIds, logger: silentLogger };
  const entries = openDatabaseIcebergEntries({ database, clock: systemClock, ids: systemIds, branch: "main" });
  const engine = engineOf();
  const ports = { store, catalog, engine, entries, ...around };
  const lakehouse = await createLakehouse({ ...ports, store: openLocalObjectStore({ root: join(folder, "lake") }) });
  return {
    folder,
    engine,
    engineOf,
    /** What a commit is made with. */
    ports,
    world: { entries, store, ...around, changed: () => Promise.resolve() },
    lakehouse,
    close: async () => {
      for (const one of engines) await one.close();
      await database.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export type BenchLake = Awaited<ReturnType<typeof openBenchLake>>;

export async function timed(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

export function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0;
}
