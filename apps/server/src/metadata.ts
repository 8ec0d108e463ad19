import { systemClock, systemIds, type SecretReference } from "@millwright/kernel";
import { governanceMigrations } from "@millwright/governance";
import { lakehouseMigrations } from "@millwright/lakehouse";
import { monitoringMigrations } from "@millwright/monitoring";
import { orchestrationMigrations } from "@millwright/orchestration";
import { bindToFiles, migrate, platformErrors, platformMigrations, type Database } from "@millwright/platform";
import { openSqliteDatabase } from "@millwright/platform/adapters/sqlite-database";
import { schemaOf, type PostgresEngine, type Project } from "@millwright/project";
import { servingMigrations } from "@millwright/serving";
import { trackingMigrations } from "@millwright/tracking";
import { validationMigrations } from "@millwright/validation";
import type { StatePaths } from "./paths.ts";

type Settings = Project["settings"];
type Environment = Readonly<Record<string, string | undefined>>;

const MIGRATIONS = [
  platformMigrations,
  lakehouseMigrations,
  orchestrationMigrations,
  trackingMigrations,
  governanceMigrations,
  validationMigrations,
  monitoringMigrations,
  servingMigrations,
];

/** Opens the project's metadata database, as its settings say, with today's schema. */
export async function openMetadata(
  settings: Settings,
  paths: Pick<StatePaths, "metadata" | "idFile">,
  { environment, exclusive }: { readonly environment: Environment; readonly exclusive: boolean },
): Promise<Database> {
  const { metadata } = settings.engines;
  const database =
    metadata === undefined
      ? openSqliteDatabase({ path: paths.metadata })
      : await openPostgres(settings, { engine: metadata, environment, exclusive });
  try {
    await migrate(database, MIGRATIONS, systemClock.nowMs());
    if (database.kind === "postgres") await bindToFiles(database, { idFile: paths.idFile, ids: systemIds });
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}

async function openPostgres(
  settings: Settings,
  told: { readonly engine: PostgresEngine; readonly environment: Environment; readonly exclusive: boolean },
): Promise<Database> {
  const { openPostgresDatabase } = await import("@millwright/platform/adapters/postgres-database");
  const { engine, environment, exclusive } = told;
  return openPostgresDatabase({ ...placeOf(settings, engine, environment), exclusive });
}

function placeOf(settings: Settings, engine: PostgresEngine, environment: Environment) {
  return { url: secret(engine.url, environment), schema: schemaOf(engine, settings.name) };
}

/** A secret's value. Throws `platform/missing-variable`. */
export function secret({ env }: SecretReference, environment: Environment): string {
  const value = environment[env];
  if (value !== undefined && value !== "") return value;
  throw platformErrors.create("platform/missing-variable", { because: `${env} is empty or not set` });
}

/** What keeps the metadata, as the server itself tells it; undefined where it is embedded. Throws when it does not answer. */
export async function askMetadata(settings: Settings, environment: Environment): Promise<string | undefined> {
  const { metadata } = settings.engines;
  if (metadata === undefined) return undefined;
  const { postgresVersion } = await import("@millwright/platform/adapters/postgres-database");
  return postgresVersion(placeOf(settings, metadata, environment));
}

/**
 * Removes what a metadata database outside `.mill` keeps of the project's files. False when there was nothing. Throws
 * `platform/other-files` when it tells of others.
 */
export async function removeMetadata(
  settings: Settings,
  { idFile }: Pick<StatePaths, "idFile">,
  environment: Environment,
): Promise<boolean> {
  const { metadata } = settings.engines;
  if (metadata === undefined) return false;
  const { openPostgresDatabase, removePostgresSchema } =
    await import("@millwright/platform/adapters/postgres-database");
  const place = placeOf(settings, metadata, environment);
  const database = await openPostgresDatabase({ ...place, exclusive: true });
  try {
    await migrate(database, [platformMigrations], systemClock.nowMs());
    await bindToFiles(database, { idFile, ids: systemIds });
  } finally {
    await database.close();
  }
  return removePostgresSchema(place);
}
