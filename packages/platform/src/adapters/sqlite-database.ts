import { Kysely } from "kysely";
import type { Database } from "../database/database.ts";
import { openSqliteDialect } from "../database/sqlite-dialect.ts";

/** Opens (and makes) the embedded metadata database. `:memory:` for tests. */
export function openSqliteDatabase({ path }: { readonly path: string }): Database {
  const kysely = new Kysely<unknown>({ dialect: openSqliteDialect(path) });
  return {
    kind: "sqlite",
    as: <Schema>() => kysely as unknown as Kysely<Schema>,
    close: () => kysely.destroy(),
  };
}
