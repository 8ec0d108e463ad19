import { computed, indirect, ROWS, union, type Dependence } from "./dependence.ts";
import type { Tree } from "./tree.ts";
import { unreadable } from "./unreadable.ts";

/** A column of something that stands in FROM. Its name is empty where only the engine knows it. */
export interface NamedColumn {
  readonly name: string;
  readonly from: readonly Dependence[];
}

export interface Relation {
  readonly columns: readonly NamedColumn[];
  /** What decides which rows there are. */
  readonly rows: readonly Dependence[];
  /** What a column of any other name depends on, where not all columns are known. */
  readonly other?: (column: string) => readonly Dependence[];
}

/** A relation under the name by which expressions speak of it. */
export interface Source {
  readonly name: string;
  readonly relation: Relation;
}

/** What FROM makes: the relations, the columns of `*` in order, and those that USING made one of two. */
export interface From {
  readonly sources: readonly Source[];
  readonly star: readonly NamedColumn[];
  readonly merged: ReadonlyMap<string, readonly Dependence[]>;
  readonly rows: readonly Dependence[];
}

export const NOTHING: From = { sources: [], star: [], merged: new Map(), rows: [] };

/** What the statement stands on. */
interface World {
  /** A table's or view's columns by its plain name; undefined where there is none. */
  columnsOf(table: string): readonly string[] | undefined;
  /** Reads a query; the names around it are seen from inside. */
  query(node: Tree, around: Scope): Relation;
}

/** What the names of an expression mean, from inside out. */
export interface Scope {
  readonly world: World;
  readonly from: From;
  readonly tables: ReadonlyMap<string, Relation>;
  /** Aliases of the select list; they count where FROM has no such column. */
  readonly aliases: ReadonlyMap<string, readonly Dependence[]>;
  /** Parameters of lambdas; they count before all else. */
  readonly parameters: ReadonlyMap<string, readonly Dependence[]>;
  /** What `COLUMNS(…)` means at this moment: one column of those that it names. */
  readonly column?: NamedColumn | undefined;
  readonly outer?: Scope | undefined;
}

export function key(name: string): string {
  return name.toLowerCase();
}

/** A table of the project: each column is its own. */
export function tableRelation(dataset: string, columns: readonly string[]): Relation {
  const own = (column: string): readonly Dependence[] => [{ dataset, column, type: "DIRECT", kind: "IDENTITY" }];
  return {
    columns: columns.map((name) => ({ name, from: own(name) })),
    rows: [{ dataset, column: ROWS, type: "INDIRECT", kind: "FILTER" }],
  };
}

/** The same relation with other names for its first columns: `AS t(x, y)`. */
export function renamed(relation: Relation, names: readonly string[]): Relation {
  if (names.length === 0) return relation;
  if (names.length > relation.columns.length) unreadable("more names than columns are known");
  const columns = relation.columns.map(({ name, from }, index) => ({ name: names[index] ?? name, from }));
  return { ...relation, columns };
}

/** What the rows of FROM alone say, as `count(*)` does. */
export function rowsOf({ from }: Scope): readonly Dependence[] {
  return from.rows
    .filter(({ column }) => column === ROWS)
    .map((one) => ({ ...one, type: "DIRECT", kind: "TRANSFORMATION" }));
}

/** Functions of no arguments that are written without parentheses. */
const CONSTANTS = new Set(
  "current_catalog current_date current_role current_schema current_time current_timestamp current_user localtime localtimestamp session_user user".split(
    " ",
  ),
);

/** What a name of one or more parts depends on: a column, a field of one, or a whole row. */
export function lookUp(names: readonly string[], scope: Scope): readonly Dependence[] {
  for (let place: Scope | undefined = scope; place !== undefined; place = place.outer) {
    const found = meaning(names, place);
    if (found !== undefined) return found;
  }
  if (names.length === 1 && CONSTANTS.has(key(names[0] ?? ""))) return [];
  return unreadable(`the column ${names.join(".")} is in none of the tables that it reads`);
}

function meaning(names: readonly string[], scope: Scope): readonly Dependence[] | undefined {
  const [first = "", second, third] = names.map(key);
  const parameter = scope.parameters.get(first);
  if (parameter !== undefined) return parameter;
  const { from } = scope;
  const ofSource = second === undefined ? undefined : columnOf(sourcesNamed(from, first), second);
  if (ofSource !== undefined) return names.length === 2 ? ofSource : computed(ofSource);
  const field = (whole: readonly Dependence[] | undefined) =>
    whole === undefined || names.length === 1 ? whole : computed(whole);
  const column = field(from.merged.get(first) ?? columnOf(from.sources, first));
  if (column !== undefined) return column;
  const ofTable = second === undefined || third === undefined ? undefined : columnOf(sourcesNamed(from, second), third);
  if (ofTable !== undefined) return names.length === 3 ? ofTable : computed(ofTable);
  const row = sourcesNamed(from, first)[0];
  if (row !== undefined && names.length === 1) return wholeRow(row);
  return field(scope.aliases.get(first)) ?? (first === "rowid" && from.sources.length > 0 ? rowsOf(scope) : undefined);
}

export function sourcesNamed({ sources }: From, name: string): readonly Source[] {
  return sources.filter((source) => key(source.name) === key(name));
}

/** The column of those that have one of this name; of an unknown file's only where nothing known has it. */
function columnOf(sources: readonly Source[], name: string): readonly Dependence[] | undefined {
  const known = sources.flatMap(({ relation }) => relation.columns.filter((column) => key(column.name) === name));
  if (known.length > 0) return union(...known.map(({ from }) => from));
  const open = sources.flatMap(({ relation }) => (relation.other === undefined ? [] : [relation.other(name)]));
  return open.length > 0 ? union(...open) : undefined;
}

function wholeRow({ relation }: Source): readonly Dependence[] {
  if (relation.other !== undefined) unreadable("a whole row of a file whose columns are not known");
  return computed(union(...relation.columns.map(({ from }) => from)));
}

/** The scope of what stands within another one. */
export function within(
  outer: Scope,
  { from, tables = outer.tables }: Partial<Pick<Scope, "tables">> & Pick<Scope, "from">,
): Scope {
  return { world: outer.world, tables, from, aliases: new Map(), parameters: new Map(), outer };
}

/** The rows of a query within an expression count for that expression alone. */
export function ofSubquery({ columns, rows }: Relation): readonly Dependence[] {
  return union(computed(union(...columns.map(({ from }) => from))), indirect(rows, "FILTER"));
}
