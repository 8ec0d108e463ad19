import type { IdSource } from "@millwright/kernel";
import type { Database, QueryBuilder } from "@millwright/platform";
import { relationOf } from "../domain/iceberg/identifiers.ts";
import type { CatalogEntry, StoredFile, TableCatalog } from "../ports.ts";
import { contentOf, entryOf, MAIN, REMOVED, type CatalogTables, type EntryRow } from "./entry-rows.ts";

const KEYS_AT_ONCE = 500;

export interface DatabaseTableCatalogOptions {
  readonly database: Database;
  readonly ids: IdSource;
  /** Whose tables: a branch that exists, or `main`. */
  readonly branch?: string;
}

/** The catalog in the metadata database: a commit is one compare-and-swap of a row's metadata location. */
export function openDatabaseTableCatalog({ database, ids, branch = MAIN }: DatabaseTableCatalogOptions): TableCatalog {
  const kysely = database.as<CatalogTables>();
  const present = () =>
    kysely.selectFrom("lake_entry").selectAll().where("branch", "=", branch).where("kind", "in", ["table", "view"]);
  return {
    get: async (name) => {
      const row = await present().where("name", "=", name).executeTakeFirst();
      return row === undefined ? undefined : entryOf(row);
    },
    list: async () => (await present().orderBy("name").execute()).map(entryOf),
    named: async (names) => {
      const all = await present().clearSelect().select("name").execute();
      const keys = all.map(({ name }) => name).filter((key) => names.has(relationOf(key).name.toLowerCase()));
      const rows: EntryRow[] = [];
      for (let start = 0; start < keys.length; start += KEYS_AT_ONCE)
        rows.push(
          ...(await present()
            .where("name", "in", keys.slice(start, start + KEYS_AT_ONCE))
            .execute()),
        );
      return rows.map(entryOf);
    },
    swap: async (entry, expected, files = []) => {
      const change = { entry, expected, branch, revision: ids() };
      if (files.length === 0) return swap(kysely, change);
      return kysely.transaction().execute(async (transaction) => {
        const won = await swap(transaction, change);
        if (won) await keepFiles(transaction, files);
        return won;
      });
    },
    remove: async (name) => void (await removeEntry(kysely, { branch, name, revision: ids() })),
    file: async (path) => kysely.selectFrom("lake_file").selectAll().where("path", "=", path).executeTakeFirst(),
    files: async () => kysely.selectFrom("lake_file").selectAll().orderBy("path").execute(),
    close: () => Promise.resolve(),
  };
}

interface Swap {
  readonly entry: CatalogEntry;
  readonly expected: string | null | undefined;
  readonly branch: string;
  readonly revision: string;
}

interface Removal {
  readonly branch: string;
  readonly name: string;
  readonly revision: string;
  /** Where its metadata must still be; unless told, wherever it is. */
  readonly expected?: string | undefined;
}

/** On a branch, what came from main leaves a mark that it is gone. False when there was nothing of this name. */
export async function removeEntry(
  kysely: QueryBuilder<CatalogTables>,
  { branch, name, revision, expected }: Removal,
): Promise<boolean> {
  const deleting = kysely
    .deleteFrom("lake_entry")
    .where("branch", "=", branch)
    .where("name", "=", name)
    .where("base_revision", "is", null);
  const deleted = await (
    expected === undefined ? deleting : deleting.where("metadata_location", "=", expected)
  ).executeTakeFirst();
  if (deleted.numDeletedRows > 0n) return true;
  const marking = kysely
    .updateTable("lake_entry")
    .set({ kind: REMOVED, metadata_location: null, sql: null, snapshot_id: null, revision })
    .where("branch", "=", branch)
    .where("name", "=", name)
    // What is the branch's own was looked for above: of another location it stays.
    .where("base_revision", "is not", null)
    .where("kind", "!=", REMOVED);
  const marked = await (
    expected === undefined ? marking : marking.where("metadata_location", "=", expected)
  ).executeTakeFirst();
  return marked.numUpdatedRows > 0n;
}

export async function swap(
  kysely: QueryBuilder<CatalogTables>,
  { entry, expected, branch, revision }: Swap,
): Promise<boolean> {
  const content = { ...contentOf(entry), revision };
  if (expected === undefined) {
    const inserted = await kysely
      .insertInto("lake_entry")
      .values({ branch, name: entry.name, base_revision: null, ...content })
      .onConflict((on) => on.columns(["branch", "name"]).doUpdateSet(content).where("lake_entry.kind", "=", REMOVED))
      .executeTakeFirst();
    return inserted.numInsertedOrUpdatedRows === 1n;
  }
  const updated = await kysely
    .updateTable("lake_entry")
    .set(content)
    .where("branch", "=", branch)
    .where("name", "=", entry.name)
    .where("kind", "!=", REMOVED)
    .where("metadata_location", expected === null ? "is" : "=", expected)
    .executeTakeFirst();
  return updated.numUpdatedRows === 1n;
}

/** Another one's file may be told of twice: it is kept as it was first seen. */
export async function keepFiles(kysely: QueryBuilder<CatalogTables>, files: readonly StoredFile[]): Promise<void> {
  if (files.length === 0) return;
  await kysely
    .insertInto("lake_file")
    .values(files.map(({ path, bytes, sha256 }) => ({ path, bytes, sha256 })))
    .onConflict((on) => on.doNothing())
    .execute();
}
