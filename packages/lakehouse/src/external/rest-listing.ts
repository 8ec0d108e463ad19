import type { Identifier, Namespace } from "../domain/iceberg/identifiers.ts";
import { lakehouseErrors } from "../errors.ts";
import { levelsIn } from "./rest-session.ts";
import type { RestCatalog } from "./rest-catalog.ts";

const NAMES_MAX = 10_000;
const AT_ONCE = 8;

/** The names of one kind right in a namespace; undefined when there is no such namespace. */
export async function namesIn(
  { session, hasViews }: RestCatalog,
  namespace: Namespace,
  kind: "table" | "view",
): Promise<readonly Identifier[] | undefined> {
  if (kind === "view" && !hasViews) return [];
  const found = await session.list(`namespaces/${levelsIn(namespace)}/${kind}s`, "identifiers");
  return found as readonly Identifier[] | undefined;
}

/** The namespaces right below one, or the outermost. */
export async function namespacesIn({ session }: RestCatalog, parent: Namespace): Promise<readonly Namespace[]> {
  const query = parent.length === 0 ? {} : { parent: parent.join("\u001f") };
  const found = ((await session.list("namespaces", "namespaces", query)) ?? []) as readonly Namespace[];
  // A catalog whose namespaces have one level may pass over what was asked, and tell of the outermost.
  return found.filter((one) => one.length === parent.length + 1 && parent.every((level, at) => one[at] === level));
}

async function allNamespaces(catalog: RestCatalog, parent: Namespace = []): Promise<readonly Namespace[]> {
  const found: Namespace[] = [];
  for (const one of await namespacesIn(catalog, parent)) found.push(one, ...(await allNamespaces(catalog, one)));
  return found;
}

export interface ListedName {
  readonly key: string;
  readonly kind: "table" | "view";
}

/** Every table and view in some namespaces, or in all. Throws `lakehouse/catalog-refused` where there are too many. */
export async function everyName(
  catalog: RestCatalog,
  namespaces: readonly Namespace[] | undefined,
): Promise<readonly ListedName[]> {
  const { names } = catalog;
  const asked = namespaces === undefined ? await allNamespaces(catalog) : [names.own, ...namespaces];
  const own = new Set(asked.flatMap((one) => names.namespaceKeyOf(one) ?? []));
  return namesOf(
    catalog,
    [...own].map((key) => names.namespaceOf(key)),
    ["table", "view"],
  );
}

/** Every table of the catalog, those too whose namespace no statement here can name: what leads to a file is none too few. */
export async function everyTable(catalog: RestCatalog): Promise<readonly ListedName[]> {
  return namesOf(catalog, await allNamespaces(catalog), ["table"]);
}

async function namesOf(
  catalog: RestCatalog,
  namespaces: readonly Namespace[],
  kinds: readonly ListedName["kind"][],
): Promise<readonly ListedName[]> {
  const found: ListedName[] = [];
  for (const one of namespaces)
    for (const kind of kinds)
      for (const { namespace, name } of (await namesIn(catalog, one, kind)) ?? [])
        found.push({ key: catalog.names.keyOf({ namespace, name }), kind });
  if (found.length <= NAMES_MAX)
    return found.toSorted((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));
  throw lakehouseErrors.create("lakehouse/catalog-refused", {
    because: `it has ${found.length} tables and views, and at most ${NAMES_MAX} are looked at`,
    remedy: "Name the namespaces that the project needs in `namespaces` of `icebergRest`.",
  });
}

/** Loads many, a few at a time, in their order. */
export async function loadEach<Item, Loaded>(
  items: readonly Item[],
  load: (item: Item) => Promise<Loaded>,
): Promise<readonly Loaded[]> {
  const loaded: Loaded[] = [];
  for (let start = 0; start < items.length; start += AT_ONCE)
    loaded.push(...(await Promise.all(items.slice(start, start + AT_ONCE).map(load))));
  return loaded;
}
