import { systemClock, systemIds } from "@millwright/kernel";
import {
  lakehouseErrors,
  type Branches,
  type IcebergEntries,
  type ObjectStore,
  type TableCatalog,
} from "@millwright/lakehouse";
import { openDatabaseFileChecksums } from "@millwright/lakehouse/adapters/database-file-checksums";
import { openDatabaseIcebergEntries } from "@millwright/lakehouse/adapters/database-iceberg-entries";
import { openDatabaseTableCatalog } from "@millwright/lakehouse/adapters/database-table-catalog";
import type { Database } from "@millwright/platform";
import { platformErrors } from "@millwright/platform";
import { namespaceOf, type IcebergRestEngine, type Project } from "@millwright/project";
import { secret } from "./metadata.ts";

type Settings = Project["settings"];
type Environment = Readonly<Record<string, string | undefined>>;

interface OpenTables {
  readonly catalog: TableCatalog;
  readonly entries: IcebergEntries;
}

/** Where a project's tables are catalogued: in its own metadata, or elsewhere. */
export interface TableCatalogs {
  /** The URL of the other catalog that the tables are in. */
  readonly elsewhere: string | undefined;
  on(branch: string): OpenTables;
}

interface Places {
  readonly database: Database;
  readonly store: ObjectStore;
  readonly environment: Environment;
}

const TIMEOUT_MS = 30_000;

/** Opens what `engines.catalog` says. Throws what the other catalog refuses. */
export async function openTableCatalogs(settings: Settings, places: Places): Promise<TableCatalogs> {
  const { catalog: engine } = settings.engines;
  const { database } = places;
  if (engine?.engine === "iceberg-rest") {
    const open = await openRest(settings, engine, places);
    return { elsewhere: engine.url, on: () => open };
  }
  return {
    elsewhere: undefined,
    on: (branch) => ({
      catalog: openDatabaseTableCatalog({ database, ids: systemIds, branch }),
      entries: openDatabaseIcebergEntries({ database, clock: systemClock, ids: systemIds, branch }),
    }),
  };
}

async function openRest(
  settings: Settings,
  engine: IcebergRestEngine,
  { database, store, environment }: Places,
): Promise<OpenTables> {
  const { openIcebergRestCatalog } = await import("@millwright/lakehouse/adapters/iceberg-rest-catalog");
  const { url, warehouse, namespaces, tokenUrl, allowHttp = false, timeoutMs = TIMEOUT_MS } = engine;
  const levels = (text: string) => text.split(".");
  return openIcebergRestCatalog({
    address: {
      url,
      allowsHttp: allowHttp,
      timeoutMs,
      clock: systemClock,
      ...credentialsOf(engine, environment),
      ...(tokenUrl === undefined ? {} : { tokenUrl }),
    },
    ...(warehouse === undefined ? {} : { warehouse }),
    namespace: levels(namespaceOf(engine, settings.name)),
    ...(namespaces === undefined ? {} : { namespaces: namespaces.map(levels) }),
    store,
    checksums: openDatabaseFileChecksums({ database }),
    clock: systemClock,
  });
}

function credentialsOf({ credential, token, scope }: IcebergRestEngine, environment: Environment) {
  if (credential === undefined) return token === undefined ? {} : { token: secret(token, environment) };
  const [id = "", ...rest] = secret(credential, environment).split(":");
  if (id === "" || rest.length === 0)
    throw platformErrors.create("platform/missing-variable", {
      because: `${credential.env} is not of the form ID:SECRET`,
      remedy: `Set ${credential.env} to the client's id and its secret with a colon between.`,
    });
  return { client: { id, secret: rest.join(":"), ...(scope === undefined ? {} : { scope }) } };
}

/** Branches of a project whose tables are in another catalog: there are none, and none is made. */
export function withoutBranches(branches: Branches, url: string): Branches {
  return {
    ...branches,
    create: () =>
      Promise.reject(
        lakehouseErrors.create("lakehouse/branches-elsewhere", { because: `the project's tables are in ${url}` }),
      ),
  };
}
