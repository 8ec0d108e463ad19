import type { ProgressSink } from "@millwright/kernel";
import type { ObjectStore, TableCatalog } from "./ports.ts";

/** A file of the lake that is not what was written to it, or a table whose files nothing is known of. */
export interface FileFinding {
  readonly path: string;
  readonly damage: "changed" | "missing" | "unknown";
}

export interface VerifiedFiles {
  readonly files: number;
  readonly bytes: number;
  readonly findings: readonly FileFinding[];
}

/** Reads every file that was ever written and kept, and holds it against its checksum. Changes nothing. */
export async function verifyFiles(
  { store, catalog }: { readonly store: ObjectStore; readonly catalog: TableCatalog },
  progress: ProgressSink,
): Promise<VerifiedFiles> {
  const files = await catalog.files();
  const findings: FileFinding[] = [];
  let bytes = 0;
  for (const [done, { path, sha256 }] of files.entries()) {
    progress({ message: "reading the lake's files", done, total: files.length, unit: "files" });
    const found = await store.digest(path);
    bytes += found?.bytes ?? 0;
    if (found === undefined) findings.push({ path, damage: "missing" });
    else if (found.sha256 !== sha256) findings.push({ path, damage: "changed" });
  }
  return { files: files.length, bytes, findings: [...findings, ...(await unknownOf({ store, catalog }))] };
}

/** Tables that were written before checksums were kept: the next write of each keeps its own. */
async function unknownOf({
  store,
  catalog,
}: {
  readonly store: ObjectStore;
  readonly catalog: TableCatalog;
}): Promise<readonly FileFinding[]> {
  // Another catalog writes metadata files of its own, whose checksums nobody knows.
  if (catalog.placeFor !== undefined) return [];
  const locations = (await catalog.list()).flatMap(({ metadataLocation }) => metadataLocation ?? []);
  const paths = locations.map((location) => store.pathOf(location));
  const known = await Promise.all(paths.map((path) => catalog.file(path)));
  return paths.filter((_, index) => known[index] === undefined).map((path) => ({ path, damage: "unknown" }));
}
