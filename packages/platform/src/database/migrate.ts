import { sql, type Kysely } from "kysely";
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
  const kysely = database.as<MigrationTables>();
  await kysely.schema
    .createTable("millwright_migration")
    .ifNotExists()
    .addColumn("area", "text", (column) => column.notNull())
    .addColumn("name", "text", (column) => column.notNull())
    .addColumn("applied_at", "bigint", (column) => column.notNull())
    .addPrimaryKeyConstraint("millwright_migration_key", ["area", "name"])
    .execute();
  const applied: string[] = [];
  for (const { area, migrations } of sets) {
    for (const migration of migrations) {
      if (await applyOnce(kysely, { area, migration, nowMs })) applied.push(`${area}/${migration.name}`);
    }
  }
  return applied;
}

async function applyOnce(
  kysely: Kysely<MigrationTables>,
  { area, migration, nowMs }: { area: string; migration: MigrationSet["migrations"][number]; nowMs: number },
): Promise<boolean> {
  return kysely.transaction().execute(async (transaction) => {
    const found = await transaction
      .selectFrom("millwright_migration")
      .select(sql<number>`1`.as("one"))
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
