import { hostname } from "node:os";
import type { Client, ClientConfig, CustomTypesConfig } from "pg";
import { platformErrors } from "../errors.ts";
import { mapPostgresError } from "./postgres-errors.ts";

/** Where a project's schema is, and how it is told to people: without user or password. */
export interface PostgresPlace {
  readonly config: ClientConfig;
  readonly schema: string;
  readonly told: string;
}

const CONNECT_MS_MAX = 10_000;
const STATEMENT_MS_MAX = 60_000;
const IDLE_TRANSACTION_MS_MAX = 60_000;

/** Reads a connection URL. Throws `platform/database-url`, which does not repeat it: it may hold a password. */
export async function postgresPlace({ url, schema }: { url: string; schema: string }): Promise<PostgresPlace> {
  const wrong = (because: string) => platformErrors.create("platform/database-url", { because });
  if (!URL.canParse(url)) throw wrong("its value is no URL");
  const { protocol } = new URL(url);
  if (protocol !== "postgresql:" && protocol !== "postgres:")
    throw wrong(`it begins with ${protocol.slice(0, 20)}, not with postgresql:`);
  const [{ parse, toClientConfig }, { types }] = await Promise.all([import("pg-connection-string"), import("pg")]);
  let parsed: ClientConfig;
  try {
    parsed = toClientConfig(parse(url));
  } catch {
    throw wrong("one of its parts cannot be read");
  }
  const config: ClientConfig = {
    ...parsed,
    // Read by another process that wants the project: who holds it.
    application_name: applicationName(),
    connectionTimeoutMillis: CONNECT_MS_MAX,
    statement_timeout: STATEMENT_MS_MAX,
    idle_in_transaction_session_timeout: IDLE_TRANSACTION_MS_MAX,
    keepAlive: true,
    types: numbersAsOnSqlite(types),
  };
  const host = parsed.host ?? "localhost";
  return { config, schema, told: `${host}:${parsed.port ?? 5432}/${parsed.database ?? ""}` };
}

/** A connection of one's own, its schema chosen. Fails with errors of the catalogue. */
export async function connectAlone(place: PostgresPlace): Promise<Client> {
  const { Client } = await import("pg");
  const client = new Client(place.config);
  // Told by the query that fails for it, or by the `end` that follows.
  client.on("error", () => {});
  try {
    await client.connect();
    await chooseSchema(client, place);
    return client;
  } catch (error) {
    await client.end().catch(() => undefined);
    throw mapPostgresError(error, place.told);
  }
}

/** Names without a schema mean the project's own from now on. */
export async function chooseSchema(client: Pick<Client, "query">, { schema }: PostgresPlace): Promise<void> {
  await client.query("select set_config('search_path', quote_ident($1), false)", [schema]);
}

function applicationName(): string {
  return `mill ${process.pid} on ${hostname()}`.slice(0, 63);
}

const INT8 = 20;
const NUMERIC = 1_700;

/** 64-bit integers, and the sums of them, are numbers as long as they are exact; like SQLite's, others are refused. */
function numbersAsOnSqlite(types: CustomTypesConfig): CustomTypesConfig {
  return {
    getTypeParser: (oid: number, format?: "text" | "binary") => {
      if (oid === INT8) return exactNumber;
      if (oid === NUMERIC) return Number;
      return types.getTypeParser(oid, format) as unknown;
    },
  } as CustomTypesConfig;
}

function exactNumber(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value)) return value;
  throw new RangeError(`the integer ${text} is too large to be represented exactly as a number`);
}
