import { computed, indirect, union, type Dependence } from "./dependence.ts";
import { bind } from "./expression.ts";
import {
  key,
  NOTHING,
  renamed,
  tableRelation,
  within,
  type From,
  type NamedColumn,
  type Relation,
  type Scope,
} from "./scope.ts";
import { fileRelation, functionRelation } from "./table-function.ts";
import { unpivoted, pivoted } from "./pivot.ts";
import { needed, part, parts, textOf, texts, type Tree } from "./tree.ts";
import { unreadable } from "./unreadable.ts";

/** What a FROM clause makes. What stands left of a part is seen by it, as LATERAL has it. */
export function bindFrom(tree: Tree | undefined, scope: Scope, left: From = NOTHING): From {
  if (tree === undefined) return NOTHING;
  const lateral = left === NOTHING ? scope : within(scope, { from: left });
  switch (textOf(tree, "type")) {
    case "EMPTY":
      return NOTHING;
    case "JOIN":
      return joined(tree, scope, left);
    case "BASE_TABLE":
      return named(tree, textOf(tree, "table_name"), tableOf(tree, scope));
    case "SUBQUERY":
      return named(tree, "", scope.world.query(needed(needed(tree, "subquery"), "node"), lateral));
    case "TABLE_FUNCTION": {
      const call = needed(tree, "function");
      const withPosition = textOf(tree, "with_ordinality") === "WITH_ORDINALITY";
      return named(tree, textOf(call, "function_name"), functionRelation(call, { scope: lateral, withPosition }));
    }
    case "EXPRESSION_LIST":
      return named(tree, "", valuesOf(tree, lateral));
    case "PIVOT": {
      const source = bindFrom(needed(tree, "source"), scope, left);
      const relation = parts(tree, "aggregates").length === 0 ? unpivoted(tree, source) : pivoted(tree, source, scope);
      return named(tree, "", relation);
    }
    default:
      return unreadable(`${textOf(tree, "type") || "?"} in FROM`);
  }
}

function named(tree: Tree, ownName: string, relation: Relation): From {
  const columns = renamed(relation, texts(tree, "column_name_alias"));
  const source = { name: textOf(tree, "alias") || ownName, relation: columns };
  return { sources: [source], star: columns.columns, merged: new Map(), rows: columns.rows };
}

const FILE = /[./\\].*\.(csv|tsv|txt|json|jsonl|ndjson|parquet)(\.gz|\.zst)?$|^[^.]+\.(csv|tsv|json|jsonl|parquet)$/i;

/** A common table expression, where the name has no schema; a table of the project; or a file by its path. */
function tableOf(tree: Tree, { tables, world }: Scope): Relation {
  const name = textOf(tree, "table_name");
  const schema = textOf(tree, "schema_name");
  const common = schema === "" ? tables.get(key(name)) : undefined;
  if (common !== undefined) return common;
  const columns = ["", "main"].includes(schema) ? world.columnsOf(name) : undefined;
  if (columns !== undefined) return tableRelation(`table:${name}`, columns);
  if (schema === "" && FILE.test(name)) return fileRelation(name);
  return unreadable(`${schema === "" ? "" : `${schema}.`}${name} is no table of the project`);
}

/** Each column of VALUES is what stands at its place in any row. */
function valuesOf(tree: Tree, scope: Scope): Relation {
  const rows = Array.isArray(tree["values"]) ? (tree["values"] as readonly (readonly Tree[])[]) : [];
  const width = Math.max(0, ...rows.map((row) => row.length));
  const columns = Array.from({ length: width }, (_, index) => ({
    name: `col${index}`,
    from: union(...rows.map((row) => (row[index] === undefined ? [] : bind(row[index], scope)))),
  }));
  return { columns, rows: [] };
}

function joined(tree: Tree, scope: Scope, before: From): From {
  const left = bindFrom(needed(tree, "left"), scope, before);
  const right = bindFrom(needed(tree, "right"), scope, beside(before, left));
  const both = beside(left, right);
  const kind = textOf(tree, "join_type");
  const shared = sharedColumns(tree, { left, right });
  const condition = part(tree, "condition");
  const on = condition === undefined ? [] : bind(condition, within(scope, { from: beside(before, both) }));
  const keys = shared.flatMap((name) => [...columnIn(left, name), ...columnIn(right, name)]);
  const rows = union(left.rows, right.rows, indirect(union(on, keys), "JOIN"));
  // What is only looked for there is not seen afterwards.
  if (kind === "SEMI" || kind === "ANTI") return { ...left, rows };
  return { ...merge(both, { shared, left, right, kind }), rows };
}

/** One after the other, as a plain comma has them. */
function beside(left: From, right: From): From {
  if (left === NOTHING) return right;
  return {
    sources: [...left.sources, ...right.sources],
    star: [...left.star, ...right.star],
    merged: new Map([...right.merged, ...left.merged]),
    rows: union(left.rows, right.rows),
  };
}

function sharedColumns(tree: Tree, { left, right }: { readonly left: From; readonly right: From }): readonly string[] {
  if (textOf(tree, "ref_type") !== "NATURAL") return texts(tree, "using_columns");
  if ([...left.sources, ...right.sources].some(({ relation }) => relation.other !== undefined))
    unreadable("NATURAL JOIN with a file whose columns are not known");
  const names = new Set(right.star.map(({ name }) => key(name)));
  return left.star.map(({ name }) => name).filter((name) => names.has(key(name)));
}

function columnIn(from: From, name: string): readonly Dependence[] {
  const merged = from.merged.get(key(name));
  if (merged !== undefined) return merged;
  const found = from.star.filter((column) => key(column.name) === key(name));
  const open = from.sources.flatMap(({ relation }) => (relation.other === undefined ? [] : [relation.other(name)]));
  if (found.length === 0 && open.length === 0) unreadable(`USING (${name}) names no column`);
  return union(...found.map((column) => column.from), ...(found.length === 0 ? open : []));
}

interface Join {
  readonly shared: readonly string[];
  readonly left: From;
  readonly right: From;
  readonly kind: string;
}

/** A column of USING is one in `*`: the left's, the right's, or the one of them that is there. */
function merge(both: From, { shared, left, right, kind }: Join): From {
  if (shared.length === 0) return both;
  const values = new Map(
    shared.map((name) => {
      const [one, other] = [columnIn(left, name), columnIn(right, name)];
      return [key(name), kind === "RIGHT" ? other : kind === "FULL" ? computed(union(one, other)) : one] as const;
    }),
  );
  const inLeft = left.star.map((column): NamedColumn => ({
    ...column,
    from: values.get(key(column.name)) ?? column.from,
  }));
  const inRight = right.star.filter(({ name }) => !values.has(key(name)));
  return { ...both, star: [...inLeft, ...inRight], merged: new Map([...both.merged, ...values]) };
}
