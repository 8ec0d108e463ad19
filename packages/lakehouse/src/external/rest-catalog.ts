import { randomBytes } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import type { Clock } from "@millwright/kernel";
import type { Identifier } from "../domain/iceberg/identifiers.ts";
import { currentSnapshot, type IcebergMetadata } from "../domain/iceberg/metadata.ts";
import { metadataIn } from "../domain/iceberg/read-metadata.ts";
import { canonical } from "../domain/iceberg/schema.ts";
import { updatesBetween } from "../domain/iceberg/updates-between.ts";
import type { ViewMetadata } from "../domain/iceberg/view-metadata.ts";
import { lakehouseErrors } from "../errors.ts";
import type { CatalogEntry } from "../ports.ts";
import { takeAside, type Aside } from "./rest-aside.ts";
import { schemaOfView, versionOfView } from "./rest-views.ts";
import { levelsIn, type RestSession } from "./rest-session.ts";
import { shownKey, tablePath, viewPath, type RestNames } from "./rest-names.ts";

interface LoadedTable {
  readonly metadataLocation: string;
  readonly metadata: IcebergMetadata;
}

interface LoadedView {
  readonly metadataLocation: string;
  readonly metadata: ViewMetadata;
}

/** One table's way from a state to another. */
export interface TableChange {
  readonly key: string;
  readonly before: LoadedTable | undefined;
  readonly after: IcebergMetadata;
}

/** Tables and views of another catalog, by the keys that they have here. */
export interface RestCatalog {
  readonly names: RestNames;
  readonly session: RestSession;
  readonly hasViews: boolean;
  loadTable(key: string): Promise<LoadedTable | undefined>;
  loadView(key: string): Promise<LoadedView | undefined>;
  /** False when the catalog says that a table is another by now. Throws `lakehouse/commit-unknown`. */
  commit(changes: readonly TableChange[]): Promise<boolean>;
  /** False when the name is taken, or the view another by now. Throws `lakehouse/catalog-lacks`. */
  putView(entry: CatalogEntry, before: LoadedView | undefined): Promise<boolean>;
  remove(key: string, kind: "table" | "view"): Promise<boolean>;
  /** Undefined when nothing of the kind has the name. */
  takeAside(key: string, kind: "table" | "view"): Promise<Aside | undefined>;
  /** Where the catalog would have a new table's files lie. */
  placeFor(key: string): Promise<string>;
}

const KEPT_MAX = 1_000;
const LOOKS = [100, 300, 1_000, 2_000, 4_000];
const VIEWS = "GET /v1/{prefix}/namespaces/{namespace}/views";
const TRANSACTIONS = "POST /v1/{prefix}/transactions/commit";

export function createRestCatalog({
  session,
  names,
  clock,
}: {
  readonly session: RestSession;
  readonly names: RestNames;
  readonly clock: Clock;
}): RestCatalog {
  const loadTable = createLoader(session, names);
  const hasViews = session.has(VIEWS);
  const made = new Set<string>();
  /** The project's own namespace is made when something is first put into it. */
  const makeOwn = async (key: string): Promise<void> => {
    const { namespace } = names.identifierOf(key);
    if (namespace !== names.own || made.has("own")) return;
    await session.ask({ method: "POST", path: "namespaces", body: { namespace, properties: {} } }, [409]);
    made.add("own");
  };
  return {
    names,
    session,
    hasViews,
    loadTable,
    loadView: async (key) => {
      if (!hasViews) return undefined;
      const path = viewPath(names.identifierOf(key));
      const { status, body } = await session.ask({ method: "GET", path }, [404]);
      return status === 404 ? undefined : (told(body) as LoadedView);
    },
    commit: async (changes) => {
      for (const { key, before } of changes) if (before === undefined) await makeOwn(key);
      const reply = await send(session, names, changes);
      if (reply === "unknown") return lookUp(loadTable, changes);
      return reply;
    },
    putView: async (entry, before) => {
      if (!hasViews) throw lacks("views: the catalog lists no address for them");
      await makeOwn(entry.name);
      return putView({ session, names, clock }, entry, before);
    },
    remove: async (key, kind) => {
      const identifier = names.identifierOf(key);
      const path = kind === "view" ? viewPath(identifier) : `${tablePath(identifier)}?purgeRequested=false`;
      const reply = await session.change({ method: "DELETE", path }, [404]);
      if (reply === "unknown") return (await loadTable(key)) === undefined;
      return reply.status !== 404;
    },
    takeAside: (key, kind) => takeAside({ session, names }, key, kind),
    placeFor: async (key) => {
      await makeOwn(key);
      const { namespace, name } = names.identifierOf(key);
      // A view that is to become a table has the name still.
      const place =
        (await stagedPlace(session, { namespace, name })) ??
        (await stagedPlace(session, { namespace, name: `${name}_${randomBytes(4).toString("hex")}` }));
      if (place !== undefined) return place;
      throw lakehouseErrors.create("lakehouse/catalog-refused", {
        because: `${shownKey(key)}: it gives no place for it`,
      });
    },
  };
}

/** Where a new table would lie: a staged creation makes nothing. Undefined when the name is taken. */
async function stagedPlace(session: RestSession, { namespace, name }: Identifier): Promise<string | undefined> {
  const schema = { type: "struct", "schema-id": 0, fields: [{ id: 1, name: "id", required: false, type: "long" }] };
  const body = { name, schema, "stage-create": true, properties: {} };
  const path = `namespaces/${levelsIn(namespace)}/tables`;
  const reply = await session.ask({ method: "POST", path, body }, [409]);
  return reply.status === 409 ? undefined : told(reply.body).metadata.location.replace(/\/+$/, "");
}

