import { displayOf, levelsOf, namespaceKey, type Namespace } from "../domain/iceberg/identifiers.ts";
import { icebergErrors } from "../iceberg-errors.ts";
import type { CatalogWorld } from "./world.ts";

type Properties = Readonly<Record<string, string>>;

export interface NamespaceState {
  readonly namespace: Namespace;
  readonly properties: Properties;
}

/** Throws `iceberg/no-such-namespace`. */
export async function loadNamespace({ entries }: CatalogWorld, namespace: Namespace): Promise<NamespaceState> {
  const properties = await entries.namespace(namespaceKey(namespace));
  if (properties === undefined) throw missing(namespace);
  return { namespace, properties };
}

export async function listNamespaces(world: CatalogWorld, parent: Namespace): Promise<readonly Namespace[]> {
  if (parent.length > 0) await loadNamespace(world, parent);
  return (await world.entries.namespacesIn(namespaceKey(parent))).map(levelsOf);
}

export async function createNamespace(world: CatalogWorld, state: NamespaceState): Promise<NamespaceState> {
  if (!(await world.entries.createNamespace(namespaceKey(state.namespace), state.properties)))
    throw icebergErrors.create("iceberg/already-exists", {
      because: `Namespace already exists: ${displayOf(namespaceKey(state.namespace))}`,
    });
  return state;
}

export async function changeProperties(
  world: CatalogWorld,
  namespace: Namespace,
  { removals, updates }: { readonly removals: readonly string[]; readonly updates: Properties },
): Promise<{ updated: readonly string[]; removed: readonly string[]; missing: readonly string[] }> {
  const both = removals.filter((name) => Object.hasOwn(updates, name));
  if (both.length > 0)
    throw icebergErrors.create("iceberg/unprocessable", {
      because: `Invalid namespace update, cannot simultaneously set and remove keys: [${both.join(", ")}]`,
    });
  const { properties } = await loadNamespace(world, namespace);
  const gone = new Set(removals);
  const kept = Object.entries(properties).filter(([name]) => !gone.has(name));
  await world.entries.setProperties(namespaceKey(namespace), { ...Object.fromEntries(kept), ...updates });
  return {
    updated: Object.keys(updates),
    removed: [...gone].filter((name) => Object.hasOwn(properties, name)),
    missing: [...gone].filter((name) => !Object.hasOwn(properties, name)),
  };
}

export async function dropNamespace({ entries }: CatalogWorld, namespace: Namespace): Promise<void> {
  const outcome = await entries.dropNamespace(namespaceKey(namespace));
  if (outcome === "missing") throw missing(namespace);
  if (outcome === "not-empty")
    throw icebergErrors.create("iceberg/namespace-not-empty", {
      because: `Namespace ${displayOf(namespaceKey(namespace))} is not empty`,
    });
}

function missing(namespace: Namespace): Error {
  return icebergErrors.create("iceberg/no-such-namespace", {
    because: `Namespace does not exist: ${displayOf(namespaceKey(namespace))}`,
  });
}
