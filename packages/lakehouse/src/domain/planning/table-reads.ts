import type { IcebergSchema } from "../iceberg/schema.ts";
import { NULLS } from "./ranges.ts";
import { and, columnsOf, mayHold, ofTable, WHATEVER, type PlanColumn, type Predicate } from "./predicate.ts";
import { readPredicate, type Names } from "./read-predicate.ts";
import { walk, type SqlCte, type SqlExpression, type SqlNode, type SqlTableRef } from "./sql-tree.ts";

/** What a name in a statement stands for in the lake. */
export type Resolved =
  | { readonly kind: "table"; readonly schema: IcebergSchema }
  | { readonly kind: "view"; readonly node: SqlNode };

/** One place of a statement where a table or a view is read, and what must hold of a row of it to count. */
export interface TableRead {
  readonly ref: SqlTableRef;
  readonly resolved: Resolved;
  /** Of a table. */
  filter: Predicate;
  /** Of a view: what is read in its own text. */
  readonly within: readonly TableRead[];
}

export interface Reading {
  readonly names: Omit<Names, "column">;
  resolve(ref: SqlTableRef): Resolved | undefined;
  /** Whether a GROUP BY may be by several sets of columns: where one is not in a set, it is NULL. */
  readonly mayGroupBySets: boolean;
}

/** Why a statement's tables are read whole. */
export class Unplanned extends Error {}

/**
 * Where a statement reads tables and by which conditions: each WHERE and ON, through aliases, joins, subqueries, common
 * table expressions and views, as far as a row that fails it can't change the answer. A common table expression that is
 * read several times appears as often. Throws `Unplanned` for what has a part that is not understood.
 */
export function readsOf(node: SqlNode, reading: Reading): readonly TableRead[] {
  const state: State = { reading, visited: new Set(), tables: new Map(), steps: { left: STEPS_MAX } };
  return readsIn(node, state);
}

const STEPS_MAX = 2_000;

interface State {
  readonly reading: Reading;
  readonly visited: Set<unknown>;
  /** The reads of tables by their number. */
  readonly tables: Map<number, TableRead>;
  readonly steps: { left: number };
}

interface Scope {
  readonly state: State;
  readonly ctes: ReadonlyMap<string, { readonly cte: SqlCte; readonly scope: Scope } | "recursive">;
  /** Where reads of this text are put. */
  readonly reads: TableRead[];
}

/** A column that something in FROM has. Without a column of a table it is one that is reckoned. */
interface Output {
  readonly name: string;
  readonly column: PlanColumn | undefined;
}

interface Relation {
  readonly outputs: readonly Output[];
  /** Has columns whose names are not known. */
  readonly isOpaque: boolean;
}

interface Item extends Relation {
  readonly alias: string;
  readonly schema: string;
}

interface From {
  readonly items: readonly Item[];
  readonly using: ReadonlyMap<string, PlanColumn | undefined>;
  readonly isNatural: boolean;
}

const NOTHING: From = { items: [], using: new Map(), isNatural: false };

function readsIn(node: SqlNode, state: State): readonly TableRead[] {
  const reads: TableRead[] = [];
  relationOf(node, { state, ctes: new Map(), reads });
  refuseUnvisited(node, state);
  return reads;
}

/** A place that was passed over might be one where a common table expression is read without its conditions. */
function refuseUnvisited(node: SqlNode, { visited }: State): void {
  walk(node, (one) => {
    if (one["type"] === "BASE_TABLE" && !visited.has(one)) throw new Unplanned("a part of it is not understood");
    const query = (one["query"] as { readonly node?: unknown } | undefined)?.node;
    // A common table expression that is never read does not matter.
    return query === undefined || visited.has(query);
  });
}

function relationOf(node: SqlNode, outer: Scope): Relation {
  const { state } = outer;
  state.visited.add(node);
  if ((state.steps.left -= 1) < 0) throw new Unplanned("it is too large");
  const scope = withCtes(node, outer);
  visitSubqueries(node.modifiers, scope);
  const relation = bodyOf(node, scope);
  return isCutOff(node) ? withoutColumns(relation) : relation;
}

