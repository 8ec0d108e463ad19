import type { Clock, IdSource } from "@millwright/kernel";
import type { Database, QueryBuilder } from "@millwright/platform";
import { displayOf, isNamespaceKey } from "../domain/iceberg/identifiers.ts";
import { checkBranchName } from "../domain/names.ts";
import { lakehouseErrors } from "../errors.ts";
import type { Branch, BranchChange, Branches, Publication } from "../ports.ts";
import { deleteEntry, MAIN, REMOVED, updateEntry, type CatalogTables, type EntryRow } from "./entry-rows.ts";

/** Branches in the metadata database. Publishing is one transaction over main's rows, each by compare-and-swap. */
export function openDatabaseBranches({
  database,
  clock,
  ids,
}: {
  readonly database: Database;
  readonly clock: Clock;
  readonly ids: IdSource;
}): Branches {
  const kysely = database.as<CatalogTables>();
  return {
    list: async () => (await kysely.selectFrom("lake_branch").selectAll().orderBy("name").execute()).map(branchOf),
    create: async (name) => {
      if (checkBranchName(name) === MAIN) throw taken(MAIN);
      return kysely.transaction().execute((transaction) => create(transaction, name, clock.nowMs()));
    },
    changes: async (name) => {
      await existing(kysely, name);
      return told(await compare(kysely, name));
    },
    publish: (name, reason) =>
      kysely.transaction().execute(async (transaction) => {
        const changes = await publish(transaction, name);
        if (changes.length > 0)
          await note(transaction, { id: ids(), branch: name, reason, changes, publishedAtMs: clock.nowMs() });
        return changes;
      }),
    publications: async ({ limit }) => {
      const newest = kysely.selectFrom("lake_publication").selectAll().orderBy("published_at", "desc");
      return (await newest.orderBy("id", "desc").limit(limit).execute()).map(publicationOf);
    },
    drop: async (name) => {
      await kysely.transaction().execute(async (transaction) => {
        await existing(transaction, name);
        await transaction.deleteFrom("lake_entry").where("branch", "=", name).execute();
        await transaction.deleteFrom("lake_branch").where("name", "=", name).execute();
      });
    },
  };
}

/** What a branch has of a table when it takes it from main. */
const KEPT = [
  "name",
  "kind",
  "metadata_location",
  "sql",
  "columns",
  "snapshot_id",
  "row_count",
  "bytes",
  "file_count",
  "properties",
  "updated_at",
] as const;

async function create(kysely: QueryBuilder<CatalogTables>, name: string, nowMs: number): Promise<Branch> {
  const inserted = await kysely
    .insertInto("lake_branch")
    .values({ name, created_at: nowMs })
    .onConflict((on) => on.doNothing())
    .executeTakeFirst();
  if (inserted.numInsertedOrUpdatedRows !== 1n) throw taken(name);
  await kysely
    .insertInto("lake_entry")
    .columns(["branch", ...KEPT, "revision", "base_revision"])
    .expression((main) =>
      main
        .selectFrom("lake_entry")
        .select((values) => [values.val(name).as("branch"), ...KEPT, "revision", "revision as base_revision"])
        .where("branch", "=", MAIN),
    )
    .execute();
  return { name, createdAtMs: nowMs };
}

async function existing(kysely: QueryBuilder<CatalogTables>, name: string): Promise<void> {
  const found = await kysely.selectFrom("lake_branch").select("name").where("name", "=", name).executeTakeFirst();
  if (found !== undefined) return;
  throw lakehouseErrors.create("lakehouse/unknown-branch", { because: `nothing is called ${name}` });
}

interface Compared {
  readonly change: BranchChange;
  readonly row: EntryRow;
}

/** What the branch has changed since it took it from main, in the order of the names. */
async function compare(kysely: QueryBuilder<CatalogTables>, name: string): Promise<readonly Compared[]> {
  const rows = await kysely
    .selectFrom("lake_entry")
    .selectAll()
    .where("branch", "in", [name, MAIN])
    .orderBy("name")
    .execute();
  const main = new Map(rows.filter(({ branch }) => branch === MAIN).map((row) => [row.name, row]));
  return rows
    .filter((row) => row.branch === name && row.revision !== row.base_revision)
    .map((row) => {
      const before = main.get(row.name);
      const change = {
        name: displayOf(row.name),
        kind: row.base_revision === null ? "added" : row.kind === REMOVED ? "removed" : "changed",
        rowsBefore: before?.row_count ?? null,
        rowsAfter: row.row_count,
        isConflict: (before?.revision ?? null) !== row.base_revision,
      } as const;
      return { change, row };
    });
}

/** Namespaces go along with what is in them, and are not spoken of. */
function told(compared: readonly Compared[]): readonly BranchChange[] {
  return compared.filter(({ row }) => !isNamespaceKey(row.name)).map(({ change }) => change);
}

async function publish(kysely: QueryBuilder<CatalogTables>, name: string): Promise<readonly BranchChange[]> {
  await existing(kysely, name);
  const compared = await compare(kysely, name);
  const conflicts = compared.filter(({ change }) => change.isConflict).map(({ change }) => change.name);
  for (const { row, change } of conflicts.length > 0 ? [] : compared)
    if (!(await putOnMain(kysely, row))) conflicts.push(change.name);
  if (conflicts.length > 0)
    throw lakehouseErrors.create("lakehouse/branch-conflict", {
      because: `main has changed ${conflicts.join(", ")} since ${name} took ${conflicts.length === 1 ? "it" : "them"}`,
      details: { tables: conflicts },
    });
  for (const { row } of compared) await settle(kysely, row);
  return told(compared);
}

/** False when main's row is not the one that the branch took. */
async function putOnMain(kysely: QueryBuilder<CatalogTables>, row: EntryRow): Promise<boolean> {
  const published = { ...row, branch: MAIN, base_revision: null };
  const { base_revision: base } = row;
  if (base === null) {
    const inserted = await kysely
      .insertInto("lake_entry")
      .values(published)
      .onConflict((on) => on.doNothing())
      .executeTakeFirst();
    return inserted.numInsertedOrUpdatedRows === 1n;
  }
  const expected = { branch: MAIN, name: row.name, revision: base };
  return row.kind === REMOVED ? deleteEntry(kysely, expected) : updateEntry(kysely, expected, published);
}

async function note(kysely: QueryBuilder<CatalogTables>, publication: Publication): Promise<void> {
  const { changes, publishedAtMs, ...told } = publication;
  const row = { ...told, changes: JSON.stringify(changes), published_at: publishedAtMs };
  await kysely.insertInto("lake_publication").values(row).execute();
}

function publicationOf({ changes, published_at, ...told }: CatalogTables["lake_publication"]): Publication {
  return { ...told, changes: JSON.parse(changes) as readonly BranchChange[], publishedAtMs: Number(published_at) };
}

/** From now on the branch has this of main, unless it has changed it again meanwhile. */
async function settle(kysely: QueryBuilder<CatalogTables>, row: EntryRow): Promise<void> {
  if (row.kind === REMOVED) await deleteEntry(kysely, row);
  else await updateEntry(kysely, row, { base_revision: row.revision });
}

function branchOf({ name, created_at: createdAtMs }: CatalogTables["lake_branch"]): Branch {
  return { name, createdAtMs };
}

function taken(name: string): Error {
  return lakehouseErrors.create("lakehouse/branch-exists", { because: `${name} is there already` });
}
