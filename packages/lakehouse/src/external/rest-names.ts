import {
  displayOf,
  isNamespaceKey,
  levelsOf,
  namespaceKey,
  type Identifier,
  type Namespace,
} from "../domain/iceberg/identifiers.ts";
import { levelsIn } from "./rest-session.ts";

/** Which names of another catalog are which keys here: the project's own tables, whose key is their name, are in one namespace. */
export interface RestNames {
  readonly own: Namespace;
  identifierOf(key: string): Identifier;
  keyOf(identifier: Identifier): string;
  /** Of a namespace's key: `main` is the project's own. */
  namespaceOf(key: string): Namespace;
  /** Undefined for one that would be taken for the project's own. */
  namespaceKeyOf(namespace: Namespace): string | undefined;
}

const MAIN = namespaceKey(["main"]);

export function createRestNames(own: Namespace): RestNames {
  const ownKey = namespaceKey(own);
  const namespaceOf = (key: string) => (key === MAIN ? own : levelsOf(key));
  return {
    own,
    identifierOf: (key) => {
      const at = key.lastIndexOf("\u001f");
      return at === -1
        ? { namespace: own, name: key }
        : { namespace: levelsOf(key.slice(0, at + 1)), name: key.slice(at + 1) };
    },
    keyOf: ({ namespace, name }) => {
      const within = namespaceKey(namespace);
      return within === ownKey ? name : `${within}${name}`;
    },
    namespaceOf,
    namespaceKeyOf: (namespace) => {
      const key = namespaceKey(namespace);
      if (key === ownKey) return MAIN;
      return key === MAIN ? undefined : key;
    },
  };
}

export function tablePath({ namespace, name }: Identifier): string {
  return `namespaces/${levelsIn(namespace)}/tables/${encodeURIComponent(name)}`;
}

export function viewPath({ namespace, name }: Identifier): string {
  return `namespaces/${levelsIn(namespace)}/views/${encodeURIComponent(name)}`;
}

/** A key for a person: `sales.orders`, or the namespace's levels. */
export function shownKey(key: string): string {
  return isNamespaceKey(key) ? levelsOf(key).join(".") : displayOf(key);
}
