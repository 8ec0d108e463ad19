import { isAggregate } from "./aggregates.ts";
import { computed, indirect, union, type Dependence } from "./dependence.ts";
import { key, lookUp, ofSubquery, rowsOf, type Scope } from "./scope.ts";
import { allOf, starColumns } from "./star.ts";
import { isTree, needed, optional, part, parts, textOf, texts, type Tree } from "./tree.ts";
import { Unreadable, unreadable } from "./unreadable.ts";

/** What an expression's value depends on. Throws `Unreadable` for what it does not know. */
export function bind(tree: Tree, scope: Scope): readonly Dependence[] {
  switch (textOf(tree, "class")) {
    case "COLUMN_REF":
      return lookUp(texts(tree, "column_names"), scope);
    case "CONSTANT":
    case "PARAMETER":
      return [];
    case "CAST":
    case "COLLATE":
      return computed(bind(needed(tree, "child"), scope));
    case "COMPARISON":
      return computed(union(bind(needed(tree, "left"), scope), bind(needed(tree, "right"), scope)));
    case "BETWEEN":
      return computed(union(...["input", "lower", "upper"].map((name) => bind(needed(tree, name), scope))));
    case "CONJUNCTION":
      return computed(all(parts(tree, "children"), scope));
    case "OPERATOR":
      return computed(all(parts(tree, "children"), isUnpacked(tree) ? { ...scope, column: undefined } : scope));
    case "FUNCTION":
      return ofFunction(tree, scope);
    case "CASE":
      return ofCase(tree, scope);
    case "WINDOW":
      return ofWindow(tree, scope);
    case "LAMBDA":
      return ofLambda(tree, scope);
    case "SUBQUERY":
      return ofNested(tree, scope);
    case "STAR":
      return scope.column?.from ?? allOf(starColumns(tree, scope, bind));
    default:
      return unreadable(`an expression of the kind ${textOf(tree, "class") || "?"}`);
  }
}

/** `*COLUMNS(…)` stands for all its columns at one place. */
function isUnpacked(tree: Tree): boolean {
  return textOf(tree, "type") === "OPERATOR_UNPACK";
}

export function all(trees: readonly Tree[], scope: Scope): readonly Dependence[] {
  return union(...trees.map((tree) => bind(tree, scope)));
}

/** The expressions of an ORDER BY. */
export function ordered(modifier: Tree | undefined): readonly Tree[] {
  return modifier === undefined ? [] : parts(modifier, "orders").map((order) => needed(order, "expression"));
}

function ofFunction(tree: Tree, scope: Scope): readonly Dependence[] {
  const children = parts(tree, "children");
  if (children.some(isPlainStar)) unreadable("* as an operand");
  const counts = textOf(tree, "function_name") === "count_star";
  const values = counts ? rowsOf(scope) : arguments_(children, scope);
  const filter = part(tree, "filter");
  return union(
    computed(values, isAggregate(tree) ? "AGGREGATION" : "TRANSFORMATION"),
    indirect(filter === undefined ? [] : bind(filter, scope), "FILTER"),
    indirect(all(ordered(part(tree, "order_bys")), scope), "SORT"),
  );
}

/** A lambda's parameters are what the function works on. */
function arguments_(children: readonly Tree[], scope: Scope): readonly Dependence[] {
  const isLambda = (child: Tree) => textOf(child, "class") === "LAMBDA";
  const values = all(
    children.filter((child) => !isLambda(child)),
    scope,
  );
  return union(values, ...children.filter(isLambda).map((lambda) => ofLambda(lambda, scope, values)));
}

function isPlainStar(tree: Tree): boolean {
  return textOf(tree, "class") === "STAR" && tree["columns"] !== true;
}

/** `x -> …` is a lambda where its right side speaks of `x`; else it takes something out of the JSON at its left. */
function ofLambda(tree: Tree, scope: Scope, values: readonly Dependence[] = []): readonly Dependence[] {
  const left = needed(tree, "lhs");
  const right = needed(tree, "expr");
  const names = parameterNames(left);
  const isUsed = names.some((name) => speaksOf(right, name));
  if (names.length === 0 || (!isUsed && !isUnknown(left, scope)))
    return computed(union(bind(left, scope), bind(right, scope)));
  const parameters = new Map([...scope.parameters, ...names.map((name) => [name, values] as const)]);
  return computed(bind(right, { ...scope, parameters }));
}

/** `x` or `(x, i)`; none of anything else. */
function parameterNames(left: Tree): readonly string[] {
  const isRow = textOf(left, "function_name") === "row";
  const named = isRow ? parts(left, "children") : [left];
  return named.flatMap((one) =>
    textOf(one, "class") === "COLUMN_REF" ? [key(texts(one, "column_names")[0] ?? "")] : [],
  );
}

function speaksOf(tree: Tree, name: string): boolean {
  if (textOf(tree, "class") === "COLUMN_REF") return key(texts(tree, "column_names")[0] ?? "") === name;
  return Object.values(tree).some((value) =>
    Array.isArray(value)
      ? value.some((item) => isTree(item) && speaksOf(item, name))
      : isTree(value) && speaksOf(value, name),
  );
}

function isUnknown(tree: Tree, scope: Scope): boolean {
  try {
    bind(tree, scope);
    return false;
  } catch (error) {
    if (error instanceof Unreadable) return true;
    throw error;
  }
}

function ofCase(tree: Tree, scope: Scope): readonly Dependence[] {
  const checks = parts(tree, "case_checks");
  const otherwise = part(tree, "else_expr");
  const values = [
    ...checks.map((check) => needed(check, "then_expr")),
    ...(otherwise === undefined ? [] : [otherwise]),
  ];
  const conditions = checks.map((check) => needed(check, "when_expr"));
  return union(computed(all(values, scope)), indirect(all(conditions, scope), "CONDITIONAL"));
}

function ofWindow(tree: Tree, scope: Scope): readonly Dependence[] {
  const children = parts(tree, "children");
  const fallback = part(tree, "default_expr");
  const filter = part(tree, "filter_expr");
  const frame = optional(tree, ["start_expr", "end_expr", "offset_expr"]);
  const orders = [...parts(tree, "orders"), ...parts(tree, "arg_orders")].map((order) => needed(order, "expression"));
  const seen = all([...parts(tree, "partitions"), ...orders, ...frame], scope);
  const isSum = textOf(tree, "type") === "WINDOW_AGGREGATE";
  const counted = isSum && children.length === 0 ? rowsOf(scope) : [];
  return union(
    computed(union(all(children, scope), counted), isSum ? "AGGREGATION" : "TRANSFORMATION"),
    fallback === undefined ? [] : computed(bind(fallback, scope)),
    indirect(filter === undefined ? [] : bind(filter, scope), "FILTER"),
    indirect(seen, "WINDOW"),
    // Which row it is, and how many there are, changes with the rows.
    children.length === 0 && !isSum ? indirect(rowsOf(scope), "WINDOW") : [],
  );
}

function ofNested(tree: Tree, scope: Scope): readonly Dependence[] {
  const node = needed(needed(tree, "subquery"), "node");
  const relation = scope.world.query(node, scope);
  const child = part(tree, "child");
  const value = textOf(tree, "subquery_type").includes("EXISTS")
    ? indirect(relation.rows, "FILTER")
    : ofSubquery(relation);
  return union(value, child === undefined ? [] : computed(bind(child, scope)));
}
