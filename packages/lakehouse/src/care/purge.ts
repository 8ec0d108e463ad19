import { nameOf, type Identifier } from "../domain/iceberg/identifiers.ts";
import { dropTable } from "../rest/tables.ts";
import type { CatalogWorld } from "../rest/world.ts";
import { deleteFiles, filesOf, keepWhatIsLedTo, ownFilesOf, sharesFiles } from "./reachable-files.ts";
import { tableNow } from "./table-named.ts";

/**
 * Forgets a table and deletes its files, but for those that a branch of the project or another table leads to.
 * A table with `gc.enabled=false` shares its files with others, and keeps them.
 */
export async function purgeTable(world: CatalogWorld, identifier: Identifier): Promise<void> {
  const files = await ownedFiles(world, identifier);
  await dropTable(world, identifier);
  await keepWhatIsLedTo(world, files);
  await deleteFiles(world, files.keys());
}

/** A table that cannot be read is dropped all the same; its files stay. */
async function ownedFiles(world: CatalogWorld, identifier: Identifier): Promise<Map<string, unknown>> {
  try {
    const { location, metadata } = await tableNow(world, identifier);
    if (sharesFiles(metadata)) return new Map();
    const files = new Map<string, unknown>(await filesOf(world, metadata, metadata.snapshots));
    for (const path of ownFilesOf(world, location, metadata)) files.set(path, undefined);
    return files;
  } catch (error) {
    world.logger.warn({ err: error, table: nameOf(identifier) }, "the files of a dropped table are not deleted");
    return new Map();
  }
}
