import { createHash } from "node:crypto";
import type { Client } from "pg";
import { platformErrors } from "../errors.ts";
import { connectAlone, type PostgresPlace } from "./postgres-client.ts";
import { mapPostgresError } from "./postgres-errors.ts";

/** The project's lock in its database: one process on any machine. The server lets go of it when its holder is gone. */
export interface PostgresLock {
  /** Resolves while the lock is held. Lost with its connection, it is taken again, unless another has it by then. */
  hold(): Promise<void>;
  release(): Promise<void>;
}

/** Takes the lock of a schema, on a connection of its own. Throws `platform/locked`. */
export async function acquirePostgresLock(place: PostgresPlace): Promise<PostgresLock> {
  let holding: Promise<Client> | undefined;
  const take = async (): Promise<Client> => {
    const client = await connectAlone(place);
    client.once("end", () => (holding = undefined));
    try {
      await takeLock(client, place);
      return client;
    } catch (error) {
      await client.end().catch(() => undefined);
      throw mapPostgresError(error, place.told);
    }
  };
  const hold = async (): Promise<void> => {
    const current = (holding ??= take());
    try {
      await current;
    } catch (error) {
      if (holding === current) holding = undefined;
      throw error;
    }
  };
  await hold();
  return {
    hold,
    release: async () => {
      const client = await holding?.catch(() => undefined);
      await client?.end().catch(() => undefined);
    },
  };
}

async function takeLock(client: Client, { schema, told }: PostgresPlace): Promise<void> {
  const key = lockKey("project", schema);
  const { rows } = await client.query<{ taken: boolean }>("select pg_try_advisory_lock($1) as taken", [key]);
  if (rows[0]?.taken === true) return;
  throw platformErrors.create("platform/locked", {
    because: `${await holderOf(client, key)} holds the schema ${schema} of ${told}`,
  });
}

async function holderOf(client: Client, key: string): Promise<string> {
  // A 64-bit key is kept as its two halves.
  const { rows } = await client.query<{ application_name: string | null }>(
    `select application_name from pg_locks join pg_stat_activity using (pid)
     where locktype = 'advisory' and granted and objsubid = 1
       and pg_locks.database = (select oid from pg_database where datname = current_database())
       and (classid::bigint << 32) | objid::bigint = $1`,
    [key],
  );
  const name = /^mill (\d+) on (.+)$/.exec(rows[0]?.application_name ?? "");
  return name === null ? "a process that is not known" : `process ${name[1]} on ${name[2]}`;
}

/** The signed 64-bit key of an advisory lock, as decimal digits. */
export function lockKey(purpose: "project" | "migrations", schema: string): string {
  return createHash("sha256").update(`millwright ${purpose} ${schema}`).digest().readBigInt64BE().toString();
}
