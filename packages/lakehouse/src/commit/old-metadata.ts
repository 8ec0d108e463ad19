import type { Logger } from "@millwright/kernel";
import type { IcebergMetadata } from "../domain/iceberg/metadata.ts";
import type { IcebergEntries, ObjectStore } from "../ports.ts";
import { pathIn } from "../table-files.ts";

interface Places {
  readonly store: ObjectStore;
  /** Where it is not known what else leads to a file, none is deleted. */
  readonly entries?: Pick<IcebergEntries, "metadataLocations" | "forgetFiles">;
  readonly logger: Logger;
}

/**
 * Deletes the metadata files that a commit has put out of the table's log, where the table's property
 * `write.metadata.delete-after-commit.enabled` asks for it. To be called once the pointer has moved: the commit stands
 * whatever becomes of this, and what is left over is an orphan that nothing leads to. A file that the metadata of any table
 * on any branch speaks of stays.
 */
export async function deleteOldMetadata(
  { store, entries, logger }: Places,
  { before, after }: { readonly before: IcebergMetadata | undefined; readonly after: IcebergMetadata },
): Promise<void> {
  if (before === undefined || entries === undefined) return;
  if (after.properties["write.metadata.delete-after-commit.enabled"]?.toLowerCase() !== "true") return;
  // A file may be told of as a path or as a URL.
  const pathsIn = (metadata: IcebergMetadata) =>
    metadata["metadata-log"].flatMap((one) => pathIn(store, one["metadata-file"]) ?? []);
  const logged = pathsIn(after);
  const put = pathsIn(before).filter((path) => !logged.includes(path));
  const candidates = new Set(put.filter((path) => isBeside(path, logged.at(-1))));
  if (candidates.size === 0) return;
  try {
    await keepWhatRootsName(store, await entries.metadataLocations(), candidates);
    await entries.forgetFiles([...candidates]);
    for (const path of candidates) await store.remove(path);
  } catch (error) {
    logger.warn({ err: error, table: after.location }, "old metadata files of a table were not all deleted");
  }
}

/** A log is what a client may have registered: it is not believed about files of another kind or place. */
function isBeside(path: string, last: string | undefined): boolean {
  const folderOf = (one: string) => one.slice(0, one.lastIndexOf("/"));
  return last !== undefined && path.endsWith(".metadata.json") && folderOf(path) === folderOf(last);
}

/** By the file's name anywhere in a root's text, which is rather too often than too seldom. */
async function keepWhatRootsName(store: ObjectStore, roots: readonly string[], candidates: Set<string>): Promise<void> {
  for (const root of new Set(roots)) {
    if (candidates.size === 0) return;
    const text = Buffer.from(await store.read(root));
    for (const candidate of candidates) {
      const name = candidate.slice(candidate.lastIndexOf("/") + 1);
      if (root.endsWith(name) || text.includes(name)) candidates.delete(candidate);
    }
  }
}
