import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock, systemIds } from "@millwright/kernel";
import { createLineage, governanceMigrations } from "@millwright/governance";
import { lineageSuite } from "@millwright/governance/testing";
import { lakehouseMigrations } from "@millwright/lakehouse";
import { openDatabaseBranches } from "@millwright/lakehouse/adapters/database-branches";
import { openDatabaseFileChecksums } from "@millwright/lakehouse/adapters/database-file-checksums";
import { openDatabaseTableCatalog } from "@millwright/lakehouse/adapters/database-table-catalog";
import { openIcebergRestCatalog, type IcebergRestOptions } from "@millwright/lakehouse/adapters/iceberg-rest-catalog";
import { openLocalObjectStore } from "@millwright/lakehouse/adapters/local-object-store";
import { branchesSuite, createTableVersions, objectStoreSuite, tableCatalogSuite } from "@millwright/lakehouse/testing";
import { createAlertStore, monitoringMigrations } from "@millwright/monitoring";
import { alertStoreSuite } from "@millwright/monitoring/testing";
import { createRunStore, orchestrationMigrations } from "@millwright/orchestration";
import { runStoreSuite } from "@millwright/orchestration/testing";
import { migrate, type Database, type MigrationSet } from "@millwright/platform";
import { openPostgresDatabase } from "@millwright/platform/adapters/postgres-database";
import { openSqliteDatabase } from "@millwright/platform/adapters/sqlite-database";
import { databaseSuite } from "@millwright/platform/testing";
import { createTracking, trackingMigrations } from "@millwright/tracking";
import { trackingSuite } from "@millwright/tracking/testing";
import { createCheckHistory, validationMigrations } from "@millwright/validation";
import { checkHistorySuite } from "@millwright/validation/testing";
import { afterAll, beforeAll, describe, inject } from "vitest";
import { startReferenceCatalog, type ReferenceCatalog } from "../../../e2e/support/iceberg-catalog.ts";
import { startPostgres, type PostgresServer } from "../../../e2e/support/postgres.ts";
import { end, millUp, type Up } from "../../../e2e/support/project.ts";

// Each port's suite, on each of its adapters.

const folder = mkdtempSync(join(tmpdir(), "mill-ports-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Adapter {
  readonly name: string;
  /** A database of a name, each time as another process would open it. */
  readonly open: (name: string) => Promise<Database>;
  readonly blocks: boolean;
}

function suitesOn({ name, open, blocks }: Adapter): void {
  const migrated = async (place: string, set: MigrationSet): Promise<Database> => {
    const database = await open(place);
    await migrate(database, [set], systemClock.nowMs());
    return database;
  };
  const world = { clock: systemClock, ids: systemIds };
  databaseSuite(name, { blocks, open: () => open("database") });
  tableCatalogSuite(name, {
    open: async () => {
      const database = await migrated("catalog", lakehouseMigrations);
      return { ...openDatabaseTableCatalog({ database, ids: systemIds }), close: () => database.close() };
    },
  });
  branchesSuite(name, {
    open: async (branch) => {
      const database = await migrated("branches", lakehouseMigrations);
      return {
        branches: openDatabaseBranches({ database, clock: systemClock, ids: systemIds }),
        catalog: openDatabaseTableCatalog({ database, ids: systemIds, branch }),
        close: () => database.close(),
      };
    },
  });
  runStoreSuite(name, {
    open: async (branch) => {
      const database = await migrated("runs", orchestrationMigrations);
      const store = createRunStore(database, branch === undefined ? {} : { branch });
      return { store, close: () => database.close() };
    },
  });
  trackingSuite(name, {
    blocks,
    open: async () => {
      const database = await migrated("tracking", trackingMigrations);
      return { tracking: createTracking({ database, ...world }), close: () => database.close() };
    },
  });
  lineageSuite(name, {
    open: async (branch) => {
      const database = await migrated("lineage", governanceMigrations);
      const lineage = createLineage({ database, ...world, ...(branch === undefined ? {} : { branch }) });
      return { lineage, close: () => database.close() };
    },
  });
  checkHistorySuite(name, {
    open: async (told) => {
      const database = await migrated("checks", validationMigrations);
      return { history: createCheckHistory({ database, ...told }), close: () => database.close() };
    },
  });
  alertStoreSuite(name, {
    open: async (told) => {
      const database = await migrated("alerts", monitoringMigrations);
      return { alerts: createAlertStore({ database, ...told }), close: () => database.close() };
    },
  });
}

objectStoreSuite("the local disk", {
  open: () => Promise.resolve(openLocalObjectStore({ root: join(folder, "store") })),
});

suitesOn({
  name: "SQLite",
  blocks: true,
  open: (name) => Promise.resolve(openSqliteDatabase({ path: join(folder, `${name}.db`) })),
});

const programs = inject("means").postgres;
describe.skipIf(programs === undefined)("with a PostgreSQL server", () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres(programs ?? "");
  });
  afterAll(() => server.remove());

  suitesOn({
    name: "Postgres",
    blocks: false,
    open: (name) => openPostgresDatabase({ url: server.url, schema: name }),
  });
});

