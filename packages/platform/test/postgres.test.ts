import { hostname } from "node:os";
import type { MillError } from "@millwright/kernel";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { startPostgres, type PostgresServer } from "../../../e2e/support/postgres.ts";
import { openPostgresDatabase, removePostgresSchema } from "../src/adapters/postgres-database.ts";
import { mapPostgresError } from "../src/database/postgres-errors.ts";
import { migrate, type Database } from "../src/index.ts";

interface Tables {
  note: { id: number };
}

const notes = {
  area: "notes",
  migrations: [
    {
      name: "0001-note",
      async up(kysely: ReturnType<Database["as"]>) {
        await kysely.schema.createTable("note").addColumn("id", "bigint").execute();
      },
    },
  ],
};

const programs = inject("means").postgres;

describe.skipIf(programs === undefined)("a PostgreSQL server", () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres(programs ?? "");
  });
  afterAll(() => server.remove());
  const open = (schema: string, exclusive = false) => openPostgresDatabase({ url: server.url, schema, exclusive });
  const count = async (database: Database) =>
    (await database.as<Tables>().selectFrom("note").selectAll().execute()).length;

  test("gives a project to one process at a time, on whatever machine, and says which", async () => {
    const holder = await open("locked", true);
    await expect(open("locked", true)).rejects.toMatchObject({
      code: "platform/locked",
      because: expect.stringContaining(`process ${process.pid} on ${hostname()} holds the schema locked`) as unknown,
    });
    await (await open("locked")).close();
    await (await open("another", true)).close();
    await holder.close();
    await (await open("locked", true)).close();
  });

  test("killed and started again, gives the lock back to its holder, who notices nothing else", async () => {
    const holder = await open("recovered", true);
    await migrate(holder, [notes], 1);
    await holder.as<Tables>().insertInto("note").values({ id: 1 }).execute();
    server.kill();
    await expect(count(holder)).rejects.toMatchObject({ code: "platform/database-unreachable" });
    const write = holder.grouped<Tables>();
    const refused = await Promise.allSettled(
      [1, 2].map((id) => write((on) => on.insertInto("note").values({ id }).execute())),
    );
    expect(refused.map((one) => (one.status === "rejected" ? (one.reason as MillError).code : one.status))).toEqual([
      "platform/database-unreachable",
      "platform/database-unreachable",
    ]);
    server.start();
    expect(await count(holder)).toBe(1);
    await expect(open("recovered", true)).rejects.toMatchObject({ code: "platform/locked" });
    await holder.close();
  });

  test("whose lock another took meanwhile lets the first one do nothing more", async () => {
    const first = await open("taken", true);
    await migrate(first, [notes], 1);
    const admin = await open("admin");
    await sqlOf(admin, "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted");
    const second = await takenOver("taken");
    await expect(first.as<Tables>().insertInto("note").values({ id: 1 }).execute()).rejects.toMatchObject({
      code: "platform/locked",
    });
    await second.close();
    await first.as<Tables>().insertInto("note").values({ id: 2 }).execute();
    expect(await count(first)).toBe(1);
    await Promise.all([first.close(), admin.close()]);
  });

  test("keeps out of schemas that are another's, and removes nothing that is not ours", async () => {
    const admin = await open("admin");
    await sqlOf(admin, "create schema theirs", "create table theirs.orders (id int)");
    await expect(open("theirs")).rejects.toMatchObject({ code: "platform/schema-taken" });
    expect(await removePostgresSchema({ url: server.url, schema: "theirs" })).toBe(false);
    await sqlOf(admin, "select 1 from theirs.orders");
    const ours = await open("ours");
    await migrate(ours, [notes], 1);
    await ours.close();
    expect(await removePostgresSchema({ url: server.url, schema: "ours" })).toBe(true);
    expect(await removePostgresSchema({ url: server.url, schema: "ours" })).toBe(false);
    await admin.close();
  });

  test("tells a role what it may not do, and a database that is not there", async () => {
    const admin = await open("admin");
    await sqlOf(admin, "create role poor login password 'poor'", "create schema given authorization poor");
    const poor = server.url.replace(`mill:${server.password}`, "poor:poor");
    await expect(openPostgresDatabase({ url: poor, schema: "mine" })).rejects.toMatchObject({
      code: "platform/database-refused",
      because: expect.stringMatching(/permission denied for database/) as unknown,
    });
    await (await openPostgresDatabase({ url: poor, schema: "given" })).close();
    await expect(
      openPostgresDatabase({ url: server.url.replace(/postgres$/, "none"), schema: "mine" }),
    ).rejects.toMatchObject({ code: "platform/database-refused" });
    await admin.close();
  });

  async function takenOver(schema: string): Promise<Database> {
    for (;;) {
      try {
        return await open(schema, true);
      } catch (error) {
        // The ended session lets go of its lock a moment after it was told to end.
        if ((error as MillError).code !== "platform/locked") throw error;
      }
    }
  }
});

async function sqlOf(database: Database, ...statements: readonly string[]): Promise<void> {
  const { sql } = await import("kysely");
  for (const statement of statements) await sql.raw(statement).execute(database.as<unknown>());
}

test("a full disk and a lost connection of the server are told as such; a defect stays one", () => {
  const state = (code: string) => Object.assign(new Error("told by the server"), { code });
  expect(mapPostgresError(state("53100"), "db:5432/mill")).toMatchObject({ code: "platform/disk-full" });
  for (const code of ["57P01", "57P03", "08006", "53300", "ECONNRESET"])
    expect(mapPostgresError(state(code), "db:5432/mill")).toMatchObject({ code: "platform/database-unreachable" });
  const defect = state("42601");
  expect(mapPostgresError(defect, "db:5432/mill")).toBe(defect);
});
