import { aggregates } from "./aggregates.ts";
import { indirect, union, type Dependence } from "./dependence.ts";
import { all, bind, ordered } from "./expression.ts";
import { bindFrom } from "./from.ts";
import { key, NOTHING, renamed, within, type From, type NamedColumn, type Relation, type Scope } from "./scope.ts";
import { columnsWithin, starColumns } from "./star.ts";
import { constantPosition, needed, optional, part, parts, textOf, texts, type Tree } from "./tree.ts";
import { unreadable } from "./unreadable.ts";

/** Reads a query of any form: its columns in order, and what decides its rows. */
export function bindQuery(node: Tree, around: Scope): Relation {
  const scope = withTables(node, around);
  switch (textOf(node, "type")) {
    case "SELECT_NODE":
      return select(node, scope);
    case "SET_OPERATION_NODE":
      return combined(node, scope);
    case "RECURSIVE_CTE_NODE":
      return recursive(node, scope);
    default:
      return unreadable(`a query of the kind ${textOf(node, "type") || "?"}`);
  }
}

/** The common table expressions of a query, each seen by those after it. */
function withTables(node: Tree, around: Scope): Scope {
  const tables = new Map(around.tables);
  const map = part(node, "cte_map");
  for (const entry of map === undefined ? [] : parts(map, "map")) {
    const value = needed(entry, "value");
    const query = needed(needed(value, "query"), "node");
    const names = textOf(query, "type") === "RECURSIVE_CTE_NODE" ? [] : texts(value, "aliases");
    const relation = bindQuery(query, { ...around, tables: new Map(tables) });
    tables.set(key(textOf(entry, "key")), renamed(relation, names));
  }
  return { ...around, tables };
}

function select(node: Tree, around: Scope): Relation {
  const from = bindFrom(part(node, "from_table"), around);
  const bare = within(around, { from });
  const { columns, scope } = selectList(parts(node, "select_list"), bare);
  const condition = (name: string) => {
    const tree = part(node, name);
    return tree === undefined ? [] : indirect(bind(tree, scope), "FILTER");
  };
  const rows = union(
    from.rows,
    condition("where_clause"),
    indirect(groups(node, { columns, scope }), "GROUP_BY"),
    condition("having"),
    condition("qualify"),
  );
  return modified(node, { relation: { columns, rows }, scope });
}

/** The columns of a select list; an alias is seen by what comes after it. */
function selectList(
  trees: readonly Tree[],
  bare: Scope,
): { readonly columns: readonly NamedColumn[]; readonly scope: Scope } {
  const aliases = new Map<string, readonly Dependence[]>();
  const scope: Scope = { ...bare, aliases };
  const columns = trees.flatMap((tree) => {
    const made = columnsOf(tree, scope);
    const alias = textOf(tree, "alias");
    if (alias !== "" && made[0] !== undefined) aliases.set(key(alias), made[0].from);
    return made;
  });
  return { columns, scope };
}

/** One column, or as many as the star or `COLUMNS(…)` in it names. */
function columnsOf(tree: Tree, scope: Scope): readonly NamedColumn[] {
  const star = columnsWithin(tree);
  const alias = textOf(tree, "alias");
  if (star === undefined) return [{ name: alias || ownName(tree), from: bind(tree, scope) }];
  const named = starColumns(star, scope, bind);
  if (star === tree && alias === "") return named;
  return named.map((column) => ({
    name: alias.includes("\\") ? "" : alias || column.name,
    from: bind(tree, { ...scope, column }),
  }));
}

function ownName(tree: Tree): string {
  return textOf(tree, "class") === "COLUMN_REF" ? (texts(tree, "column_names").at(-1) ?? "") : "";
}

interface Selected {
  readonly columns: readonly NamedColumn[];
  readonly scope: Scope;
}

/** What a query groups by: expressions, places, aliases, or with ALL every column that aggregates nothing. */
function groups(node: Tree, { columns, scope }: Selected): readonly Dependence[] {
  if (textOf(node, "aggregate_handling") === "FORCE_AGGREGATES") {
    const plain = parts(node, "select_list").filter((tree) => !aggregates(tree));
    return union(...plain.flatMap((tree) => columnsOf(tree, scope).map(({ from }) => from)));
  }
  return union(...parts(node, "group_expressions").map((tree) => placed(tree, { columns, scope })));
}

function placed(tree: Tree, { columns, scope }: Selected): readonly Dependence[] {
  const position = constantPosition(tree);
  if (position === undefined) return bind(tree, scope);
  return columns[position - 1]?.from ?? unreadable(`the place ${position} is beyond the columns`);
}

