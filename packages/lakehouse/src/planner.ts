import type { NamedParameters, ParameterValue } from "./domain/sql-parameters.ts";
import type { Reference } from "./domain/sql-references.ts";
import { isWord, tokensOf, type Token } from "./domain/sql-tokens.ts";
import {
  snapshotAsOf,
  currentSchema,
  currentSnapshot,
  type IcebergMetadata,
  type IcebergSnapshot,
} from "./domain/iceberg/metadata.ts";
import { printExactJson } from "./domain/iceberg/exact-json.ts";
import { displayOf, relationOf } from "./domain/iceberg/identifiers.ts";
import type { LiveFile } from "./domain/iceberg/scan.ts";
import type { IcebergSchema } from "./domain/iceberg/schema.ts";
import { quoteName } from "./domain/names.ts";
import type { Constant } from "./domain/planning/constants.ts";
import { constantOf, foldablesIn, movementOf, type Folded } from "./domain/planning/foldable.ts";
import { or, type Predicate } from "./domain/planning/predicate.ts";
import { walk, type SqlExpression, type SqlNode, type SqlTableRef, type SqlTree } from "./domain/planning/sql-tree.ts";
import { readsOf, Unplanned, type Resolved, type TableRead } from "./domain/planning/table-reads.ts";
import type { ManifestCache } from "./manifest-cache.ts";
import { countFiles, planFiles } from "./planned-files.ts";
import { readMetadata, isFileFault, liveFilesOf, scanOfFiles } from "./table-files.ts";
import type { CatalogEntry, ObjectStore, SqlEngine, TableCatalog, TableScan } from "./ports.ts";

export interface PlannerPorts {
  readonly store: ObjectStore;
  readonly catalog: Pick<TableCatalog, "get" | "list">;
  readonly engine: SqlEngine;
  readonly cache: ManifestCache;
}

