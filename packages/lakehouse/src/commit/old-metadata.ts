import type { Logger } from "@millwright/kernel";
import type { IcebergMetadata } from "../domain/iceberg/metadata.ts";
import type { IcebergEntries, ObjectStore } from "../ports.ts";
import { remember } from "../remember.ts";
import { pathIn } from "../table-files.ts";

interface Places {
  readonly store: ObjectStore;
  /** Where it is not known what else leads to a file, none is deleted. */
  readonly entries?: Pick<IcebergEntries, "metadataLocations" | "forgetFiles">;
  readonly logger: Logger;
}

interface OldAndNew {
  readonly before: IcebergMetadata | undefined;
  readonly after: IcebergMetadata;
  /** Where the new metadata lies. */
  readonly at: string;
}

/**
 * Deletes the metadata files that a commit has put out of the table's log, where the table's property
 * `write.metadata.delete-after-commit.enabled` asks for it. To be called once the pointer has moved: the commit stands
 * whatever becomes of this, and what is left over is an orphan that nothing leads to. A file that the metadata of any table
 * on any branch speaks of stays.
 */
export async function deleteOldMetadata(
  { store, entries, logger }: Places,
  { before, after, at }: OldAndNew,
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
  rememberNames(store, at, new Set([at, ...logged].map(nameOf)));
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
    const names = await namesIn(store, root);
    for (const candidate of candidates) if (names.has(nameOf(candidate))) candidates.delete(candidate);
  }
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

const ROOTS_MAX = 1_000;
const named = new WeakMap<ObjectStore, Map<string, ReadonlySet<string>>>();

/** The names of metadata files in the text of one, and its own: read once, as it never changes. */
async function namesIn(store: ObjectStore, root: string): Promise<ReadonlySet<string>> {
  const seen = named.get(store)?.get(root);
  if (seen !== undefined) return seen;
  const text = Buffer.from(await store.read(root)).toString();
  const names = new Set([nameOf(root), ...(text.match(/[^/"\\]+\.metadata\.json/g) ?? [])]);
  rememberNames(store, root, names);
  return names;
}

function rememberNames(store: ObjectStore, root: string, names: ReadonlySet<string>): void {
  const known = named.get(store) ?? new Map<string, ReadonlySet<string>>();
  named.set(store, known);
  remember(known, ROOTS_MAX, [root, names]);
}
