import type { Clock, IdSource } from "@millwright/kernel";
import type { Database, QueryBuilder } from "@millwright/platform";
import { isNamespaceKey, keyAfter, levelsOf, namespaceKey } from "../domain/iceberg/identifiers.ts";
import type { EntryChange, IcebergEntries, StoredFile } from "../ports.ts";
import { keepFiles, removeEntry, swap } from "./database-table-catalog.ts";
import { contentOf, entryOf, NAMESPACE, REMOVED, type CatalogTables, type EntryRow } from "./entry-rows.ts";

export interface DatabaseIcebergEntriesOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly branch: string;
}

type Tables = QueryBuilder<CatalogTables>;

/** The namespace of the project's own tables: it is there whether or not something is kept of it. */
const OWN = namespaceKey(["main"]);

/** The Iceberg catalog of one branch, in the rows that the project's own tables and branches have too. */
export function openDatabaseIcebergEntries(options: DatabaseIcebergEntriesOptions): IcebergEntries {
  const { database, branch, ids } = options;
  const kysely = database.as<CatalogTables>();
  return {
    get: async (key) => {
      const row = await present(kysely, branch).selectAll().where("name", "=", key).executeTakeFirst();
      return row === undefined || row.kind === NAMESPACE ? undefined : entryOf(row);
    },
    locate: async (key) => {
      const row = await present(kysely, branch)
        .select(["kind", "metadata_location"])
        .where("name", "=", key)
        .executeTakeFirst();
      if (row === undefined || row.kind === NAMESPACE) return undefined;
      return { kind: row.kind === "view" ? "view" : "table", metadataLocation: row.metadata_location };
    },
    ...locatingNow(options),
    keysIn: (namespace, kind) => keysIn(kysely, { branch, namespace, kind }),
    namespace: (namespace) => propertiesOf(kysely, { branch, namespace }),
    namespacesIn: (namespace) => namespacesIn(kysely, { branch, namespace }),
    createNamespace: (namespace, properties) =>
      kysely.transaction().execute((transaction) => createNamespace(transaction, options, { namespace, properties })),
    setProperties: (namespace, properties) =>
      kysely.transaction().execute((transaction) => setProperties(transaction, options, { namespace, properties })),
    dropNamespace: (namespace) =>
      kysely.transaction().execute((transaction) => dropNamespace(transaction, options, namespace)),
    commit: (changes, files) => commit(kysely, options, { changes, files }),
    rename: (from, to) => kysely.transaction().execute((transaction) => rename(transaction, options, { from, to })),
    remove: (key, expected) => removeEntry(kysely, { branch, name: key, revision: ids(), expected }),
    metadataLocations: () => metadataLocations(kysely),
    forgetFiles: (paths) => forgetFiles(kysely, paths),
  };
}

const LOCATE = "select kind, metadata_location from lake_entry where branch = ? and name = ?";

function locatingNow({ database, branch }: DatabaseIcebergEntriesOptions): Pick<IcebergEntries, "locateNow"> {
  const row = database.prepared?.<Pick<EntryRow, "kind" | "metadata_location">>(LOCATE);
  if (row === undefined) return {};
  return {
    locateNow: (key) => {
      const found = row(branch, key);
      if (found === undefined || found.kind === REMOVED || found.kind === NAMESPACE) return undefined;
      return { kind: found.kind === "view" ? "view" : "table", metadataLocation: found.metadata_location };
    },
  };
}

async function metadataLocations(kysely: Tables): Promise<readonly string[]> {
  const rows = await kysely
    .selectFrom("lake_entry")
    .select("metadata_location")
    .where("kind", "=", "table")
    .where("metadata_location", "is not", null)
    .execute();
  return rows.flatMap(({ metadata_location: location }) => location ?? []);
}

const FORGOTTEN_AT_ONCE = 500;

/** What was written to these paths is known no more. */
export async function forgetFiles(kysely: Tables, paths: readonly string[]): Promise<void> {
  for (let start = 0; start < paths.length; start += FORGOTTEN_AT_ONCE)
    await kysely
      .deleteFrom("lake_file")
      .where("path", "in", paths.slice(start, start + FORGOTTEN_AT_ONCE))
      .execute();
}

function present(kysely: Tables, branch: string) {
  return kysely.selectFrom("lake_entry").where("branch", "=", branch).where("kind", "!=", REMOVED);
}

function within(kysely: Tables, { branch, namespace }: { readonly branch: string; readonly namespace: string }) {
  const all = present(kysely, branch);
  return namespace === "" ? all : all.where("name", ">", namespace).where("name", "<", keyAfter(namespace));
}

async function keysIn(
  kysely: Tables,
  asked: { readonly branch: string; readonly namespace: string; readonly kind: "table" | "view" },
): Promise<readonly string[]> {
  const place = asked.namespace === OWN ? { ...asked, namespace: "" } : asked;
  const rows = await within(kysely, place)
    .select("name")
    .where("kind", "=", asked.kind)
    .where("metadata_location", "is not", null)
    .orderBy("name")
    .execute();
  return rows.map(({ name }) => name).filter((name) => !name.slice(place.namespace.length).includes("\u001f"));
}

