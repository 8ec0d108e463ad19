import { isMillError, type Clock } from "@millwright/kernel";
import { relationOf, type Namespace } from "../domain/iceberg/identifiers.ts";
import { parseMetadata } from "../domain/iceberg/read-metadata.ts";
import type { Aside } from "../external/rest-aside.ts";
import { createRestCatalog, type RestCatalog } from "../external/rest-catalog.ts";
import { openRestEntries } from "../external/rest-entries.ts";
import type { RestAddress } from "../external/rest-http.ts";
import { everyName, loadEach, type ListedName } from "../external/rest-listing.ts";
import { createRestNames, shownKey } from "../external/rest-names.ts";
import { openRestSession } from "../external/rest-session.ts";
import { entryOfView } from "../view-entry.ts";
import type { CatalogEntry, FileChecksums, IcebergEntries, ObjectStore, StoredFile, TableCatalog } from "../ports.ts";
import { tableEntry } from "../rest/commit-tables.ts";
import { lakehouseErrors } from "../errors.ts";

export interface IcebergRestOptions {
  readonly address: RestAddress;
  readonly warehouse?: string;
  /** Where the project's own tables are. */
  readonly namespace: Namespace;
  /** The others that are looked at; unless told, all. */
  readonly namespaces?: readonly Namespace[];
  readonly store: ObjectStore;
  readonly checksums: FileChecksums;
  readonly clock: Clock;
}

/**
 * Another catalog by Iceberg's REST protocol. A commit is told to it as requirements and updates, worked out from the
 * metadata file that was written for it; the catalog writes its own, and ours goes. Throws `lakehouse/catalog-unreachable`,
 * `lakehouse/catalog-refused`, `lakehouse/catalog-not-authorized`, `lakehouse/insecure-catalog`.
 */
export async function openIcebergRestCatalog(
  options: IcebergRestOptions,
): Promise<{ readonly catalog: TableCatalog; readonly entries: IcebergEntries }> {
  const session = await openRestSession(options.address, options.warehouse);
  const names = createRestNames(options.namespace);
  const rest = createRestCatalog({ session, names, clock: options.clock });
  const places = { ...options, rest };
  return { catalog: catalogOf(places), entries: openRestEntries(places) };
}

interface Places extends IcebergRestOptions {
  readonly rest: RestCatalog;
}

function catalogOf(places: Places): TableCatalog {
  const { rest, checksums, namespaces } = places;
  return {
    get: (name) => entryNow(rest, name),
    list: async () => loadListed(rest, await everyName(rest, namespaces)),
    named: async (words) => {
      const all = await everyName(rest, namespaces);
      return loadListed(
        rest,
        all.filter(({ key }) => words.has(relationOf(key).name.toLowerCase())),
      );
    },
    swap: async (entry, expected, files = []) => {
      const isPut = await (entry.kind === "view" ? swapView : swapTable)(places, { entry, expected });
      if (isPut) await settle(places, entry, files);
      return isPut;
    },
    remove: async (name) => {
      if (!(await rest.remove(name, "table")) && rest.hasViews) await rest.remove(name, "view");
    },
    placeFor: (name) => rest.placeFor(name),
    file: (path) => checksums.file(path),
    files: () => checksums.files(),
    close: () => Promise.resolve(),
  };
}

async function entryNow(rest: RestCatalog, key: string): Promise<CatalogEntry | undefined> {
  const table = await rest.loadTable(key);
  if (table !== undefined) return tableEntry(key, table);
  const view = await rest.loadView(key);
  return view === undefined ? undefined : entryOfView(key, { ...view, metadataLocation: null });
}

async function loadListed(rest: RestCatalog, names: readonly ListedName[]): Promise<readonly CatalogEntry[]> {
  return (await loadEach(names, (one) => listedEntry(rest, one))).filter((one) => one !== undefined);
}

