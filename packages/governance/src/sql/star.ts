import { union, type Dependence } from "./dependence.ts";
import { key, sourcesNamed, type NamedColumn, type Scope } from "./scope.ts";
import { constantText, isTree, part, parts, textOf, texts, type Tree } from "./tree.ts";
import { unreadable } from "./unreadable.ts";

type Bind = (tree: Tree, scope: Scope) => readonly Dependence[];

/** The columns of `*`, `t.*` and `COLUMNS(…)`, less what EXCLUDE takes, as REPLACE and RENAME make them. */
export function starColumns(tree: Tree, scope: Scope, bind: Bind): readonly NamedColumn[] {
  const excluded = new Set([
    ...texts(tree, "exclude_list").map(key),
    ...[...parts(tree, "exclude_list"), ...parts(tree, "qualified_exclude_list")].map((one) =>
      key(textOf(one, "column")),
    ),
  ]);
  const replaced = pairs(tree, "replace_list");
  const renames = pairs(tree, "rename_list");
  const columns = ofRelation(textOf(tree, "relation_name"), scope)
    .filter(({ name }) => !excluded.has(key(name)))
    .map((column) => {
      const replacement = replaced.get(key(column.name));
      const name = renames.get(key(column.name));
      return {
        name: typeof name === "string" ? name : column.name,
        from: isTree(replacement) ? bind(replacement, { ...scope, column }) : column.from,
      };
    });
  return columns.filter(chosen(part(tree, "expr")));
}

function ofRelation(name: string, { from, outer }: Scope): readonly NamedColumn[] {
  const sources = name === "" ? from.sources : sourcesNamed(from, name);
  if (sources.length === 0) {
    if (name === "" || outer === undefined) unreadable(name === "" ? "* of nothing" : `${name}.* is of no table`);
    return ofRelation(name, outer);
  }
  if (sources.some(({ relation }) => relation.other !== undefined))
    unreadable(`* of a file or function whose columns are not known`);
  return name === "" ? from.star : sources.flatMap(({ relation }) => relation.columns);
}

/** Lists of key and value; the key is a name, or a name with its table's. */
function pairs(tree: Tree, name: string): ReadonlyMap<string, unknown> {
  return new Map(
    parts(tree, name).map(({ key: given, value }) => {
      const text = typeof given === "string" ? given : isTree(given) ? textOf(given, "column") : "";
      return [key(text), value];
    }),
  );
}

/** Which columns `COLUMNS('regex')` and `COLUMNS(['a', 'b'])` mean. */
function chosen(expression: Tree | undefined): (column: NamedColumn) => boolean {
  if (expression === undefined) return () => true;
  const pattern = constantText(expression);
  if (pattern !== undefined) {
    const regex = regexOf(pattern);
    return ({ name }) => regex.test(name);
  }
  const names = parts(expression, "children").map(constantText);
  if (textOf(expression, "function_name") !== "list_value" || names.includes(undefined))
    unreadable("COLUMNS with a function");
  return ({ name }) => names.some((wanted) => key(wanted ?? "") === key(name));
}

function regexOf(pattern: string): RegExp {
  try {
    return new RegExp(pattern);
  } catch {
    return unreadable(`COLUMNS with the pattern ${pattern}`);
  }
}

/** The `COLUMNS(…)` of an expression, which stands for as many expressions; undefined where there is none. */
export function columnsWithin(tree: Tree): Tree | undefined {
  const kind = textOf(tree, "class");
  if (kind === "STAR") return tree;
  if (kind === "SUBQUERY" || textOf(tree, "type") === "OPERATOR_UNPACK") return undefined;
  for (const value of Object.values(tree)) {
    for (const item of Array.isArray(value) ? value : [value]) {
      const found = isTree(item) ? columnsWithin(item) : undefined;
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

/** Everything that a star names, as one. */
export function allOf(columns: readonly NamedColumn[]): readonly Dependence[] {
  return union(...columns.map(({ from }) => from));
}
