import { Kysely } from "kysely";
import type { Database } from "../database/database.ts";
import { groupCommits } from "../database/group-commits.ts";
import { openSqliteDialect } from "../database/sqlite-dialect.ts";
import { breakSeal, setSeal } from "../database/sqlite-seal.ts";

/** Opens (and makes) the embedded metadata database. `:memory:` for tests. Throws `platform/damaged-database`. */
export function openSqliteDatabase({ path }: { readonly path: string }): Database {
  breakSeal(path);
  const kysely = new Kysely<unknown>({ dialect: openSqliteDialect(path) });
  const group = groupCommits(kysely);
  return {
    kind: "sqlite",
    as: <Schema>() => kysely as unknown as Kysely<Schema>,
    grouped: () => group.writer(),
    close: async () => {
      await group.settled();
      await kysely.destroy();
      setSeal(path);
    },
  };
}
