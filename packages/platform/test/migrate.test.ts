import { expect, test } from "vitest";
import { migrate } from "../src/index.ts";
import { openSqliteDatabase } from "../src/adapters/sqlite-database.ts";

test("a migration runs once", async () => {
  const database = openSqliteDatabase({ path: ":memory:" });
  const set = {
    area: "a",
    migrations: [
      {
        name: "0001-t",
        up: async (kysely: import("kysely").Kysely<unknown>) => {
          await kysely.schema.createTable("t").addColumn("x", "integer").execute();
        },
      },
    ],
  };
  expect(await migrate(database, [set], 1)).toEqual(["a/0001-t"]);
  expect(await migrate(database, [set], 2)).toEqual([]);
  await database.close();
});