function bodyOf(node: SqlNode, scope: Scope): Relation {
  switch (node.type) {
    case "SELECT_NODE":
      return selectOf(node, scope);
    case "SET_OPERATION_NODE":
      return setOperation(node, scope);
    case "RECURSIVE_CTE_NODE":
    case "CTE_NODE":
      throw new Unplanned("it has a common table expression of a kind that is not understood");
    default:
      throw new Unplanned(`it has a part of the kind ${node.type}`);
  }
}

function withCtes(node: SqlNode, outer: Scope): Scope {
  const defined = node.cte_map?.map ?? [];
  if (defined.length === 0) return outer;
  let scope = outer;
  for (const cte of defined) {
    const before = scope;
    scope = { ...scope, ctes: new Map([...scope.ctes, [cte.key.toLowerCase(), { cte, scope: before }]]) };
  }
  return scope;
}

/** Whether which rows there are depends on more than conditions: then none is put below it. */
function isCutOff({ modifiers = [] }: SqlNode): boolean {
  return modifiers.some(
    ({ type, distinct_on_targets: on = [] }) =>
      type.startsWith("LIMIT") || (type === "DISTINCT_MODIFIER" && on.length > 0),
  );
}

function withoutColumns({ outputs, isOpaque }: Relation): Relation {
  return { outputs: outputs.map(({ name }) => ({ name, column: undefined })), isOpaque };
}

function selectOf(node: SqlNode, scope: Scope): Relation {
  const from = node.from_table === undefined ? NOTHING : fromOf(node.from_table, scope);
  for (const part of [node.select_list, node.where_clause, Reflect.get(node, "group_expressions") as unknown])
    visitSubqueries(part, scope);
  visitSubqueries(Reflect.get(node, "having") as unknown, scope);
  visitSubqueries(node.qualify, scope);
  if (node.where_clause !== undefined && node.sample === undefined) demand(node.where_clause, from, scope.state);
  const relation = selected(node.select_list ?? [], from);
  const groups = Reflect.get(node, "group_sets") as readonly unknown[] | undefined;
  const isOneSet = (groups?.length ?? 0) <= (scope.state.reading.mayGroupBySets ? 0 : 1);
  const isFree = node.qualify === undefined && node.sample === undefined && isOneSet;
  return isFree && !hasWindow(node.select_list) ? relation : withoutColumns(relation);
}

function hasWindow(list: unknown): boolean {
  let found = false;
  walk(list, (one) => {
    if (one["class"] === "WINDOW") found = true;
    return one["class"] !== "SUBQUERY";
  });
  return found;
}

/** What a condition demands of each table, unless an outer join may put NULLs in the place of a row that fails it. */
function demand(
  condition: SqlExpression,
  from: From,
  state: State,
  isOwn: (table: number) => boolean = () => true,
): void {
  const { names } = state.reading;
  const predicate = readPredicate(condition, { ...names, column: (parts) => columnFor(parts, from) });
  const columns = columnsOf(predicate);
  for (const table of new Set(columns.map((column) => column.table))) {
    if (!isOwn(table)) continue;
    const own = ofTable(predicate, table);
    const isNullable = columnsOf(own).some((column) => column.isNullable);
    if (isNullable && mayHold(own, () => NULLS)) continue;
    const read = state.tables.get(table);
    if (read !== undefined) read.filter = and([read.filter, own]);
  }
}

