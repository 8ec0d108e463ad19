import { unreadable } from "./unreadable.ts";

/** A node of the tree that the SQL engine makes of a statement. What it does not say is absent, null or empty. */
export type Tree = Readonly<Record<string, unknown>>;

export function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The part of this name, if the node has it. */
export function part(tree: Tree, name: string): Tree | undefined {
  const value = tree[name];
  return isTree(value) && Object.keys(value).length > 0 ? value : undefined;
}

/** The part of this name, without which the node makes no sense. */
export function needed(tree: Tree, name: string): Tree {
  return part(tree, name) ?? unreadable(`a ${textOf(tree, "type")} without its ${name}`);
}

/** Those of these parts that the node has. */
export function optional(tree: Tree, names: readonly string[]): readonly Tree[] {
  return names.map((name) => part(tree, name)).filter((found) => found !== undefined);
}

export function parts(tree: Tree, name: string): readonly Tree[] {
  const value = tree[name];
  return Array.isArray(value) ? value.filter(isTree) : [];
}

export function textOf(tree: Tree, name: string): string {
  const value = tree[name];
  return typeof value === "string" ? value : "";
}

export function texts(tree: Tree, name: string): readonly string[] {
  const value = tree[name];
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

/** The text of a constant of type text. */
export function constantText(tree: Tree | undefined): string | undefined {
  if (tree === undefined || textOf(tree, "class") !== "CONSTANT") return undefined;
  const value = part(tree, "value")?.["value"];
  return typeof value === "string" ? value : undefined;
}

/** The number of a whole constant: in `order by 2` it counts the columns from 1. */
export function constantPosition(tree: Tree): number | undefined {
  if (textOf(tree, "class") !== "CONSTANT") return undefined;
  const value = part(tree, "value")?.["value"];
  return Number.isInteger(value) ? Number(value) : undefined;
}
