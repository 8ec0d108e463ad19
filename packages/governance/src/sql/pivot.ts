import { computed, indirect, union, type Dependence } from "./dependence.ts";
import { all } from "./expression.ts";
import { key, within, type From, type NamedColumn, type Relation, type Scope } from "./scope.ts";
import { parts, textOf, texts, type Tree } from "./tree.ts";
import { unreadable } from "./unreadable.ts";

/** Columns as rows: what is left, the column's name, and its value, which may be any of them. */
export function unpivoted(tree: Tree, source: From): Relation {
  const pivot = parts(tree, "pivots")[0] ?? unreadable("UNPIVOT of nothing");
  const entries = parts(pivot, "entries").map((entry) => entryValues(entry));
  const [nameColumn = ""] = texts(pivot, "unpivot_names");
  const taken = new Set(entries.flat().map(key));
  const values = texts(tree, "unpivot_names").map((name, place): NamedColumn => {
    const from = entries.flatMap((entry) => columnNamed(source, entry[place] ?? unreadable("UNPIVOT of uneven rows")));
    return { name, from: computed(union(from)) };
  });
  const kept = knownColumns(source).filter(({ name }) => !taken.has(key(name)));
  // A row is left out where its value is missing.
  const rows = union(source.rows, indirect(union(...values.map(({ from }) => from)), "FILTER"));
  return { columns: [...kept, { name: nameColumn, from: [] }, ...values], rows };
}

/** Rows as columns: the groups, and for each value that is named an aggregate of the rows that have it. */
export function pivoted(tree: Tree, source: From, scope: Scope): Relation {
  const inside = within(scope, { from: source });
  const pivots = parts(tree, "pivots");
  const aggregates = parts(tree, "aggregates");
  const on = all(
    pivots.flatMap((pivot) => parts(pivot, "pivot_expressions")),
    inside,
  );
  const values = all(aggregates, inside);
  const used = new Set([...on, ...values].map((one) => `${one.dataset}\u0000${one.column}`));
  const groups = texts(tree, "groups").map(key);
  const kept = knownColumns(source).filter(({ name, from }) =>
    groups.length > 0 ? groups.includes(key(name)) : !from.some((one) => used.has(`${one.dataset}\u0000${one.column}`)),
  );
  const names = pivots.map((pivot) => parts(pivot, "entries").map(entryName)).reduce(crossed, [""]);
  const made = names.flatMap((name) =>
    aggregates.map((aggregate): NamedColumn => {
      const suffix = aggregates.length > 1 || textOf(aggregate, "alias") !== "" ? `_${textOf(aggregate, "alias")}` : "";
      return { name: `${name}${suffix}`, from: union(all([aggregate], inside), indirect(on, "FILTER")) };
    }),
  );
  const grouped = indirect(union(...kept.map(({ from }) => from)), "GROUP_BY");
  return { columns: [...kept, ...made], rows: union(source.rows, grouped) };
}

function crossed(names: readonly string[], more: readonly string[]): readonly string[] {
  return names.flatMap((name) => more.map((other) => (name === "" ? other : `${name}_${other}`)));
}

function entryName(entry: Tree): string {
  const alias = textOf(entry, "alias");
  return alias === "" ? entryValues(entry).join("_") : alias;
}

function entryValues(entry: Tree): readonly string[] {
  return parts(entry, "values").map(({ value }) => (typeof value === "string" ? value : JSON.stringify(value ?? null)));
}

function knownColumns({ sources, star }: From): readonly NamedColumn[] {
  if (sources.some(({ relation }) => relation.other !== undefined))
    unreadable("PIVOT of a file whose columns are not known");
  return star;
}

function columnNamed(source: From, name: string): readonly Dependence[] {
  const found = knownColumns(source).find((column) => key(column.name) === key(name));
  return found?.from ?? unreadable(`UNPIVOT of ${name}, which is no column`);
}