function columnFor(parts: readonly string[], from: From): PlanColumn | undefined {
  const [first = "", second, third] = parts.map((part) => part.toLowerCase());
  if (parts.length === 1) {
    if (from.isNatural) return undefined;
    if (from.using.has(first)) return from.using.get(first);
    return only(from.items.flatMap(({ outputs }) => outputs.filter(({ name }) => name === first)))?.column;
  }
  const [alias, name] = parts.length === 2 ? [first, second] : [second, third];
  if (parts.length > 3) return undefined;
  const item = only(from.items.filter((one) => one.alias === alias && (parts.length === 2 || one.schema === first)));
  return only((item?.outputs ?? []).filter((output) => output.name === name))?.column;
}

function only<One>(found: readonly One[]): One | undefined {
  return found.length === 1 ? found[0] : undefined;
}

function selected(list: readonly SqlExpression[], from: From): Relation {
  const outputs: Output[] = [];
  let isOpaque = false;
  for (const one of list) {
    if (one.class === "STAR") {
      const all = starOf(one, from);
      if (all === undefined) isOpaque = true;
      else outputs.push(...all);
      continue;
    }
    if (isSeveral(one)) isOpaque = true;
    const names = one.type === "COLUMN_REF" ? (one.column_names ?? []) : [];
    const name = (one.alias ?? "") === "" ? (names.at(-1) ?? "") : (one.alias ?? "");
    outputs.push({ name: name.toLowerCase(), column: names.length === 0 ? undefined : columnFor(names, from) });
  }
  // Of columns with one name the first keeps it: among those that are not known there may be one.
  return isOpaque ? withoutColumns({ outputs, isOpaque }) : { outputs, isOpaque };
}

/** Whether an expression may become several columns: `unnest(struct)`, `COLUMNS('price_.*') * 2`. */
function isSeveral(expression: SqlExpression): boolean {
  let found = false;
  walk(expression, (one) => {
    if (one["class"] === "STAR" || one["function_name"] === "unnest") found = true;
    return one["class"] !== "SUBQUERY";
  });
  return found;
}

/** Undefined where it is not known which columns there are. */
function starOf(star: SqlExpression, from: From): readonly Output[] | undefined {
  const {
    relation_name: relation = "",
    exclude_list: excluded = [],
    replace_list: replaced,
    rename_list: renamed,
  } = star;
  if (star.columns === true || star.expr !== undefined || replaced !== undefined || renamed !== undefined)
    return undefined;
  if (from.isNatural || excluded.some((one) => typeof one !== "string")) return undefined;
  const items = relation === "" ? from.items : from.items.filter(({ alias }) => alias === relation.toLowerCase());
  if (items.length === 0 || items.some(({ isOpaque }) => isOpaque)) return undefined;
  const left = new Set(excluded.map((one) => String(one).toLowerCase()));
  const seen = new Set<string>();
  return items.flatMap(({ outputs }) =>
    outputs.flatMap(({ name, column }) => {
      const isUsed = from.using.has(name);
      if (left.has(name) || (isUsed && relation === "" && seen.has(name))) return [];
      seen.add(name);
      return [{ name, column: isUsed && relation === "" ? from.using.get(name) : column }];
    }),
  );
}

function setOperation(node: SqlNode, scope: Scope): Relation {
  const { left, right, setop_type: type } = node;
  if (left === undefined || right === undefined) throw new Unplanned("it has a set operation of more than two parts");
  const [one, other] = [relationOf(left, scope), relationOf(right, scope)];
  // A condition on the whole could be put upon both sides, as one of each: it is not, both are read by their own.
  const isOpaque = one.isOpaque || other.isOpaque || type === "UNION_BY_NAME";
  return withoutColumns({ ...one, isOpaque });
}

/** What something in FROM has. */
function fromOf(ref: SqlTableRef, scope: Scope): From {
  switch (ref.type) {
    case "BASE_TABLE":
      return single(ref, baseTable(ref, scope));
    case "SUBQUERY": {
      if (ref.subquery === undefined) throw new Unplanned("it has a part that is not understood");
      return single(ref, relationOf(ref.subquery.node, scope));
    }
    case "JOIN":
      return joined(ref, scope);
    default: {
      // Functions, lists of values, pivots: what they read within has no conditions from here.
      visitRefs(ref, scope);
      return single(ref, { outputs: [], isOpaque: true });
    }
  }
}

