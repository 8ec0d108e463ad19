import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { migrate, type Database } from "@millwright/platform";
import { openPostgresDatabase } from "@millwright/platform/adapters/postgres-database";
import { openSqliteDatabase } from "@millwright/platform/adapters/sqlite-database";
import { findMeans } from "../e2e/support/means.ts";
import { startPostgres } from "../e2e/support/postgres.ts";
import type { BenchResult } from "./bench-result.ts";

interface Tables {
  event: { id: number; body: string };
}

const SECONDS = 2;
const WRITERS = 64;
const BODY = JSON.stringify({ task: "table:departures", state: "done", facts: { rows: 2_912_344 } }).padEnd(500, " ");

/**
 * Commits a second of one small row each, on disk when acknowledged: by one writer, by many each with a commit of its
 * own, and by many who share commits. Postgres, where there is one, is on this machine, with `fsync` and
 * `synchronous_commit` on, as it comes.
 */
export async function run(): Promise<readonly BenchResult[]> {
  const folder = mkdtempSync(join(tmpdir(), "mill-metadata-"));
  const sqlite = openSqliteDatabase({ path: join(folder, "metadata.db") });
  try {
    const embedded = await measure("SQLite", sqlite);
    return [...embedded, ...(await measurePostgres())];
  } finally {
    await sqlite.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measurePostgres(): Promise<readonly BenchResult[]> {
  const root = join(import.meta.dirname, "..");
  const programs = findMeans({ root, path: process.env["PATH"] ?? "" }).postgres;
  if (programs === undefined) {
    console.error("NO MEANS  Postgres: needs its programs on PATH or under /usr/lib/postgresql");
    return [];
  }
  const server = await startPostgres(programs);
  try {
    const database = await openPostgresDatabase({ url: server.url, schema: "bench" });
    const results = await measure("Postgres", database);
    await database.close();
    return results;
  } finally {
    server.remove();
  }
}

async function measure(name: string, database: Database): Promise<readonly BenchResult[]> {
  await migrate(
    database,
    [
      {
        area: "bench",
        migrations: [
          {
            name: "0001-event",
            async up(kysely) {
              await kysely.schema
                .createTable("event")
                .addColumn("id", "bigint", (column) => column.primaryKey())
                .addColumn("body", "text", (column) => column.notNull())
                .execute();
            },
          },
        ],
      },
    ],
    Date.now(),
  );
  const kysely = database.as<Tables>();
  const grouped = database.grouped<Tables>();
  let next = 0;
  const row = () => ({ id: (next += 1), body: BODY });
  const alone = () => kysely.insertInto("event").values(row()).execute();
  const together = () => grouped((transaction) => transaction.insertInto("event").values(row()).execute());
  const one = await perSecond(1, alone);
  const many = await perSecond(WRITERS, alone);
  const sharing = await perSecond(WRITERS, together);
  const { stored } = await kysely
    .selectFrom("event")
    .select(({ fn }) => fn.countAll<number>().as("stored"))
    .executeTakeFirstOrThrow();
  if (stored !== next) throw new Error(`${name} acknowledged ${next} rows and has ${stored}`);
  return [
    { name: `${name}: one writer`, value: one, unit: "commits/s" },
    { name: `${name}: ${WRITERS} writers, a commit each`, value: many, unit: "commits/s" },
    {
      name: `${name}: ${WRITERS} writers, commits shared`,
      value: sharing,
      unit: "commits/s",
      peer: { name: "a commit each", value: many },
    },
  ];
}

async function perSecond(writers: number, write: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  const endMs = startedMs + SECONDS * 1_000;
  let done = 0;
  const keepWriting = async () => {
    while (performance.now() < endMs) {
      await write();
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: writers }, keepWriting));
  return (done * 1_000) / (performance.now() - startedMs);
}