async function propertiesOf(
  kysely: Tables,
  asked: { readonly branch: string; readonly namespace: string },
): Promise<Readonly<Record<string, string>> | undefined> {
  const row = await present(kysely, asked.branch)
    .select("properties")
    .where("name", "=", asked.namespace)
    .executeTakeFirst();
  if (row !== undefined) return JSON.parse(row.properties) as Record<string, string>;
  // What holds something is there: a table makes its namespace, and a branch may bring one that main has dropped.
  const isThere = asked.namespace === OWN || (await within(kysely, asked).select("name").executeTakeFirst());
  return isThere ? {} : undefined;
}

async function namespacesIn(
  kysely: Tables,
  asked: { readonly branch: string; readonly namespace: string },
): Promise<readonly string[]> {
  const rows = await within(kysely, asked).select("name").where("name", "like", "%\u001f%").execute();
  const depth = levelsOf(asked.namespace).length + 1;
  const found = new Set(asked.namespace === "" ? [OWN] : []);
  for (const { name } of rows) {
    const levels = levelsOf(name);
    if (levels.length >= depth) found.add(namespaceKey(levels.slice(0, depth)));
  }
  return [...found].toSorted();
}

interface Given {
  readonly namespace: string;
  readonly properties: Readonly<Record<string, string>>;
}

function namespaceRow({ branch, clock, ids }: DatabaseIcebergEntriesOptions, { namespace, properties }: Given) {
  const content = contentOf({
    name: namespace,
    kind: "table",
    metadataLocation: null,
    sql: null,
    columns: [],
    snapshotId: null,
    rowCount: null,
    bytes: null,
    fileCount: null,
    properties,
    updatedAtMs: clock.nowMs(),
  });
  return { branch, name: namespace, base_revision: null, ...content, kind: NAMESPACE, revision: ids() };
}

async function createNamespace(kysely: Tables, options: DatabaseIcebergEntriesOptions, given: Given): Promise<boolean> {
  if (given.namespace === OWN) return false;
  const levels = levelsOf(given.namespace);
  const around = levels.slice(1).map((_, index) => namespaceKey(levels.slice(0, index + 1)));
  for (const namespace of around) await insertNamespace(kysely, options, { namespace, properties: {} });
  return insertNamespace(kysely, options, given);
}

async function insertNamespace(kysely: Tables, options: DatabaseIcebergEntriesOptions, given: Given): Promise<boolean> {
  const row = namespaceRow(options, given);
  const { branch: _branch, name: _name, base_revision: _base, ...content } = row;
  const inserted = await kysely
    .insertInto("lake_entry")
    .values(row)
    .onConflict((on) => on.columns(["branch", "name"]).doUpdateSet(content).where("lake_entry.kind", "=", REMOVED))
    .executeTakeFirst();
  return inserted.numInsertedOrUpdatedRows === 1n;
}

async function setProperties(kysely: Tables, options: DatabaseIcebergEntriesOptions, given: Given): Promise<boolean> {
  const { branch, ids, clock } = options;
  if ((await propertiesOf(kysely, { branch, namespace: given.namespace })) === undefined) return false;
  await insertNamespace(kysely, options, given);
  await kysely
    .updateTable("lake_entry")
    .set({ properties: JSON.stringify(given.properties), revision: ids(), updated_at: clock.nowMs() })
    .where("branch", "=", branch)
    .where("name", "=", given.namespace)
    .execute();
  return true;
}

async function dropNamespace(
  kysely: Tables,
  { branch, ids }: DatabaseIcebergEntriesOptions,
  namespace: string,
): Promise<"dropped" | "missing" | "not-empty"> {
  if (namespace === OWN) return "not-empty";
  if ((await within(kysely, { branch, namespace }).select("name").executeTakeFirst()) !== undefined) return "not-empty";
  return (await removeEntry(kysely, { branch, name: namespace, revision: ids() })) ? "dropped" : "missing";
}

/** Thrown to undo what the transaction has done so far. */
class InTheWay extends Error {
  readonly key: string;

  constructor(key: string) {
    super(key);
    this.key = key;
  }
}

async function commit(
  kysely: Tables,
  { branch, ids }: DatabaseIcebergEntriesOptions,
  { changes, files }: { readonly changes: readonly EntryChange[]; readonly files: readonly StoredFile[] },
): Promise<string | undefined> {
  try {
    await kysely.transaction().execute(async (transaction) => {
      // In one order whoever commits, so that two commits of the same tables never wait for each other.
      for (const { entry, expected } of changes.toSorted((one, other) =>
        one.entry.name < other.entry.name ? -1 : 1,
      )) {
        if (!(await swap(transaction, { entry, expected, branch, revision: ids() }))) throw new InTheWay(entry.name);
      }
      await keepFiles(transaction, files);
    });
    return undefined;
  } catch (error) {
    if (error instanceof InTheWay) return error.key;
    throw error;
  }
}

async function rename(
  kysely: Tables,
  { branch, ids }: DatabaseIcebergEntriesOptions,
  { from, to }: { readonly from: string; readonly to: string },
): Promise<boolean> {
  const row = await present(kysely, branch).selectAll().where("name", "=", from).executeTakeFirst();
  if (row === undefined || isNamespaceKey(from)) return false;
  const entry = { ...entryOf(row), name: to };
  if (!(await swap(kysely, { entry, expected: undefined, branch, revision: ids() }))) return false;
  return removeEntry(kysely, { branch, name: from, revision: ids() });
}