/** A part of a statement that is to be another. */
export interface Replacement {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

export interface Plan {
  readonly replacements: readonly Replacement[];
  readonly scans: readonly TableScan[];
  /** The keys of what is still read by its name; undefined where the statement was not understood. */
  readonly byName: readonly string[] | undefined;
}

/** A table as a statement reads it. */
export interface Target {
  readonly entry: CatalogEntry;
  readonly metadata: IcebergMetadata;
  readonly schema: IcebergSchema;
  readonly snapshot: IcebergSnapshot | undefined;
  /** A state that the statement asks for by its snapshot or time. */
  readonly isPast?: boolean;
}

interface View {
  readonly key: string;
  readonly sql: string;
  readonly node: SqlNode;
}

/** One statement on its way. */
interface Planning extends PlannerPorts {
  readonly targets: Map<SqlTableRef, Target>;
  readonly views: Map<SqlTableRef, View>;
  readonly scans: TableScan[];
  /** What others stand in the place of. */
  readonly placed: Set<SqlTableRef>;
  /** What each name was found to be: a statement that names it twice sees one state of it. */
  readonly entries: Map<string, Promise<CatalogEntry | undefined>>;
  /** The keys of tables that are read by their files in every place, or by their name in every place. */
  readonly everywhere: { readonly byFiles: ReadonlySet<string>; readonly byName: ReadonlySet<string> };
}

/**
 * Reduces each table that a SELECT reads to the files that its conditions leave, by Iceberg's metadata alone. What is not
 * understood is left as it is, and its tables are read whole: the answer is the same. `travels` are tables as of a time,
 * which the engine's parser does not know.
 */
export async function planStatement(
  ports: PlannerPorts,
  told: {
    readonly sql: string;
    readonly travels: readonly Reference[];
    readonly parameters: NamedParameters | undefined;
  },
): Promise<Plan> {
  if (!ports.engine.capabilities.tellsTrees) return { replacements: [], scans: [], byName: undefined };
  const planning = planningOf(ports);
  const text = withoutTravels(told);
  const node = await parsed(ports.engine, text);
  if (node === undefined) return { replacements: [], scans: [], byName: undefined };
  await resolveAll(planning, { node, text, travels: told.travels });
  if (planning.targets.size === 0) return { replacements: [], scans: [], byName: namesLeft(planning) };
  const reads = await readsWithConditions(planning, { node, text }, told.parameters);
  return rewrittenAsOne(planning, { text, node, reads, travels: told.travels });
}

const NONE: ReadonlySet<string> = new Set();

/**
 * By name the engine may know a newer state than the one whose files were looked at: a table that would be read in both ways
 * is read by its files everywhere, or where not every place can take them, by its name.
 */
async function rewrittenAsOne(first: Planning, rewriting: Rewriting): Promise<Plan> {
  let everywhere: Planning["everywhere"] = { byFiles: NONE, byName: NONE };
  for (;;) {
    const planning: Planning = { ...first, scans: [], placed: new Set(), everywhere };
    const replacements = await rewritten(planning, rewriting);
    const bothWays = readBothWays(planning);
    const byName = everywhere.byName.union(bothWays.intersection(everywhere.byFiles));
    const next = { byFiles: everywhere.byFiles.union(bothWays), byName };
    const isSame = next.byFiles.size === everywhere.byFiles.size && byName.size === everywhere.byName.size;
    if (isSame) return { replacements, scans: planning.scans, byName: namesLeft(planning) };
    everywhere = next;
  }
}

function planningOf(ports: PlannerPorts): Planning {
  const none = { targets: new Map(), views: new Map(), scans: [], placed: new Set<SqlTableRef>(), entries: new Map() };
  return { ...ports, ...none, everywhere: { byFiles: NONE, byName: NONE } };
}

function readBothWays({ targets, placed }: Planning): ReadonlySet<string> {
  const now = [...targets].filter(([, { isPast }]) => isPast !== true);
  const keys = (isPlaced: boolean) =>
    new Set(now.filter(([ref]) => placed.has(ref) === isPlaced).map(([, { entry }]) => entry.name));
  return keys(true).intersection(keys(false));
}

/**
 * The files that hold the rows of one table that a SELECT asks for, the table as it was read: it stands in the text by a name
 * that nothing else has. Undefined where no condition says which.
 */
export async function planTarget(
  ports: PlannerPorts,
  told: {
    readonly sql: string;
    readonly name: string;
    readonly target: Target;
    readonly parameters: NamedParameters | undefined;
  },
): Promise<readonly LiveFile[] | undefined> {
  const { sql, target, parameters } = told;
  const node = await parsed(ports.engine, sql);
  if (node === undefined || target.snapshot === undefined) return undefined;
  const planning = planningOf(ports);
  await resolveAll(planning, { node, text: sql, travels: [] });
  const refs = tablesIn(node).filter((ref) => ref.table_name === told.name);
  for (const ref of refs) planning.targets.set(ref, target);
  const reads = await readsWithConditions(planning, { node, text: sql }, parameters);
  if (typeof reads === "string") return undefined;
  const filter = or(reads.filter(({ ref }) => refs.includes(ref)).map((read) => read.filter));
  if (refs.length !== 1 || filter.kind === "anything") return undefined;
  return (await planFiles(ports.cache, { metadata: target.metadata, snapshot: target.snapshot, filter })).files;
}

function namesLeft({ targets, views, placed }: Planning): readonly string[] {
  const keys = [
    ...Array.from(targets, ([ref, { entry }]) => (placed.has(ref) ? undefined : entry.name)),
    ...Array.from(views, ([ref, { key }]) => (placed.has(ref) ? undefined : key)),
  ];
  return [...new Set(keys)].filter((key) => key !== undefined);
}

/** The statement with blanks in the place of what the engine's parser does not know. */
function withoutTravels({ sql, travels }: { readonly sql: string; readonly travels: readonly Reference[] }): string {
  let text = sql;
  for (const { from, to } of travels) {
    const end = endOfName(tokensOf(text), from);
    text = text.slice(0, end) + " ".repeat(to - end) + text.slice(to);
  }
  return text;
}

/** Where a table's name in a statement ends; where it begins, if it can't give its place to a subquery: `TABLE t`. */
function endOfName(tokens: readonly Token[], from: number): number {
  let at = tokens.findIndex((token) => token.from === from);
  const isName = (token: Token | undefined) => token?.kind === "name" || token?.kind === "quoted";
  if (!isName(tokens[at]) || isWord(tokens[at - 1], "table")) return from;
  while (tokens[at + 1]?.text === "." && isName(tokens[at + 2])) at += 2;
  return tokens[at]?.to ?? from;
}

export async function parsed(engine: SqlEngine, text: string): Promise<SqlNode | undefined> {
  const tree = (await engine.parse(text).catch(() => undefined)) as SqlTree | null | undefined;
  if (tree === undefined || tree === null || tree.error) return undefined;
  return tree.statements?.length === 1 ? tree.statements[0]?.node : undefined;
}

interface Parsed {
  readonly node: SqlNode;
  readonly text: string;
  readonly travels: readonly Reference[];
}

const VIEWS_DEEP_MAX = 20;

function tablesIn(node: SqlNode): readonly SqlTableRef[] {
  const refs: SqlTableRef[] = [];
  walk(node, (one) => {
    if (one["type"] === "BASE_TABLE") refs.push(one as unknown as SqlTableRef);
    return true;
  });
  return refs;
}

/** What each name in the tree, and in the views that it leads to, means now. */
async function resolveAll(planning: Planning, { node, text, travels }: Parsed, depth = 0): Promise<void> {
  for (const ref of tablesIn(node)) {
    const { schema_name: schema = "", table_name: name = "", catalog_name: database = "" } = ref;
    const asked = [database, schema, name].join("\0");
    const finding = planning.entries.get(asked) ?? entryFor(planning.catalog, ref);
    planning.entries.set(asked, finding);
    const entry = await finding;
    if (entry === undefined || ref.at_clause !== undefined) continue;
    const travel = travels.find(({ from }) => from === placeIn(text, ref));
    if (entry.kind === "view" && entry.sql !== null && depth < VIEWS_DEEP_MAX) {
      const inner = await parsed(planning.engine, entry.sql);
      if (inner === undefined) continue;
      planning.views.set(ref, { key: entry.name, sql: entry.sql, node: inner });
      await resolveAll(planning, { node: inner, text: entry.sql, travels: [] }, depth + 1);
    } else if (entry.metadataLocation !== null) {
      const target = await targetOf(planning, { entry, location: entry.metadataLocation, travel }).catch(unlessFault);
      if (target !== undefined) planning.targets.set(ref, target);
    }
  }
}

/** What else is wrong with a table the engine tells when it reads it. */
function unlessFault(error: unknown): undefined {
  if (isFileFault(error)) throw error;
}

async function targetOf(
  { store }: Planning,
  told: { readonly entry: CatalogEntry; readonly location: string; readonly travel: Reference | undefined },
): Promise<Target | undefined> {
  const { entry, travel } = told;
  const metadata = await readMetadata(store, told.location);
  const snapshot = travel?.asOf === undefined ? currentSnapshot(metadata) : snapshotAsOf(metadata, travel.asOf);
  if (travel !== undefined && snapshot === undefined) return undefined;
  const own = metadata.schemas.find((one) => one["schema-id"] === snapshot?.["schema-id"]);
  const schema = (travel === undefined ? undefined : own) ?? currentSchema(metadata);
  return schema === undefined ? undefined : { entry, metadata, schema, snapshot, isPast: travel !== undefined };
}

/** The catalog's entry for a name, as the engine would find it: by any case of letters, in `main` unless told. */
async function entryFor(
  catalog: PlannerPorts["catalog"],
  { catalog_name: database = "", schema_name: schema = "", table_name: name = "" }: SqlTableRef,
): Promise<CatalogEntry | undefined> {
  if (database !== "") return undefined;
  const isOwn = schema === "" || schema.toLowerCase() === "main";
  const exact = isOwn ? await catalog.get(name) : undefined;
  if (exact !== undefined) return exact;
  const asked = `${isOwn ? "main" : schema}\u0000${name}`.toLowerCase();
  return (await catalog.list()).find((entry) => {
    const relation = relationOf(entry.name);
    return `${relation.schema}\u0000${relation.name}`.toLowerCase() === asked;
  });
}

/** The engine's tree leaves away the empty one of several grouping sets. */
const GROUPING_SETS = /\b(?:rollup|cube|grouping)\b/i;

async function readsWithConditions(
  planning: Planning,
  { node, text }: Pick<Parsed, "node" | "text">,
  parameters: NamedParameters | undefined,
): Promise<readonly TableRead[] | string> {
  const views = [...planning.views.values()];
  const folded = await foldedIn(planning, [node, ...views.map((view) => view.node)]);
  const mayGroupBySets = [text, ...views.map(({ sql }) => sql)].some((one) => GROUPING_SETS.test(one));
  const parameter = (identifier: string) => constantGiven(parameters?.[identifier.toLowerCase()]);
  const resolve = (ref: SqlTableRef): Resolved | undefined => {
    const target = planning.targets.get(ref);
    if (target !== undefined) return { kind: "table", schema: target.schema };
    const view = planning.views.get(ref);
    return view === undefined ? undefined : { kind: "view", node: view.node };
  };
  try {
    return readsOf(node, { names: { parameter, folded: (one) => folded.get(one) }, resolve, mayGroupBySets });
  } catch (error) {
    if (error instanceof Unplanned) return error.message;
    throw error;
  }
}

/** A value of a type of its own as a constant of that type; others take the type of what they are compared with. */
function constantGiven(given: ParameterValue | undefined): Constant | Constant["value"] | undefined {
  if (typeof given !== "object" || given === null) return given;
  return constantOf(given.type, given.value);
}

const FOLDED_MAX = 100;

/** What the engine makes of expressions without columns: `date '2026-01-31' - interval 7 days`. */
async function foldedIn({ engine }: Planning, nodes: readonly SqlNode[]): Promise<ReadonlyMap<SqlExpression, Folded>> {
  const found = new Map<SqlExpression, Folded>();
  const asked = foldablesIn(nodes).slice(0, FOLDED_MAX);
  if (asked.length === 0) return found;
  const statement = {
    error: false,
    statements: [
      {
        node: {
          type: "SELECT_NODE",
          select_list: asked,
          from_table: { type: "EMPTY" },
          aggregate_handling: "STANDARD_HANDLING",
        },
      },
    ],
  };
  const sql = "SELECT * FROM json_execute_serialized_sql(CAST(? AS VARCHAR))";
  const result = await engine.query(sql, { parameters: [printExactJson(statement)] }).catch(() => undefined);
  for (const [index, expression] of asked.entries()) {
    const constant = constantOf(result?.columns[index]?.type ?? "", result?.rows[0]?.[index]);
    if (constant !== undefined) found.set(expression, { ...constant, isMoving: movementOf(expression) === "moving" });
  }
  return found;
}

interface Rewriting extends Parsed {
  /** Or why there are none. */
  readonly reads: readonly TableRead[] | string;
}

async function rewritten(
  planning: Planning,
  { text, node, reads, travels }: Rewriting,
): Promise<readonly Replacement[]> {
  if (typeof reads === "string") {
    for (const target of planning.targets.values()) await tellWhole(planning, target, reads);
    return [];
  }
  const named = namedWithSchema(node);
  const tokens = tokensOf(text);
  const replacements: Replacement[] = [];
  for (const [ref, same] of byPlace(reads)) {
    const select = await selectFor(planning, ref, same);
    if (select === undefined) continue;
    const from = placeIn(text, ref);
    const isNamed = (ref.alias ?? "") !== "";
    if (!isNamed && named.has(`${ref.schema_name ?? "main"}.${ref.table_name ?? ""}`.toLowerCase())) continue;
    const alias = isNamed ? "" : ` AS ${quoteName(ref.table_name ?? "")}`;
    const to = travels.find((travel) => travel.from === from)?.to ?? endOfName(tokens, from);
    if (to <= from) continue;
    planning.placed.add(ref);
    replacements.push({ from, to, text: `(${select}\n)${alias}` });
  }
  return replacements;
}

/** A common table expression is read as often as it is named: what any of them needs is needed. */
function byPlace(reads: readonly TableRead[]): ReadonlyMap<SqlTableRef, readonly TableRead[]> {
  return Map.groupBy(reads, ({ ref }) => ref);
}

/** The SELECT for the place of a table or view; undefined where all of it is read anyway. */
async function selectFor(
  planning: Planning,
  ref: SqlTableRef,
  same: readonly TableRead[],
): Promise<string | undefined> {
  const view = planning.views.get(ref);
  if (view !== undefined) {
    const reads = same.flatMap(({ within }) => within);
    const inner = await rewritten(planning, { text: view.sql, node: view.node, reads, travels: [] });
    return inner.length === 0 ? undefined : replaced(view.sql, inner);
  }
  const target = planning.targets.get(ref);
  return target === undefined ? undefined : tableSelect(planning, target, or(same.map(({ filter }) => filter)));
}

async function tableSelect(planning: Planning, target: Target, filter: Predicate): Promise<string | undefined> {
  const { entry, metadata, schema, snapshot } = target;
  if (snapshot === undefined) return undefined;
  const { everywhere } = planning;
  const isByName = everywhere.byName.has(entry.name);
  const isByFiles = everywhere.byFiles.has(entry.name) && !isByName;
  if (isByName || filter.kind === "anything") {
    const because = isByName
      ? "another part of the statement reads all of it"
      : "no condition on its columns says which files it needs";
    await tellWhole(planning, target, because);
    if (!isByFiles) return undefined;
    return scanOfFiles(planning, { metadata, schema, files: await liveFilesOf(planning.store, metadata, snapshot) });
  }
  try {
    const { files, planned, total } = await planFiles(planning.cache, { metadata, snapshot, filter });
    planning.scans.push({ table: displayOf(entry.name), files: planned, filesTotal: total });
    return planned < total || isByFiles ? await scanOfFiles(planning, { metadata, schema, files }) : undefined;
  } catch (error) {
    return unlessFault(error);
  }
}

async function tellWhole(
  { cache, scans }: Planning,
  { entry, snapshot }: Target,
  unprunedBecause: string,
): Promise<void> {
  const total = snapshot === undefined ? 0 : await countFiles(cache, snapshot).catch(() => 0);
  scans.push({ table: displayOf(entry.name), files: total, filesTotal: total, unprunedBecause });
}

/** Tables whose columns are named as `schema.table.column`: they must keep their place in the schema. */
function namedWithSchema(node: SqlNode): ReadonlySet<string> {
  const found = new Set<string>();
  walk(node, (one) => {
    const { class: kind, column_names: names = [] } = one as unknown as SqlExpression;
    if (kind === "COLUMN_REF" && names.length > 2) found.add(names.slice(0, 2).join(".").toLowerCase());
    return true;
  });
  return found;
}

/** The engine counts bytes. */
function placeIn(text: string, { query_location: place = 0 }: SqlTableRef): number {
  const bytes = Buffer.from(text);
  return bytes.length === text.length ? place : bytes.subarray(0, place).toString().length;
}

/** A text with some of its parts replaced. */
export function replaced(text: string, replacements: readonly Replacement[]): string {
  let result = text;
  for (const one of replacements.toSorted((a, b) => b.from - a.from))
    result = result.slice(0, one.from) + one.text + result.slice(one.to);
  return result;
}
