import { Kysely } from "kysely";
import type { Database } from "../database/database.ts";
import { groupCommits } from "../database/group-commits.ts";
import { openSqliteDialect } from "../database/sqlite-dialect.ts";
import { createSqliteReader } from "../database/sqlite-reader.ts";
import { breakSeal, setSeal } from "../database/sqlite-seal.ts";

/** Opens (and makes) the embedded metadata database. `:memory:` for tests. Throws `platform/damaged-database`. */
export function openSqliteDatabase({ path }: { readonly path: string }): Database {
  breakSeal(path);
  const kysely = new Kysely<unknown>({ dialect: openSqliteDialect(path) });
  const group = groupCommits(kysely);
  const reader = createSqliteReader(path);
  return {
    kind: "sqlite",
    as: <Schema>() => kysely as unknown as Kysely<Schema>,
    grouped: () => group.writer(),
    // Each connection has a memory of its own.
    ...(path === ":memory:" ? {} : { prepared: (sql) => reader.prepared(sql) }),
    close: async () => {
      await group.settled();
      reader.close();
      await kysely.destroy();
      setSeal(path);
    },
  };
}
