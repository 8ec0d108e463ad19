import { isMillError } from "@millwright/kernel";
import type { SqlEngine } from "../ports.ts";
import type { CatalogWorld } from "../rest/world.ts";
import { careForTable, type TableCare } from "./care-for-table.ts";
import type { CareDefaults } from "./care-policy.ts";

/** What was last done for each table by itself. */
export interface CareLog {
  last(table: string): Promise<{ readonly care: TableCare; readonly orphansAtMs: number } | undefined>;
  record(care: TableCare, told: { readonly orphansAtMs: number }): Promise<void>;
}

interface Caretaking {
  readonly world: CatalogWorld;
  readonly engine: SqlEngine;
  readonly log: CareLog;
  readonly defaults: CareDefaults;
  readonly signal: AbortSignal;
}

const ORPHANS_EVERY_MS = 86_400_000;

/**
 * Cares for tables one after the other, and keeps what was done. A table that fails is told of in the log and keeps no other
 * from its care; each folder is looked through for orphans once a day.
 */
export async function careForTables(told: Caretaking, tables: readonly string[]): Promise<readonly TableCare[]> {
  const done: TableCare[] = [];
  for (const table of tables) {
    if (told.signal.aborted) return done;
    const care = await careForOne(told, table);
    if (care !== undefined) done.push(care);
  }
  return done;
}

async function careForOne(told: Caretaking, table: string): Promise<TableCare | undefined> {
  const { world, engine, log, defaults } = told;
  try {
    const last = await log.last(table);
    const looksForOrphans = world.clock.nowMs() - (last?.orphansAtMs ?? 0) >= ORPHANS_EVERY_MS;
    const care = await careForTable({ world, engine }, table, { defaults, isDryRun: false, looksForOrphans });
    await log.record(care, { orphansAtMs: looksForOrphans ? care.atMs : (last?.orphansAtMs ?? 0) });
    for (const { action, outcome, files, bytes, told: said } of care.actions)
      if (outcome === "done") world.logger.info({ table, action, files, bytes }, `care of ${table}: ${said}`);
    return care;
  } catch (error) {
    // A table may be gone by now, or its files damaged, or a disk not let them be deleted: whoever reads it is told.
    world.logger[isMillError(error) ? "warn" : "error"]({ err: error, table }, "a table could not be cared for");
    return undefined;
  }
}