function single(ref: SqlTableRef, relation: Relation): From {
  const { alias = "", table_name: table = "", schema_name: schema = "main" } = ref;
  const own = ref.sample === undefined ? relation : withoutColumns(relation);
  const outputs = renamed(own.outputs, ref.column_name_alias ?? []);
  const isNamed = alias !== "";
  return {
    ...NOTHING,
    items: [
      {
        ...own,
        outputs,
        alias: (isNamed ? alias : table).toLowerCase(),
        schema: isNamed ? "" : schema.toLowerCase(),
      },
    ],
  };
}

function renamed(outputs: readonly Output[], names: readonly string[]): readonly Output[] {
  const all = outputs.map((output, index) => ({ ...output, name: names[index]?.toLowerCase() ?? output.name }));
  const seen = new Set<string>();
  const repeated = all.filter(({ name }) => seen.size === seen.add(name).size).map(({ name }) => name);
  // The engine calls the second `a` of a subquery `a_1`, and what was called so `a_1_1`.
  const isTaken = (name: string) => repeated.some((one) => name.startsWith(`${one}_`));
  return all.map((output) => (isTaken(output.name) ? { ...output, column: undefined } : output));
}

function baseTable(ref: SqlTableRef, scope: Scope): Relation {
  const { state } = scope;
  state.visited.add(ref);
  const name = (ref.table_name ?? "").toLowerCase();
  const known = (ref.schema_name ?? "") === "" && (ref.catalog_name ?? "") === "" ? scope.ctes.get(name) : undefined;
  if (known !== undefined) return known === "recursive" ? { outputs: [], isOpaque: true } : cteOf(name, known, scope);
  const resolved = state.reading.resolve(ref);
  if (resolved === undefined) return { outputs: [], isOpaque: true };
  if (resolved.kind === "table") return tableOf(ref, resolved, scope);
  const within: TableRead[] = [];
  const relation = relationOf(resolved.node, { state, ctes: new Map(), reads: within });
  refuseUnvisited(resolved.node, state);
  scope.reads.push({ ref, resolved, filter: WHATEVER, within });
  return relation;
}

function cteOf(
  name: string,
  { cte, scope: own }: { readonly cte: SqlCte; readonly scope: Scope },
  scope: Scope,
): Relation {
  const { node } = cte.value.query;
  const within = { ...own, reads: scope.reads };
  if (node.type !== "RECURSIVE_CTE_NODE") return { ...aliased(relationOf(node, within), cte.value.aliases) };
  scope.state.visited.add(node);
  const again = { ...within, ctes: new Map([...own.ctes, [name, "recursive" as const]]) };
  const [first] = [node.left, node.right].map((part) => (part === undefined ? undefined : relationOf(part, again)));
  return aliased(withoutColumns(first ?? { outputs: [], isOpaque: true }), cte.value.aliases);
}

function aliased(relation: Relation, names: readonly string[] = []): Relation {
  return { ...relation, outputs: renamed(relation.outputs, names) };
}

function tableOf(ref: SqlTableRef, resolved: Resolved & { readonly kind: "table" }, scope: Scope): Relation {
  const { fields } = resolved.schema;
  const { tables } = scope.state;
  const table = tables.size;
  const read: TableRead = { ref, resolved, filter: WHATEVER, within: [] };
  tables.set(table, read);
  scope.reads.push(read);
  const outputs = fields.map(({ id, name, type }) => ({
    name: name.toLowerCase(),
    column: typeof type === "string" ? { table, fieldId: id, type, isNullable: false } : undefined,
  }));
  // The engine gives another name to a column that differs from one before it by its letters' case alone.
  const isOpaque = new Set(outputs.map(({ name }) => name)).size < outputs.length;
  return isOpaque ? { outputs: [], isOpaque } : { outputs, isOpaque };
}

