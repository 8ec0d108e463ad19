import type { Namespace } from "../domain/iceberg/identifiers.ts";
import { parseMetadata } from "../domain/iceberg/read-metadata.ts";
import { lakehouseErrors } from "../errors.ts";
import type { CatalogEntry, EntryChange, FileChecksums, IcebergEntries, ObjectStore, StoredFile } from "../ports.ts";
import { tableEntry } from "../rest/commit-tables.ts";
import type { RestCatalog, TableChange } from "./rest-catalog.ts";
import { everyTable, loadEach, namesIn, namespacesIn } from "./rest-listing.ts";
import { levelsIn } from "./rest-session.ts";
import { entryOfView } from "../view-entry.ts";

interface Places {
  readonly rest: RestCatalog;
  readonly store: ObjectStore;
  readonly checksums: FileChecksums;
  readonly namespaces?: readonly Namespace[];
}

/** Another catalog as statements and the care of tables ask it. */
export function openRestEntries(places: Places): IcebergEntries {
  const { rest, checksums } = places;
  const { session, names } = rest;
  const get = (key: string) => entryNow(rest, key);
  return {
    get,
    locate: get,
    keysIn: async (namespace, kind) =>
      ((await namesIn(rest, names.namespaceOf(namespace), kind)) ?? []).map((one) => names.keyOf(one)).toSorted(),
    namespace: (namespace) => propertiesOf(rest, namespace),
    namespacesIn: async (namespace) => {
      const found = await namespacesIn(rest, namespace === "" ? [] : names.namespaceOf(namespace));
      return found.flatMap((one) => names.namespaceKeyOf(one) ?? []).toSorted();
    },
    createNamespace: (namespace, properties) => createNamespace(rest, namespace, properties),
    setProperties: (namespace, properties) => setProperties(rest, namespace, properties),
    dropNamespace: async (namespace) => {
      const path = `namespaces/${levelsIn(names.namespaceOf(namespace))}`;
      const { status } = await session.ask({ method: "DELETE", path }, [404, 409]);
      return status === 404 ? "missing" : status === 409 ? "not-empty" : "dropped";
    },
    commit: (changes, files) => commit(places, changes, files),
    rename: (from, to) => rename(rest, from, to),
    remove: async (key, expected) => {
      if (expected !== undefined && (await get(key))?.metadataLocation !== expected) return false;
      return (await rest.remove(key, "table")) || (rest.hasViews && (await rest.remove(key, "view")));
    },
    placeFor: (key) => rest.placeFor(key),
    metadataLocations: () => everyLocation(rest),
    forgetFiles: (paths) => checksums.forget(paths),
  };
}

async function entryNow(rest: RestCatalog, key: string): Promise<CatalogEntry | undefined> {
  const table = await rest.loadTable(key);
  if (table !== undefined) return tableEntry(key, table);
  const view = await rest.loadView(key);
  return view === undefined ? undefined : entryOfView(key, view);
}

const LOOKS_MAX = 10;

/**
 * Where the metadata of all tables is. They are listed until no name is new: one that was renamed after it was listed, and
 * before it was loaded, would otherwise be missed, and its files be taken for nobody's.
 */
async function everyLocation(rest: RestCatalog): Promise<readonly string[]> {
  const known = new Set<string>();
  const locations = new Set<string>();
  for (let look = 0; look < LOOKS_MAX; look += 1) {
    const listed = (await everyTable(rest)).filter(({ key }) => !known.has(key));
    if (listed.length === 0) return [...locations];
    for (const { key } of listed) known.add(key);
    for (const one of await loadEach(listed, ({ key }) => rest.loadTable(key)))
      if (one !== undefined) locations.add(one.metadataLocation);
  }
  throw lakehouseErrors.create("lakehouse/catalog-refused", { because: "it has new tables as often as it is asked" });
}

async function propertiesOf({ session, names }: RestCatalog, namespace: string) {
  const path = `namespaces/${levelsIn(names.namespaceOf(namespace))}`;
  const { status, body } = await session.ask({ method: "GET", path }, [404]);
  if (status === 404) return undefined;
  return (body as { readonly properties?: Readonly<Record<string, string>> }).properties ?? {};
}

async function createNamespace(
  { session, names }: RestCatalog,
  namespace: string,
  properties: Readonly<Record<string, string>>,
): Promise<boolean> {
  const levels = names.namespaceOf(namespace);
  const make = (one: Namespace, own: Readonly<Record<string, string>>) =>
    session.ask({ method: "POST", path: "namespaces", body: { namespace: one, properties: own } }, [409]);
  for (let depth = 1; depth < levels.length; depth += 1) await make(levels.slice(0, depth), {});
  return (await make(levels, properties)).status !== 409;
}

async function setProperties(
  rest: RestCatalog,
  namespace: string,
  properties: Readonly<Record<string, string>>,
): Promise<boolean> {
  const before = await propertiesOf(rest, namespace);
  if (before === undefined) return false;
  const removals = Object.keys(before).filter((name) => properties[name] === undefined);
  const updates = Object.fromEntries(Object.entries(properties).filter(([name, value]) => before[name] !== value));
  const path = `namespaces/${levelsIn(rest.names.namespaceOf(namespace))}/properties`;
  const { status } = await rest.session.ask({ method: "POST", path, body: { removals, updates } }, [404]);
  return status !== 404;
}

/** The key that is in the way is the first one that is not as it was expected, or else the first. */
async function commit(
  { rest, store, checksums }: Places,
  changes: readonly EntryChange[],
  files: readonly StoredFile[],
): Promise<string | undefined> {
  const own: string[] = [];
  const asked: TableChange[] = [];
  for (const { entry, expected } of changes) {
    const location = entry.metadataLocation ?? "";
    const after = parseMetadata(await store.read(location));
    if (after === undefined) throw new Error(`${entry.name}: no metadata was written for its commit`);
    const before = expected === undefined ? undefined : await rest.loadTable(entry.name);
    if (before?.metadataLocation !== expected) return entry.name;
    asked.push({ key: entry.name, before, after });
    own.push(store.pathOf(location));
  }
  if (!(await rest.commit(asked))) return changes[0]?.entry.name;
  await checksums.keep(files.filter(({ path }) => !own.includes(path)));
  for (const path of own) await store.remove(path);
  return undefined;
}

async function rename({ session, names, hasViews }: RestCatalog, from: string, to: string): Promise<boolean> {
  const body = { source: names.identifierOf(from), destination: names.identifierOf(to) };
  const { status } = await session.ask({ method: "POST", path: "tables/rename", body }, [404, 409]);
  if (status !== 404 || !hasViews) return status < 300;
  const view = await session.ask({ method: "POST", path: "views/rename", body }, [404, 409]);
  return view.status < 300;
}
