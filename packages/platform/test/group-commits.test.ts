import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Kysely, sql, SqliteDialect } from "kysely";
import { expect, test } from "vitest";
import { openSqliteDatabase } from "../src/adapters/sqlite-database.ts";
import { groupCommits } from "../src/database/group-commits.ts";
import { mapIoError } from "../src/index.ts";

/** A database that keeps nothing but the order of what was asked of it. */
function recorder(fails: (statement: string) => boolean = () => false) {
  const log: string[] = [];
  const run = (statement: string) => () => {
    log.push(statement);
    if (fails(statement)) throw new Error(`${statement} failed`);
    return { changes: 1, lastInsertRowid: 1 };
  };
  const prepare = (statement: string) => ({
    reader: false,
    all: () => [],
    run: run(statement),
    iterate: () => [][Symbol.iterator](),
  });
  const kysely = new Kysely<unknown>({ dialect: new SqliteDialect({ database: { close: () => {}, prepare } }) });
  return { log, kysely };
}

const say = (statement: string) => (transaction: Kysely<unknown>) => sql.raw(statement).execute(transaction);

test("writes of one moment are one commit, acknowledged after it, in their order", async () => {
  const { log, kysely } = recorder();
  const write = groupCommits(kysely).writer();
  await Promise.all(["a", "b", "c"].map((name) => write(say(name)).then(() => log.push(`${name} told`))));
  expect(log).toEqual(["begin", "a", "b", "c", "commit", "a told", "b told", "c told"]);
});

test("a commit that fails is told to all of its writers, and is not tried again", async () => {
  const { log, kysely } = recorder((statement) => statement === "commit");
  const write = groupCommits(kysely).writer();
  const outcomes = await Promise.allSettled(["a", "b"].map((name) => write(say(name))));
  expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  expect(log.filter((statement) => statement === "a" || statement === "commit")).toEqual(["a", "commit"]);
});

test("a write that fails is left out when the others are done again", async () => {
  const { log, kysely } = recorder((statement) => statement === "b");
  const write = groupCommits(kysely).writer();
  const outcomes = await Promise.allSettled(["a", "b", "c"].map((name) => write(say(name))));
  expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  const expected = [
    ["begin", "a", "b", "rollback"],
    ["begin", "savepoint one_write", "a", "release savepoint one_write"],
    ["savepoint one_write", "b", "rollback to savepoint one_write", "release savepoint one_write"],
    ["savepoint one_write", "c", "release savepoint one_write", "commit"],
  ];
  expect(log).toEqual(expected.flat());
});

test("a commit holds so many writes at the most, and so many may wait", async () => {
  const { log, kysely } = recorder();
  const write = groupCommits(kysely, { writesMax: 2, waitingMax: 3 }).writer();
  const waiting = ["a", "b", "c"].map((name) => write(say(name)));
  await expect(write(say("d"))).rejects.toMatchObject({ code: "platform/busy" });
  await Promise.all(waiting);
  expect(log).toEqual(["begin", "a", "b", "commit", "begin", "c", "commit"]);
  await write(say("e"));
  expect(log).toContain("e");
});

test("on a full disk each writer is told, what was acknowledged stays, and with room it goes on", async () => {
  const folder = mkdtempSync(join(tmpdir(), "mill-group-"));
  const database = openSqliteDatabase({ path: join(folder, "metadata.db") });
  const kysely = database.as<{ note: { id: number; body: string } }>();
  await kysely.schema.createTable("note").addColumn("id", "bigint").addColumn("body", "text").execute();
  const write = database.grouped<{ note: { id: number; body: string } }>();
  const note = (id: number) =>
    write((transaction) =>
      transaction
        .insertInto("note")
        .values({ id, body: "x".repeat(3_000) })
        .execute(),
    );
  await sql`pragma max_page_count = 20`.execute(kysely);
  const outcomes = await Promise.allSettled(Array.from({ length: 40 }, (_, id) => note(id)));
  const kept = outcomes.flatMap(({ status }, id) => (status === "fulfilled" ? [id] : []));
  const refused = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [mapIoError(outcome.reason)] : []));
  expect(refused.length).toBeGreaterThan(0);
  for (const error of refused) expect(error).toMatchObject({ code: "platform/disk-full" });
  await sql`pragma max_page_count = 2000`.execute(kysely);
  await note(99);
  const found = await kysely.selectFrom("note").select("id").orderBy("id").execute();
  expect(found.map(({ id }) => id)).toEqual([...kept, 99]);
  await database.close();
  rmSync(folder, { recursive: true, force: true });
});