/** ORDER BY, DISTINCT and LIMIT decide which rows there are and how they lie. */
function modified(node: Tree, { relation, scope }: { readonly relation: Relation; readonly scope: Scope }): Relation {
  const { columns } = relation;
  const everything = union(...columns.map(({ from }) => from));
  const own = new Map(columns.filter(({ name }) => name !== "").map(({ name, from }) => [key(name), from]));
  const found = parts(node, "modifiers").flatMap((modifier) => {
    switch (textOf(modifier, "type")) {
      case "ORDER_MODIFIER": {
        const sorted = ordered(modifier).map((tree) => sortKey(tree, { columns, scope, own, everything }));
        return indirect(union(...sorted), "SORT");
      }
      case "DISTINCT_MODIFIER": {
        const on = parts(modifier, "distinct_on_targets").map((tree) => placed(tree, { columns, scope }));
        return indirect(on.length === 0 ? everything : union(...on), "GROUP_BY");
      }
      case "LIMIT_MODIFIER":
      case "LIMIT_PERCENT_MODIFIER": {
        return indirect(all(optional(modifier, ["limit", "offset"]), scope), "FILTER");
      }
      default:
        return unreadable(`${textOf(modifier, "type")} on a query`);
    }
  });
  return { columns, rows: union(relation.rows, found) };
}

interface Sorting extends Selected {
  readonly own: ReadonlyMap<string, readonly Dependence[]>;
  readonly everything: readonly Dependence[];
}

/** A place, ALL, a column of the query's own, or an expression over what it reads. */
function sortKey(tree: Tree, { columns, scope, own, everything }: Sorting): readonly Dependence[] {
  const names = texts(tree, "column_names");
  const made = names.length === 1 ? own.get(key(names[0] ?? "")) : undefined;
  if (made !== undefined) return made;
  if (textOf(tree, "class") === "STAR" && part(tree, "expr") === undefined) return everything;
  return placed(tree, { columns, scope });
}

function combined(node: Tree, scope: Scope): Relation {
  const left = bindQuery(needed(node, "left"), scope);
  const right = bindQuery(needed(node, "right"), scope);
  const kind = textOf(node, "setop_type");
  const columns = kind === "UNION_BY_NAME" ? byName(left, right) : byPlace(left, right, kind);
  const everything = union(...[...left.columns, ...right.columns].map(({ from }) => from));
  const isUnion = kind.startsWith("UNION");
  const compared = isUnion && node["setop_all"] === true ? [] : indirect(everything, isUnion ? "GROUP_BY" : "FILTER");
  const relation = { columns, rows: union(left.rows, right.rows, compared) };
  return modified(node, { relation, scope: within(scope, { from: only(relation) }) });
}

/** ORDER BY after a set operation speaks of its columns alone. */
function only(relation: Relation): From {
  return { ...NOTHING, sources: [{ name: "", relation }], star: relation.columns, rows: relation.rows };
}

function byPlace(left: Relation, right: Relation, kind: string): readonly NamedColumn[] {
  if (left.columns.length !== right.columns.length)
    unreadable("the sides of a set operation differ in what is known of them");
  if (kind !== "UNION") return left.columns;
  return left.columns.map(({ name, from }, index) => ({ name, from: union(from, right.columns[index]?.from ?? []) }));
}

function byName(left: Relation, right: Relation): readonly NamedColumn[] {
  if ([...left.columns, ...right.columns].some(({ name }) => name === ""))
    unreadable("UNION BY NAME with a column whose name only the engine knows");
  const both = Map.groupBy([...left.columns, ...right.columns], ({ name }) => key(name));
  return [...both.values()].map((columns) => ({
    name: columns[0]?.name ?? "",
    from: union(...columns.map(({ from }) => from)),
  }));
}

const ROUNDS_MAX = 50;

/** A recursive table stands for what it began with, then for what it made of that, until nothing comes anew. */
function recursive(node: Tree, scope: Scope): Relation {
  const names = texts(node, "aliases");
  let relation = renamed(bindQuery(needed(node, "left"), scope), names);
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const tables = new Map(scope.tables).set(key(textOf(node, "cte_name")), relation);
    const step = bindQuery(needed(node, "right"), { ...scope, tables });
    const columns = byPlace(relation, step, "UNION");
    const grown = { columns, rows: union(relation.rows, step.rows) };
    if (weight(grown) === weight(relation)) return grown;
    relation = grown;
  }
  return unreadable("a recursion that does not settle");
}

function weight({ columns, rows }: Relation): number {
  return columns.reduce((sum, { from }) => sum + from.length, rows.length);
}