function joined(ref: SqlTableRef, scope: Scope): From {
  const { left, right, join_type: type = "INNER", ref_type: kind = "REGULAR" } = ref;
  if (left === undefined || right === undefined) throw new Unplanned("it has a join of one part");
  const [one, other] = [fromOf(left, scope), fromOf(right, scope)];
  visitSubqueries(ref.condition, scope);
  if (kind === "POSITIONAL") return combined(ref, blinded(one), blinded(other));
  // Which row is met depends on all the rows of the right side.
  if (kind === "ASOF") return combined(ref, type === "INNER" || type === "LEFT" ? one : blinded(one), blinded(other));
  const both = combined(ref, one, other);
  if (ref.condition !== undefined) {
    const isRight = tablesOf(other);
    const isLeft = tablesOf(one);
    if (type === "INNER" || type === "SEMI") demand(ref.condition, both, scope.state);
    else if (type === "LEFT" || type === "ANTI")
      demand(ref.condition, both, scope.state, (table) => isRight.has(table));
    else if (type === "RIGHT") demand(ref.condition, both, scope.state, (table) => isLeft.has(table));
  }
  if (type === "SEMI" || type === "ANTI") return one;
  return combined(
    ref,
    type === "RIGHT" || type === "OUTER" || type === "FULL" ? nullable(one) : one,
    type === "LEFT" || type === "OUTER" || type === "FULL" || type === "SINGLE" ? nullable(other) : other,
  );
}

function combined(ref: SqlTableRef, one: From, other: From): From {
  const { join_type: type = "INNER", using_columns: used = [] } = ref;
  const items = [...one.items, ...other.items];
  const using = new Map([...one.using, ...other.using]);
  // The column that both sides give their name to is the left one's, unless the right side's rows stay alone.
  for (const name of used.map((column) => column.toLowerCase()))
    using.set(
      name,
      type === "INNER" || type === "LEFT" || type === "SEMI" || type === "ANTI" ? columnFor([name], one) : undefined,
    );
  const isNatural = one.isNatural || other.isNatural || ref.ref_type === "NATURAL";
  return { items, using, isNatural };
}

function tablesOf({ items }: From): ReadonlySet<number> {
  return new Set(items.flatMap(({ outputs }) => outputs.flatMap(({ column }) => column?.table ?? [])));
}

function withEach(from: From, change: (column: PlanColumn) => PlanColumn | undefined): From {
  const changed = (column: PlanColumn | undefined) => (column === undefined ? undefined : change(column));
  return {
    ...from,
    items: from.items.map((item) => ({
      ...item,
      outputs: item.outputs.map(({ name, column }) => ({ name, column: changed(column) })),
    })),
    using: new Map([...from.using].map(([name, column]) => [name, changed(column)])),
  };
}

function nullable(from: From): From {
  return withEach(from, (column) => ({ ...column, isNullable: true }));
}

function blinded(from: From): From {
  return withEach(from, () => undefined);
}

/** Each subquery in an expression reads its own tables by its own conditions. */
function visitSubqueries(value: unknown, scope: Scope): void {
  walk(value, (one) => {
    if (one["class"] !== "SUBQUERY") return true;
    const subquery = one["subquery"] as SqlExpression["subquery"];
    if (subquery !== undefined) relationOf(subquery.node, scope);
    visitSubqueries(one["child"], scope);
    return false;
  });
}

/** Tables and subqueries within a part of FROM that is not understood itself. */
function visitRefs(value: unknown, scope: Scope): void {
  for (const inner of Object.values(value as object) as unknown[])
    walk(inner, (one) => {
      if (one["class"] === "SUBQUERY") visitSubqueries(one, scope);
      else if (one["type"] === "BASE_TABLE" || one["type"] === "SUBQUERY" || one["type"] === "JOIN")
        fromOf(one as unknown as SqlTableRef, scope);
      else return true;
      return false;
    });
}
