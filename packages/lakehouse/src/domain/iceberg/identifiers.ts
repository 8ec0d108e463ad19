import { icebergErrors } from "../../iceberg-errors.ts";
import { isName } from "../names.ts";

/** The levels of a namespace, the outermost first. */
export type Namespace = readonly string[];

export interface Identifier {
  readonly namespace: Namespace;
  readonly name: string;
}

// In the catalog a name stands as one text: `departures` for the project's own tables, which are in `main`, and the levels
// and the name with this between them for all others. A namespace ends with it, so that what is within has it as prefix.
const SEPARATOR = "\u001f";
const OWN = "main";
const LEVELS_MAX = 32;
const LENGTH_MAX = 255;

export function namespaceKey(namespace: Namespace): string {
  return namespace.map((level) => `${level}${SEPARATOR}`).join("");
}

export function keyOf({ namespace, name }: Identifier): string {
  return isOwn(namespace) ? name : `${namespaceKey(namespace)}${name}`;
}

export function isNamespaceKey(key: string): boolean {
  return key.endsWith(SEPARATOR);
}

/** The first text, by its bytes, that does not begin with the key of the namespace. */
export function keyAfter(namespaceKey: string): string {
  return `${namespaceKey.slice(0, -1)}\u0020`;
}

export function levelsOf(namespaceKey: string): Namespace {
  return namespaceKey.split(SEPARATOR).slice(0, -1);
}

/** A key as people read it: `sales.daily.orders`. */
export function displayOf(key: string): string {
  return key.split(SEPARATOR).filter(Boolean).join(".");
}

/** Schema and name for SQL: the levels of a namespace are one schema's name. */
export function relationOf(key: string): { readonly schema: string; readonly name: string } {
  const parts = key.split(SEPARATOR);
  const name = parts.at(-1) ?? "";
  return { schema: parts.length === 1 ? OWN : parts.slice(0, -1).join("."), name };
}

function isOwn(namespace: Namespace): boolean {
  return namespace.length === 1 && namespace[0] === OWN;
}

/** Refuses what is no namespace. Throws `iceberg/bad-request`. */
export function checkNamespace(levels: readonly string[]): Namespace {
  if (levels.length === 0 || levels.length > LEVELS_MAX) throw bad(`Invalid namespace: ${levels.length} levels`);
  for (const level of levels)
    if (!isPlain(level)) throw bad(`Invalid namespace: ${JSON.stringify(level.slice(0, 100))}`);
  return levels;
}

/** Refuses what is no name of a table or view. Throws `iceberg/bad-request`. */
export function checkIdentifier({ namespace, name }: Identifier): Identifier {
  checkNamespace(namespace);
  if (!isPlain(name) || (isOwn(namespace) && !isName(name)))
    throw bad(`Invalid table identifier: ${JSON.stringify(name.slice(0, 100))}`);
  return { namespace, name };
}

/** As a client of the catalog is told it: `ns.table`. */
export function nameOf({ namespace, name }: Identifier): string {
  return [...namespace, name].join(".");
}

// eslint-disable-next-line no-control-regex -- control characters are what is refused
const CONTROL = /[\u0000-\u001f\u007f]/;

function isPlain(part: string): boolean {
  return part.length > 0 && part.length <= LENGTH_MAX && !CONTROL.test(part);
}

/** A folder below which a table's files lie, of names that every file system has; unlike any other's by the id. */
export function folderOf({ namespace, name }: Identifier, id: string): string {
  const plain = (part: string) => part.replaceAll(/[^A-Za-z0-9_-]/g, "_").slice(0, 80);
  return ["tables", ...namespace.map(plain), `${plain(name)}-${id}`].join("/");
}

function bad(because: string): Error {
  return icebergErrors.create("iceberg/bad-request", { because });
}