/** What cannot be read of a listed name, since it is of another kind of table or gone by now, keeps none from being seen. */
async function listedEntry(rest: RestCatalog, { key, kind }: ListedName): Promise<CatalogEntry | undefined> {
  try {
    if (kind === "view") {
      const view = await rest.loadView(key);
      return view === undefined ? undefined : entryOfView(key, { ...view, metadataLocation: null });
    }
    const table = await rest.loadTable(key);
    return table === undefined ? undefined : tableEntry(key, table);
  } catch (error) {
    if (isMillError(error) && error.code === "lakehouse/catalog-refused") return undefined;
    throw error;
  }
}

interface Swap {
  readonly entry: CatalogEntry;
  readonly expected: string | null | undefined;
}

async function swapTable({ rest, store }: Places, { entry, expected }: Swap): Promise<boolean> {
  const after = parseMetadata(await store.read(entry.metadataLocation ?? ""));
  if (after === undefined) throw new Error(`${entry.name}: no metadata was written for its commit`);
  const create = () => rest.commit([{ key: entry.name, before: undefined, after }]);
  if (expected === null) return inPlaceOf(rest, { key: entry.name, kind: "view", expected, put: create });
  const before = typeof expected === "string" ? await rest.loadTable(entry.name) : undefined;
  if (typeof expected === "string" && before?.metadataLocation !== expected) return false;
  // A table that is made anew without its history is another one.
  if (before !== undefined && before.metadata["table-uuid"] !== after["table-uuid"])
    return inPlaceOf(rest, { key: entry.name, kind: "table", expected, put: create });
  return rest.commit([{ key: entry.name, before, after }]);
}

async function swapView({ rest }: Places, { entry, expected }: Swap): Promise<boolean> {
  if (!rest.hasViews)
    throw lakehouseErrors.create("lakehouse/catalog-lacks", {
      because: "views: the catalog lists no address for them",
    });
  if (expected === undefined) return rest.putView(entry, undefined);
  if (expected === null) {
    const before = await rest.loadView(entry.name);
    return before !== undefined && rest.putView(entry, before);
  }
  return inPlaceOf(rest, { key: entry.name, kind: "table", expected, put: () => rest.putView(entry, undefined) });
}

interface Replacing {
  readonly key: string;
  /** What has the name now. */
  readonly kind: "table" | "view";
  /** Where the metadata of a table must still be. */
  readonly expected: string | null | undefined;
  /** Makes what is to have the name. False when another has it by then. */
  readonly put: () => Promise<boolean>;
}

/**
 * Makes something of another kind, or another table, in the place of what has a name: that is taken aside first, looked at,
 * and forgotten once the new one stands. Where it does not come to stand, the old one has its name again; where that is not
 * known, the old one is kept under the other name.
 */
async function inPlaceOf(rest: RestCatalog, { key, kind, expected, put }: Replacing): Promise<boolean> {
  const aside = await rest.takeAside(key, kind);
  if (aside === undefined) return false;
  const failed = (error: unknown) => undone(aside, error);
  const isExpected = kind === "view" || (await rest.loadTable(aside.key).catch(failed))?.metadataLocation === expected;
  const isPut = isExpected && (await put().catch(failed));
  await (isPut ? aside.drop() : aside.restore());
  return isPut;
}

async function undone(aside: Aside, error: unknown): Promise<never> {
  if (!isMillError(error) || error.code !== "lakehouse/commit-unknown") await aside.restore();
  else
    throw lakehouseErrors.create("lakehouse/commit-unknown", {
      because: `${error.because}; what had the name before is called ${shownKey(aside.key)} now`,
      cause: error,
    });
  throw error;
}

/** The catalog has written its own metadata file: ours has no reader. */
async function settle({ store, checksums }: Places, entry: CatalogEntry, files: readonly StoredFile[]): Promise<void> {
  const own = entry.metadataLocation === null ? undefined : store.pathOf(entry.metadataLocation);
  await checksums.keep(files.filter(({ path }) => path !== own));
  if (own !== undefined) await store.remove(own);
}
