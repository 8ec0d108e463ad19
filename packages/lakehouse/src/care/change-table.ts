import { keyOf, nameOf, type Identifier } from "../domain/iceberg/identifiers.ts";
import { draftOf, finished, type TableDraft } from "../domain/iceberg/table-draft.ts";
import { lakehouseErrors } from "../errors.ts";
import { publish, written } from "../rest/commit-tables.ts";
import type { CatalogWorld } from "../rest/world.ts";
import type { StoredFile } from "../ports.ts";
import { deleteOldMetadata } from "../commit/old-metadata.ts";
import { withRetries } from "../commit/retries.ts";
import { tableNow, type TableNow } from "./table-named.ts";

interface TableChange<Result> {
  readonly result: Result;
  /** What was written for this try, beside its metadata file. */
  readonly files: readonly StoredFile[];
  /** What was written for every try: data, which whoever wrote it keeps or deletes. */
  readonly data?: readonly StoredFile[];
}

/** Changes a table's metadata as it then is, however often another is faster. Answers what the last change said. */
export async function changeTable<Result>(
  world: CatalogWorld,
  identifier: Identifier,
  change: (table: TableNow, draft: TableDraft) => Promise<Result>,
): Promise<Result> {
  return changeTableWithFiles(world, identifier, async (table, draft) => ({
    result: await change(table, draft),
    files: [],
  }));
}

/**
 * The same with files of its own, whose checksums are kept with the pointer. Those of a try that is known to be lost are
 * deleted; where it is not known whether the pointer moved, nothing is. Throws `lakehouse/commit-conflict`.
 */
export async function changeTableWithFiles<Result>(
  world: CatalogWorld,
  identifier: Identifier,
  change: (table: TableNow, draft: TableDraft) => Promise<TableChange<Result>>,
): Promise<Result> {
  const done = await withRetries(async () => {
    const table = await tableNow(world, identifier);
    const draft = draftOf(table.metadata, world.clock.nowMs());
    const { result, files, data = [] } = await change(table, draft);
    if (!draft.isChanged) return { result };
    const prepared = await written(world, {
      identifier,
      expected: table.location,
      metadata: finished(draft, table.location),
    });
    const own = [...files, ...prepared.files];
    if ((await publish(world, [{ change: prepared.change, files: [...data, ...own] }])) === undefined) {
      await world.changed([keyOf(identifier)]);
      await deleteOldMetadata(world, {
        before: table.metadata,
        after: prepared.metadata,
        at: prepared.metadataLocation,
      });
      return { result };
    }
    for (const { path } of own) await world.store.remove(path);
    return undefined;
  });
  if (done !== undefined) return done.result;
  throw lakehouseErrors.create("lakehouse/commit-conflict", {
    because: `${nameOf(identifier)} kept being changed by other writers`,
  });
}
