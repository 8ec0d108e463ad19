import type { Kysely } from "kysely";
import type { Database, MigrationSet } from "./database.ts";

interface MigrationTables {
  millwright_migration: { area: string; name: string; applied_at: number };
}

/** Applies what each set has and the database lacks. Idempotent; safe to call at every start. */
export async function migrate(
  database: Database,
  sets: readonly MigrationSet[],
  nowMs: number,
): Promise<readonly string[]> {
  const known = await namesOf(database).catch(async () => {
    await createTable(database);
    return namesOf(database);
  });
  const applied: string[] = [];
  for (const { area, migrations } of sets) {
    for (const migration of migrations) {
      if (known.has(`${area}/${migration.name}`)) continue;
      if (await applyOnce(database, { area, migration, nowMs })) applied.push(`${area}/${migration.name}`);
    }
  }
  return applied;
}

async function namesOf(database: Database): Promise<ReadonlySet<string>> {
  const rows = await database.as<MigrationTables>().selectFrom("millwright_migration").selectAll().execute();
  return new Set(rows.map(({ area, name }) => `${area}/${name}`));
}

function createTable(database: Database): Promise<void> {
  return oneAtATime(database, async (transaction) => {
    await transaction.schema
      .createTable("millwright_migration")
      .ifNotExists()
      .addColumn("area", "text", (column) => column.notNull())
      .addColumn("name", "text", (column) => column.notNull())
      .addColumn("applied_at", "bigint", (column) => column.notNull())
      .addPrimaryKeyConstraint("millwright_migration_key", ["area", "name"])
      .execute();
  });
}

/** A transaction that no other process's migration runs beside. */
function oneAtATime<Result>(
  database: Database,
  work: (transaction: Kysely<MigrationTables>) => Promise<Result>,
): Promise<Result> {
  return database
    .as<MigrationTables>()
    .transaction()
    .execute(async (transaction) => {
      const { migrationLockKey } = database;
      if (migrationLockKey !== undefined) {
        const { sql } = await import("kysely");
        await sql`select pg_advisory_xact_lock(${migrationLockKey}::bigint)`.execute(transaction);
      }
      return work(transaction);
    });
}

async function applyOnce(
  database: Database,
  { area, migration, nowMs }: { area: string; migration: MigrationSet["migrations"][number]; nowMs: number },
): Promise<boolean> {
  return oneAtATime(database, async (transaction) => {
    const found = await transaction
      .selectFrom("millwright_migration")
      .select("name")
      .where("area", "=", area)
      .where("name", "=", migration.name)
      .executeTakeFirst();
    if (found !== undefined) return false;
    await migration.up(transaction as unknown as Kysely<unknown>);
    await transaction
      .insertInto("millwright_migration")
      .values({ area, name: migration.name, applied_at: nowMs })
      .execute();
    return true;
  });
}