/** What is known of a table is asked for again by its tag, where the catalog gives one. */
function createLoader(session: RestSession, names: RestNames): RestCatalog["loadTable"] {
  const kept = new Map<string, { readonly etag: string; readonly table: LoadedTable }>();
  return async (key) => {
    const known = kept.get(key);
    const path = tablePath(names.identifierOf(key));
    const { status, body, etag } = await session.ask({ method: "GET", path, etag: known?.etag }, [404]);
    if (status === 304 && known !== undefined) return known.table;
    kept.delete(key);
    if (status === 404) return undefined;
    const table = tableIn(body, key);
    if (etag !== undefined) kept.set(key, { etag, table });
    const [oldest] = kept.keys();
    if (kept.size > KEPT_MAX && oldest !== undefined) kept.delete(oldest);
    return table;
  };
}

interface Told {
  readonly "metadata-location": string;
  readonly metadata: { readonly location: string };
}

function told(body: unknown) {
  const { metadata, "metadata-location": metadataLocation } = (body ?? {}) as Partial<Told>;
  if (typeof metadata === "object" && typeof metadata.location === "string") return { metadata, metadataLocation };
  throw lakehouseErrors.create("lakehouse/catalog-refused", { because: "it answered with what is no table or view" });
}

function tableIn(body: unknown, key: string): LoadedTable {
  const { metadata: given, metadataLocation } = told(body);
  const metadata = metadataIn(given);
  if (metadata !== undefined && typeof metadataLocation === "string") return { metadata, metadataLocation };
  throw lakehouseErrors.create("lakehouse/catalog-refused", { because: `${shownKey(key)} came without its metadata` });
}

async function send(
  session: RestSession,
  names: RestNames,
  changes: readonly TableChange[],
): Promise<boolean | "unknown"> {
  const commits = changes.map(({ key, before, after }) => {
    const { namespace, name } = names.identifierOf(key);
    return { identifier: { namespace, name }, ...updatesBetween(before?.metadata, after) };
  });
  const [only] = commits;
  if (only === undefined) return true;
  if (commits.length > 1 && !session.has(TRANSACTIONS))
    throw lacks("commits of several tables in one step: the catalog lists no address for them");
  const path = commits.length > 1 ? "transactions/commit" : tablePath(only.identifier as Identifier);
  const body = commits.length > 1 ? { "table-changes": commits } : only;
  // What was there and is gone has changed, too.
  const reply = await session.change({ method: "POST", path, body }, [404, 409]);
  return reply === "unknown" ? reply : reply.status < 300;
}

/**
 * What became of a commit without an answer: its snapshots, or a new table's id, are looked for. What is not found may
 * still be made, so that it counts as not known.
 */
async function lookUp(load: RestCatalog["loadTable"], changes: readonly TableChange[]): Promise<true> {
  for (const pauseMs of LOOKS) {
    await wait(pauseMs);
    const found = await Promise.all(changes.map((change) => isMade(load, change).catch(() => false)));
    if (found.every(Boolean)) return true;
  }
  throw lakehouseErrors.create("lakehouse/commit-unknown", {
    because: `${changes.map(({ key }) => shownKey(key)).join(", ")}: the catalog did not say what came of it`,
  });
}

async function isMade(load: RestCatalog["loadTable"], { key, before, after }: TableChange): Promise<boolean> {
  const now = (await load(key))?.metadata;
  if (now === undefined || now["table-uuid"] !== after["table-uuid"]) return false;
  const added = currentSnapshot(after)?.["snapshot-id"];
  const isNew = added !== undefined && !before?.metadata.snapshots.some((one) => one["snapshot-id"] === added);
  if (isNew) return now.snapshots.some((one) => one["snapshot-id"] === added);
  return (
    before === undefined || updatesBetween(now, { ...after, "snapshot-log": now["snapshot-log"] }).updates.length === 0
  );
}

interface Views {
  readonly session: RestSession;
  readonly names: RestNames;
  readonly clock: Clock;
}

async function putView(
  { session, names, clock }: Views,
  entry: CatalogEntry,
  before: LoadedView | undefined,
): Promise<boolean> {
  const identifier = names.identifierOf(entry.name);
  const last = Math.max(0, ...(before?.metadata.versions ?? []).map((one) => one["version-id"]));
  const told = { sql: entry.sql ?? "", namespace: identifier.namespace, id: last + 1, nowMs: clock.nowMs() };
  const version = versionOfView(told);
  const schema = schemaOfView(entry.columns);
  const same = before?.metadata.schemas.find((one) => canonical(one.fields) === canonical(schema.fields));
  const { properties } = entry;
  const request =
    before === undefined
      ? {
          path: `namespaces/${levelsIn(identifier.namespace)}/views`,
          body: { name: identifier.name, schema, "view-version": version, properties },
        }
      : {
          path: viewPath(identifier),
          body: {
            identifier,
            requirements: [{ type: "assert-view-uuid", uuid: before.metadata["view-uuid"] }],
            updates: [
              { action: "set-properties", updates: properties },
              ...(same === undefined ? [{ action: "add-schema", schema }] : []),
              { action: "add-view-version", "view-version": { ...version, "schema-id": same?.["schema-id"] ?? -1 } },
              { action: "set-current-view-version", "view-version-id": -1 },
            ],
          },
        };
  const reply = await session.change({ method: "POST", ...request }, [404, 409]);
  if (reply !== "unknown") return reply.status < 300;
  throw lakehouseErrors.create("lakehouse/commit-unknown", {
    because: `${shownKey(entry.name)}: the catalog did not say what came of it`,
  });
}

function lacks(because: string): Error {
  return lakehouseErrors.create("lakehouse/catalog-lacks", { because });
}
