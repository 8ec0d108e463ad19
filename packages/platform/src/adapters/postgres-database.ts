import { Kysely, PostgresDialect, type PostgresPool, type PostgresPoolClient } from "kysely";
import type { ClientBase, Pool, PoolClient } from "pg";
import type { Database } from "../database/database.ts";
import { groupCommits } from "../database/group-commits.ts";
import { chooseSchema, connectAlone, postgresPlace, type PostgresPlace } from "../database/postgres-client.ts";
import { mapPostgresError } from "../database/postgres-errors.ts";
import { acquirePostgresLock, lockKey, type PostgresLock } from "../database/postgres-lock.ts";
import { textByBytes } from "../database/text-by-bytes.ts";
import { platformErrors } from "../errors.ts";

export interface PostgresOptions {
  /** `postgresql://user:password@host:5432/database`, with libpq's `sslmode` and the like. */
  readonly url: string;
  /** The schema that is the project's own; made when it is not there. */
  readonly schema: string;
  /** Holds the project's lock while the database is open. */
  readonly exclusive?: boolean;
}

const CONNECTIONS_MAX = 8;
const IDLE_MS_MAX = 30_000;

/**
 * Opens a project's schema of a Postgres database. Throws `platform/database-url`, `platform/database-unreachable`,
 * `platform/database-refused`, `platform/schema-taken` and, when exclusive, `platform/locked`; none tells the password.
 */
export async function openPostgresDatabase({ url, schema, exclusive = false }: PostgresOptions): Promise<Database> {
  const place = await postgresPlace({ url, schema });
  await prepareSchema(place);
  const lock = exclusive ? await acquirePostgresLock(place) : undefined;
  const pool = await openPool(place);
  const kysely = new Kysely<unknown>({
    dialect: new PostgresDialect({ pool: guarded(pool, place, lock) }),
    plugins: [textByBytes()],
  });
  const group = groupCommits(kysely);
  let closed: Promise<void> | undefined;
  return {
    kind: "postgres",
    migrationLockKey: lockKey("migrations", schema),
    as: <Schema>() => kysely as unknown as Kysely<Schema>,
    grouped: () => group.writer(),
    close: () => (closed ??= close({ group, pool, lock })),
  };
}

async function close(open: {
  readonly group: { settled(): Promise<void> };
  readonly pool: Pool;
  readonly lock: PostgresLock | undefined;
}): Promise<void> {
  await open.group.settled();
  await open.pool.end();
  await open.lock?.release();
}

/** Removes a project's tables from its schema, and the schema if nothing else is in it. Throws as opening does. */
export async function removePostgresSchema({ url, schema }: Omit<PostgresOptions, "exclusive">): Promise<boolean> {
  const place = await postgresPlace({ url, schema });
  const client = await connectAlone(place);
  try {
    const tables = await tablesOf(client, schema);
    if (!tables.includes(MIGRATIONS_TABLE)) return false;
    const lock = await acquirePostgresLock(place);
    try {
      const names = tables.map((name) => client.escapeIdentifier(name)).join(", ");
      await client.query(`drop table ${names}`);
      // What is not ours keeps the schema; and it may be another's to remove.
      await client.query(`drop schema ${client.escapeIdentifier(schema)} restrict`).catch(() => undefined);
      return true;
    } finally {
      await lock.release();
    }
  } catch (error) {
    throw mapPostgresError(error, place.told);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** The version of the server that answers at a URL, as it tells it. Throws as opening does. */
export async function postgresVersion(options: Omit<PostgresOptions, "exclusive">): Promise<string> {
  const place = await postgresPlace(options);
  const client = await connectAlone(place);
  try {
    const { rows } = await client.query<{ server_version: string }>("show server_version");
    return `PostgreSQL ${rows[0]?.server_version ?? ""} at ${place.told}`;
  } catch (error) {
    throw mapPostgresError(error, place.told);
  } finally {
    await client.end().catch(() => undefined);
  }
}

const MIGRATIONS_TABLE = "millwright_migration";

/** Makes the schema, one process at a time. One that holds tables of others is refused. */
async function prepareSchema(place: PostgresPlace): Promise<void> {
  const { schema, told } = place;
  const client = await connectAlone(place);
  try {
    await client.query("begin");
    await client.query("select pg_advisory_xact_lock($1)", [lockKey("migrations", schema)]);
    const { rowCount } = await client.query("select 1 from pg_namespace where nspname = $1", [schema]);
    if (rowCount === 0) await client.query(`create schema ${client.escapeIdentifier(schema)}`);
    const tables = await tablesOf(client, schema);
    if (tables.length > 0 && !tables.includes(MIGRATIONS_TABLE))
      throw platformErrors.create("platform/schema-taken", {
        because: `the schema ${schema} of ${told} holds ${tables.length} tables that are not Millwright's`,
      });
    await client.query("commit");
  } catch (error) {
    throw mapPostgresError(error, told);
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function tablesOf(client: Pick<PoolClient, "query">, schema: string): Promise<readonly string[]> {
  const { rows } = await client.query<{ tablename: string }>(
    "select tablename from pg_tables where schemaname = $1 order by 1",
    [schema],
  );
  return rows.map(({ tablename }) => tablename);
}

async function openPool(place: PostgresPlace): Promise<Pool> {
  const { Pool: PgPool } = await import("pg");
  // Awaited by the pool, though its types do not say so.
  const onConnect = (client: ClientBase): unknown => chooseSchema(client, place);
  const pool = new PgPool({
    ...place.config,
    max: CONNECTIONS_MAX,
    idleTimeoutMillis: IDLE_MS_MAX,
    onConnect,
  });
  // An idle connection that breaks is taken out of the pool; the next query makes another.
  pool.on("error", () => {});
  return pool;
}

/** The pool with its failures as errors of the catalogue; with a lock, nothing is asked unless it is held. */
function guarded(pool: Pool, { told }: PostgresPlace, lock: PostgresLock | undefined): PostgresPool {
  const clients = new WeakMap<PoolClient, PostgresPoolClient>();
  const mapped = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    try {
      return await work();
    } catch (error) {
      throw mapPostgresError(error, told);
    }
  };
  const wrap = (client: PoolClient): PostgresPoolClient => {
    const broken = { is: false };
    client.on("error", () => (broken.is = true));
    const query = (sql: string, parameters: readonly unknown[]) => mapped(() => client.query(sql, [...parameters]));
    return {
      query: query as unknown as PostgresPoolClient["query"],
      release: (destroy) => client.release(destroy === true || broken.is),
    };
  };
  return {
    options: {},
    connect: () =>
      mapped(async () => {
        await lock?.hold();
        const client = await pool.connect();
        const known = clients.get(client) ?? wrap(client);
        clients.set(client, known);
        return known;
      }),
    end: () => pool.end(),
  };
}
