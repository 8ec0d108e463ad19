import {
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseAllDocuments,
  visit,
  type Document,
  type Node,
  type Scalar,
} from "yaml";
import { isObject } from "../inference/rest/table.ts";

/** Something in a document that is wrong or is left, and where. */
export interface Remark {
  /** `error`: the document is not applied. `warning`: it is, and this is to be known. */
  readonly level: "error" | "warning";
  /** The document's kind and name, where it has them. */
  readonly of: string;
  /** The field, as `spec.predictor.model`. */
  readonly path: string;
  readonly line: number;
  readonly because: string;
}

/** A field's names and places from the document's own on. */
export type FieldPath = readonly (string | number)[];

/** One Kubernetes resource as it was written. */
export interface KubeDocument {
  readonly kind: string;
  readonly apiVersion: string;
  readonly name: string;
  readonly value: Readonly<Record<string, unknown>>;
  /** In which line a field is, from 1; the nearest there is of one that is not there. */
  lineOf(path: FieldPath): number;
  remark(level: Remark["level"], path: FieldPath, because: string): Remark;
  /** Its own text, with other texts in some of its fields. */
  textWith(changes: ReadonlyMap<FieldPath, string>): string;
}

const DOCUMENTS_MAX = 1_000;
/** An alias that stands for so many others makes much of little. */
const ALIASES_MAX = 100;

/** Reads a text of one or several YAML or JSON documents. Nothing in a document that is none is applied. */
export function readDocuments(text: string): {
  readonly documents: readonly KubeDocument[];
  readonly remarks: readonly Remark[];
} {
  const lines = new LineCounter();
  // Told apart below: the parser compares each key of a map with all before it.
  const parsed = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false });
  const all = Array.isArray(parsed) ? (parsed as readonly Document[]) : [];
  const documents: KubeDocument[] = [];
  const remarks: Remark[] = [];
  const wrong = (line: number, because: string) =>
    remarks.push({ level: "error", of: "document", path: "", line, because });
  if (all.length > DOCUMENTS_MAX) wrong(1, `there are more than ${DOCUMENTS_MAX} documents`);
  for (const document of all.slice(0, DOCUMENTS_MAX)) {
    const [error] = document.errors;
    if (error !== undefined) {
      wrong(lines.linePos(error.pos[0]).line, error.message.split("\n")[0] ?? "it is no YAML");
      continue;
    }
    if (document.contents === null || isEmptyScalar(document.contents)) continue;
    documents.push(...readDocument(document, { lines, wrong }));
  }
  return { documents, remarks };
}

function isEmptyScalar(node: unknown): boolean {
  return isScalar(node) && node.value === null;
}

interface Reading {
  readonly lines: LineCounter;
  readonly wrong: (line: number, because: string) => void;
}

function readDocument(document: Document, { lines, wrong }: Reading): readonly KubeDocument[] {
  const line = lineOfNode(document.contents as Node, lines) ?? 1;
  let value: unknown;
  try {
    const repeated = repeatedKey(document);
    if (repeated !== undefined) {
      wrong(lineOfNode(repeated, lines) ?? line, `a map has the key ${JSON.stringify(repeated.value)} twice`);
      return [];
    }
    value = document.toJS({ maxAliasCount: ALIASES_MAX });
  } catch (error) {
    wrong(line, error instanceof Error ? error.message : "it cannot be read");
    return [];
  }
  const { kind, apiVersion, metadata, items } = isObject(value) ? value : {};
  if (!isObject(value) || typeof kind !== "string" || typeof apiVersion !== "string") {
    wrong(line, "it has no apiVersion and kind");
    return [];
  }
  if (kind.endsWith("List") && Array.isArray(items)) {
    wrong(line, `a ${kind} is not read: write its items as documents, with --- between them`);
    return [];
  }
  const name = isObject(metadata) ? metadata["name"] : undefined;
  if (typeof name !== "string" || !/^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/.test(name)) {
    wrong(line, `its metadata.name is no name of lower case letters, digits, dots and hyphens`);
    return [];
  }
  return [kubeDocument({ kind, apiVersion, name, value }, document, lines)];
}

function repeatedKey(document: Document): Scalar | undefined {
  let found: Scalar | undefined;
  visit(document, {
    Map: (_, { items }) => {
      const keys = new Set<unknown>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        if (keys.has(key.value)) found = key;
        if (found !== undefined) return visit.BREAK;
        keys.add(key.value);
      }
      return undefined;
    },
  });
  return found;
}

function kubeDocument(
  told: Pick<KubeDocument, "kind" | "apiVersion" | "name" | "value">,
  document: Document,
  lines: LineCounter,
): KubeDocument {
  const lineOf = (path: FieldPath) => lineAt(document.contents as Node, path, lines);
  return {
    ...told,
    lineOf,
    remark: (level, path, because) => ({
      level,
      of: `${told.kind} ${told.name}`,
      path: path.join("."),
      line: lineOf(path),
      because,
    }),
    textWith: (changes) => {
      const copy = document.clone();
      for (const [path, text] of changes) copy.setIn(path, text);
      copy.directives = undefined;
      return copy.toString({ directives: false });
    },
  };
}

/** The line of a field's key; where it is not there, of what it would be in. */
function lineAt(node: Node, [name, ...rest]: FieldPath, lines: LineCounter): number {
  const own = lineOfNode(node, lines) ?? 1;
  if (name === undefined) return own;
  if (isMap(node)) {
    const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(name));
    if (pair === undefined) return own;
    const line = lineOfNode(pair.key as Node, lines) ?? own;
    return rest.length === 0 || pair.value === null ? line : lineAt(pair.value as Node, rest, lines);
  }
  if (isSeq(node)) {
    const item = node.items[Number(name)];
    return item === undefined ? own : lineAt(item as Node, rest, lines);
  }
  return own;
}

function lineOfNode(node: Node | null, lines: LineCounter): number | undefined {
  const begin = node?.range?.[0];
  return begin === undefined ? undefined : lines.linePos(begin).line;
}
