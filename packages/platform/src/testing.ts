import { systemIds } from "@millwright/kernel";
import type { Kysely } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { migrate, type Database, type MigrationSet } from "./index.ts";

/** Opens one and the same database, each time as another process would. */
export interface DatabaseFixture {
  open(): Promise<Database>;
  /** Waiting for another's transaction stops the whole process, so that two of them cannot be in one. */
  readonly blocks: boolean;
}

interface Tables {
  note: { id: string; author: string; position: number; weight: number | null };
}

const notes: MigrationSet = {
  area: "notes",
  migrations: [
    {
      name: "0001-note",
      async up(database: Kysely<unknown>) {
        await database.schema
          .createTable("note")
          .addColumn("id", "text", (column) => column.primaryKey())
          .addColumn("author", "text", (column) => column.notNull())
          .addColumn("position", "bigint", (column) => column.notNull())
          .addColumn("weight", "double precision")
          .execute();
      },
    },
  ],
};

/** What every metadata database does, whichever it is. */
export function databaseSuite(name: string, fixture: DatabaseFixture): void {
  describe(`Database on ${name}`, () => {
    let database: Database;
    const author = () => systemIds();
    const note = (by: string, position: number) => ({ id: systemIds(), author: by, position, weight: null });
    const insert = (by: string, position: number) => (transaction: Kysely<Tables>) =>
      transaction.insertInto("note").values(note(by, position)).execute();
    const positions = async (by: string, from: Database = database) =>
      (
        await from.as<Tables>().selectFrom("note").select("position").where("author", "=", by).orderBy("id").execute()
      ).map(({ position }) => position);

    beforeAll(async () => {
      database = await fixture.open();
      await migrate(database, [notes], 1);
    });
    afterAll(() => database.close());

    test("a migration runs once, also when several processes start at the same time", async () => {
      const later: MigrationSet = {
        area: "later",
        migrations: [
          { name: "0001-a", up: (kysely) => kysely.schema.createTable("later_a").addColumn("x", "text").execute() },
          { name: "0002-b", up: (kysely) => kysely.schema.createTable("later_b").addColumn("x", "text").execute() },
        ],
      };
      const others = await Promise.all(Array.from({ length: 4 }, () => fixture.open()));
      const applied: (readonly string[])[] = [];
      const migrations = others.map((other) => async () => applied.push(await migrate(other, [notes, later], 2)));
      if (fixture.blocks) for (const start of migrations) await start();
      else await Promise.all(migrations.map((start) => start()));
      await Promise.all(others.map((other) => other.close()));
      expect(applied.flat().toSorted()).toEqual(["later/0001-a", "later/0002-b"]);
      expect(await migrate(database, [notes, later], 3)).toEqual([]);
    });

    test("a migration that fails leaves nothing of itself", async () => {
      const broken: MigrationSet = {
        area: "broken",
        migrations: [
          {
            name: "0001-half",
            async up(kysely) {
              await kysely.schema.createTable("half").addColumn("x", "text").execute();
              throw new Error("half done");
            },
          },
        ],
      };
      await expect(migrate(database, [broken], 1)).rejects.toThrow("half done");
      await database.as<unknown>().schema.createTable("half").addColumn("x", "text").execute();
    });

    test("integers come back as the numbers they were, also sums and counts; one that is not exact is refused", async () => {
      const by = author();
      const kysely = database.as<Tables>();
      await kysely
        .insertInto("note")
        .values([note(by, Number.MAX_SAFE_INTEGER - 1), { ...note(by, 1), weight: 0.1 }])
        .execute();
      const found = await kysely
        .selectFrom("note")
        .select(({ fn }) => [fn.sum("position").as("sum"), fn.countAll().as("count"), fn.max("position").as("max")])
        .where("author", "=", by)
        .executeTakeFirstOrThrow();
      expect(found).toEqual({ sum: Number.MAX_SAFE_INTEGER, count: 2, max: Number.MAX_SAFE_INTEGER - 1 });
      const { weight } = await kysely
        .selectFrom("note")
        .select("weight")
        .where("author", "=", by)
        .where("position", "=", 1)
        .executeTakeFirstOrThrow();
      expect(weight).toBe(0.1);
      const large = { ...note(by, 0), position: (2n ** 60n) as unknown as number };
      await kysely.insertInto("note").values(large).execute();
      await expect(kysely.selectFrom("note").selectAll().where("id", "=", large.id).execute()).rejects.toThrow(
        RangeError,
      );
    });

    test("text is ordered by its bytes", async () => {
      const by = author();
      const ids = ["Zebra", "_x", "a-b", "aa", "äther", "zebra", "z_", "😀"].map((text) => `${by} ${text}`);
      const kysely = database.as<Tables>();
      await kysely
        .insertInto("note")
        .values(ids.toReversed().map((id) => ({ ...note(by, 0), id })))
        .execute();
      const found = await kysely.selectFrom("note").select("id").where("author", "=", by).orderBy("id").execute();
      const byBytes = ids.toSorted((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
      expect(found.map(({ id }) => id)).toEqual(byBytes);
    });

    test("a transaction that fails changes nothing, and others are not in it", async () => {
      const by = author();
      const other = await fixture.open();
      const failing = database
        .as<Tables>()
        .transaction()
        .execute(async (transaction) => {
          await insert(by, 1)(transaction);
          expect(await positions(by, other)).toEqual([]);
          throw new Error("no");
        });
      await expect(failing).rejects.toThrow("no");
      expect(await positions(by)).toEqual([]);
      await other.close();
    });

    test("a conditional update is won by one of many writers", async () => {
      const row = note(author(), 0);
      await database.as<Tables>().insertInto("note").values(row).execute();
      const others = await Promise.all(Array.from({ length: 4 }, () => fixture.open()));
      const won = await Promise.all(
        Array.from({ length: 32 }, async (_, index) => {
          const kysely = (others[index % others.length] ?? database).as<Tables>();
          const { numUpdatedRows } = await kysely
            .updateTable("note")
            .set({ position: index + 1 })
            .where("id", "=", row.id)
            .where("position", "=", 0)
            .executeTakeFirstOrThrow();
          return numUpdatedRows === 1n;
        }),
      );
      await Promise.all(others.map((other) => other.close()));
      expect(won.filter(Boolean)).toHaveLength(1);
    });

    describe("grouped writes", () => {
      test("happen in the order in which they were asked for, each seeing those before it", async () => {
        const by = author();
        const write = database.grouped<Tables>();
        const seen = await Promise.all(
          Array.from({ length: 200 }, (_, position) =>
            write(async (transaction) => {
              await insert(by, position)(transaction);
              const { count } = await transaction
                .selectFrom("note")
                .select(({ fn }) => fn.countAll<number>().as("count"))
                .where("author", "=", by)
                .executeTakeFirstOrThrow();
              return count;
            }),
          ),
        );
        expect(seen).toEqual(Array.from({ length: 200 }, (_, position) => position + 1));
        expect((await positions(by)).toSorted((a, b) => a - b)).toEqual(seen.map((count) => count - 1));
      });

      test("that fail are undone and told to their own caller alone", async () => {
        const by = author();
        const write = database.grouped<Tables>();
        const taken = note(by, -1);
        await database.as<Tables>().insertInto("note").values(taken).execute();
        const outcomes = await Promise.allSettled(
          Array.from({ length: 30 }, (_, position) =>
            write(async (transaction) => {
              await insert(by, position)(transaction);
              if (position % 3 === 1) throw new Error(`no ${position}`);
              // The database's own refusal, too, which on Postgres spoils a transaction without a savepoint.
              if (position % 3 === 2) await transaction.insertInto("note").values(taken).execute();
            }),
          ),
        );
        const kept = outcomes.flatMap(({ status }, position) => (status === "fulfilled" ? [position] : []));
        expect(kept).toEqual([0, 3, 6, 9, 12, 15, 18, 21, 24, 27]);
        expect((await positions(by)).toSorted((a, b) => a - b)).toEqual([-1, ...kept]);
        expect(outcomes[1]).toMatchObject({ reason: { message: "no 1" } });
      });

      test("are there for another process once acknowledged, and not before", async () => {
        const by = author();
        const other = await fixture.open();
        const write = database.grouped<Tables>();
        const early: number[][] = [];
        const all = Array.from({ length: 5 }, (_, position) =>
          write(async (transaction) => {
            await insert(by, position)(transaction);
            early.push(await positions(by, other));
          }).then(async () => expect(await positions(by, other)).toContain(position)),
        );
        await Promise.all(all);
        expect(early).toEqual([[], [], [], [], []]);
        await other.close();
      });

      test("are on disk when the database is closed, those too that nobody waited for", async () => {
        const by = author();
        const other = await fixture.open();
        const write = other.grouped<Tables>();
        const all = [0, 1, 2].map((position) => write(insert(by, position)));
        await other.close();
        await Promise.all(all);
        expect(await positions(by)).toHaveLength(3);
      });
    });
  });
}
