import { ROWS, type Dependence } from "./dependence.ts";
import { bindQuery } from "./query.ts";
import { NOTHING, type NamedColumn, type Scope } from "./scope.ts";
import { isTree, needed, parts, textOf, type Tree } from "./tree.ts";
import { unreadable } from "./unreadable.ts";

/** What a SELECT's columns depend on. */
export interface SelectColumns {
  readonly columns: readonly NamedColumn[];
  /** What every column depends on, since it decides which rows there are. */
  readonly rows: readonly Dependence[];
}

/**
 * Follows the columns of a SELECT to those of the tables that it reads, given the tree that DuckDB's
 * `json_serialize_sql` makes of it. Throws `Unreadable` for what it does not know: it never names fewer.
 *
 * @example
 * ```ts
 * selectColumns(tree, { columnsOf: (table) => (table === "flights" ? ["origin", "delay"] : undefined) });
 * ```
 */
export function selectColumns(
  tree: unknown,
  { columnsOf }: { readonly columnsOf: (table: string) => readonly string[] | undefined },
): SelectColumns {
  const scope: Scope = {
    world: { columnsOf, query: bindQuery },
    from: NOTHING,
    tables: new Map(),
    aliases: new Map(),
    parameters: new Map(),
  };
  const { columns, rows } = bindQuery(statement(tree), scope);
  const named = columns.map(({ from }) => datasetsOf(from));
  const byRows = datasetsOf(rows);
  const everywhere = new Set([...(named[0] ?? [])].filter((dataset) => named.every((names) => names.has(dataset))));
  return {
    columns: columns.map(({ name, from }, index) => ({
      name,
      from: withoutImplied(from, (named[index] ?? new Set()).union(byRows)),
    })),
    rows: withoutImplied(rows, byRows.union(everywhere)),
  };
}

function statement(tree: unknown): Tree {
  if (!isTree(tree)) return unreadable("no statement");
  if (tree["error"] === true) return unreadable(textOf(tree, "error_message") || "the engine does not read it");
  const [first, second] = parts(tree, "statements");
  if (first === undefined || second !== undefined) return unreadable("not one statement");
  return needed(first, "node");
}

/** The datasets of which a column is named. */
function datasetsOf(from: readonly Dependence[]): ReadonlySet<string> {
  return new Set(from.filter(({ column }) => column !== ROWS).map(({ dataset }) => dataset));
}

/** A table's rows need no mention where one of its columns is named: that depends on them by itself. A count's value is them. */
function withoutImplied(from: readonly Dependence[], named: ReadonlySet<string>): readonly Dependence[] {
  return from.filter(({ dataset, column, type }) => column !== ROWS || type === "DIRECT" || !named.has(dataset));
}