interface RestPlace {
  readonly url: string;
  /** Where the catalog's tables lie. */
  readonly warehouse: string;
  readonly client?: NonNullable<IcebergRestOptions["address"]["client"]>;
}

/** Another catalog, each time as another process would ask it. */
function restCatalogSuite(name: string, place: () => RestPlace): void {
  const open = async () => {
    const { url, warehouse, client } = place();
    const database = openSqliteDatabase({ path: join(folder, `${name.replaceAll(/\W/g, "-")}.db`) });
    await migrate(database, [lakehouseMigrations], systemClock.nowMs());
    const store = openLocalObjectStore({ root: join(folder, "own"), further: [warehouse] });
    const secrets = client === undefined ? {} : { client };
    const { catalog } = await openIcebergRestCatalog({
      address: { url, allowsHttp: false, timeoutMs: 30_000, clock: systemClock, ...secrets },
      namespace: ["suite", "own"],
      store,
      checksums: openDatabaseFileChecksums({ database }),
      clock: systemClock,
    });
    return { store, catalog: { ...catalog, close: () => database.close() } };
  };
  tableCatalogSuite(name, {
    open: async () => (await open()).catalog,
    table: async (table, version, base) => {
      const { store, catalog } = await open();
      try {
        return await createTableVersions({ store, catalog })(table, version, base);
      } finally {
        await catalog.close();
      }
    },
  });
}

const jars = inject("means").icebergCatalog;
describe.skipIf(jars === undefined)("with Iceberg's reference catalog", () => {
  let reference: ReferenceCatalog;
  beforeAll(async () => {
    reference = await startReferenceCatalog(jars ?? "");
  }, 60_000);
  afterAll(() => reference.stop());

  restCatalogSuite("the reference catalog", () => reference);
});

describe("with a `mill up` of its own", () => {
  const project = join(folder, "up");
  let up: Up;
  beforeAll(async () => {
    process.env["PORTS_SECRET"] = "s3cret:with:colons";
    mkdirSync(project);
    writeFileSync(
      join(project, "millwright.ts"),
      `import { defineProject, env, icebergCatalog } from "millwright";
export default defineProject({ name: "up", engines: { catalog: icebergCatalog({ clients: { suite: env("PORTS_SECRET") } }) } });
`,
    );
    up = await millUp(project);
  }, 60_000);
  afterAll(() => end(up));

  restCatalogSuite("the catalog of `mill up`", () => ({
    url: `http://127.0.0.1:${up.controlPort}/iceberg`,
    warehouse: join(project, ".mill", "lake"),
    client: { id: "suite", secret: "s3cret:with:colons" },
  }));
});
