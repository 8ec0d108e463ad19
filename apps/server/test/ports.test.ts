import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Database } from "@millwright/platform";
import { openPostgresDatabase } from "@millwright/platform/adapters/postgres-database";
import { openSqliteDatabase } from "@millwright/platform/adapters/sqlite-database";
import { databaseSuite } from "@millwright/platform/testing";
import { afterAll, beforeAll, describe, inject } from "vitest";
import { startPostgres, type PostgresServer } from "../../../e2e/support/postgres.ts";

// Each port's suite, on each of its adapters.

const folder = mkdtempSync(join(tmpdir(), "mill-ports-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function suites(name: string, blocks: boolean, open: (place: string) => Promise<Database>): void {
  databaseSuite(name, { blocks, open: () => open("database") });
}

suites("SQLite", true, (place) => Promise.resolve(openSqliteDatabase({ path: join(folder, `${place}.db`) })));

const programs = inject("means").postgres;
describe.skipIf(programs === undefined)("with a PostgreSQL server", () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres(programs ?? "");
  });
  afterAll(() => server.remove());

  suites("Postgres", false, (schema) => openPostgresDatabase({ url: server.url, schema }));
});
