// Time travel and metadata tables as the Iceberg engines write them. The SQL engine has neither: what is found here is put
// as a subquery in its place. Only what follows FROM or JOIN is looked at, outside texts, quotes and comments.

import { isWord, nameIn, textIn, tokensOf, type Token } from "./sql-tokens.ts";

type AsOf =
  | { readonly kind: "version"; readonly version: string }
  | { readonly kind: "timestamp"; readonly atMs: number };

/** A table in a statement that the engine cannot be asked as it stands. */
export interface Reference {
  /** As written, unquoted: `["lab", "orders"]`. */
  readonly parts: readonly string[];
  readonly asOf: AsOf | undefined;
  /** Where it begins and ends in the statement. */
  readonly from: number;
  readonly to: number;
  readonly hasAlias: boolean;
}

/** What may follow a table that has no alias. */
const CLAUSES: ReadonlySet<string> = new Set(
  "where group order limit offset join inner left right full cross on using union having window qualify asof positional natural semi anti except intersect tablesample pivot unpivot set when fetch".split(
    " ",
  ),
);

/** Metadata tables by the names that Iceberg's engines give them. */
const METADATA_TABLES: ReadonlySet<string> = new Set([
  "snapshots",
  "history",
  "files",
  "manifests",
  "partitions",
  "refs",
  "changes",
]);

/** The references that must be replaced, in their order. Nothing is found in what cannot be read. */
export function findReferences(sql: string): readonly Reference[] {
  if (!/\bas\s+of\b|\.\s*"?(?:snapshots|history|files|manifests|partitions|refs|changes)\b/i.test(sql)) return [];
  const tokens = tokensOf(sql);
  const found: Reference[] = [];
  for (const [index, token] of tokens.entries()) {
    if (!isWord(token, "from", "join")) continue;
    const reference = referenceAt(tokens, index + 1);
    if (reference !== undefined) found.push(reference);
  }
  return found;
}

/** A table or view by three names or more, which the engine would take for a database, a schema and a table. */
export interface NestedName {
  readonly parts: readonly string[];
  readonly from: number;
  readonly to: number;
}

/** What follows FROM or JOIN as `lab.daily.orders`. */
export function findNestedNames(sql: string): readonly NestedName[] {
  if (!/\.[^.]*\./.test(sql)) return [];
  const tokens = tokensOf(sql);
  return tokens.flatMap((token, index) => {
    if (!isWord(token, "from", "join")) return [];
    const { parts, next } = nameAt(tokens, index + 1);
    const [first, last] = [tokens[index + 1], tokens[next - 1]];
    if (parts.length < 3 || first === undefined || last === undefined) return [];
    return [{ parts, from: first.from, to: last.to }];
  });
}

function referenceAt(tokens: readonly Token[], start: number): Reference | undefined {
  const { parts, next: at } = nameAt(tokens, start);
  if (parts.length === 0) return undefined;
  const travel = asOfAt(tokens, at);
  const isMetadata = parts.length > 1 && METADATA_TABLES.has((parts.at(-1) ?? "").toLowerCase());
  if (travel === undefined && !isMetadata) return undefined;
  const end = travel?.next ?? at;
  const [first, last, next] = [tokens[start], tokens[end - 1], tokens[end]];
  if (first === undefined || last === undefined) return undefined;
  const hasAlias =
    next !== undefined && (next.kind === "quoted" || (next.kind === "name" && !CLAUSES.has(next.text.toLowerCase())));
  return { parts, asOf: travel?.asOf, from: first.from, to: last.to, hasAlias };
}

/** The names with dots between them that begin there, and where they end; none where there is no name after a dot. */
function nameAt(tokens: readonly Token[], start: number): { readonly parts: readonly string[]; readonly next: number } {
  const parts: string[] = [];
  let at = start;
  for (;;) {
    const token = tokens[at];
    if (token === undefined || (token.kind !== "name" && token.kind !== "quoted")) return { parts: [], next: start };
    parts.push(nameIn(token));
    at += 1;
    if (tokens[at]?.text !== ".") return { parts, next: at };
    at += 1;
  }
}

/** `FOR VERSION AS OF 123`, `FOR VERSION AS OF 'tag'`, `FOR TIMESTAMP AS OF '2026-01-01 12:00:00'` */
function asOfAt(tokens: readonly Token[], at: number): { readonly asOf: AsOf; readonly next: number } | undefined {
  const word = (offset: number) => tokens[at + offset]?.text.toLowerCase() ?? "";
  if (word(0) !== "for" || word(2) !== "as" || word(3) !== "of") return undefined;
  const isTyped = word(4) === "timestamp";
  const value = tokens[at + (isTyped ? 5 : 4)];
  const next = at + (isTyped ? 6 : 5);
  if (value === undefined) return undefined;
  const text = value.kind === "number" ? value.text : textIn(value);
  if (text === undefined) return undefined;
  if (/^(?:system_)?version$/.test(word(1))) return { asOf: { kind: "version", version: text }, next };
  if (!/^(?:timestamp|system_time)$/.test(word(1))) return undefined;
  const atMs = value.kind === "number" ? Number(text) : momentOf(text);
  return Number.isFinite(atMs) ? { asOf: { kind: "timestamp", atMs }, next } : undefined;
}

/** A time without a zone is UTC, as in SQL here. */
function momentOf(text: string): number {
  const written = text.trim().replace(" ", "T");
  const hasZone = /(?:Z|[+-]\d{2}:?\d{2})$/i.test(written);
  return Date.parse(hasZone ? written : `${written.includes("T") ? written : `${written}T00:00:00`}Z`);
}
