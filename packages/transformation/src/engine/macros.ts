import type { DefinitionNode, MacroNode, Node } from "../jinja/nodes.ts";
import { parseTemplate } from "../jinja/parser.ts";
import { INTERNAL_MACROS } from "./internal-macros.ts";
import type { Package } from "./project-files.ts";

/** One macro, as it was parsed. */
export interface Macro {
  readonly name: string;
  readonly package: string;
  readonly path: string;
  readonly node: MacroNode;
  /** The text of the file's part that defines it. */
  readonly text: string;
}

/** The package of what is built in. */
export const INTERNAL = "dbt";

/** All macros of a project and its packages, by package and name. */
export interface Macros {
  readonly packages: ReadonlyMap<string, ReadonlyMap<string, Macro>>;
  /** By the order in which a template of a package looks: its own, the root's, the built-in ones. */
  find(name: string, from: string): Macro | undefined;
  in(packageName: string, name: string): Macro | undefined;
}

export function collectMacros(packages: readonly Package[], root: string): Macros {
  const all = new Map<string, Map<string, Macro>>();
  const add = (owner: string, path: string, text: string) => {
    const own = all.get(owner) ?? new Map<string, Macro>();
    all.set(owner, own);
    for (const macro of macrosOf(text, { owner, path })) own.set(macro.name, macro);
  };
  add(INTERNAL, "internal", INTERNAL_MACROS);
  for (const { name, macros, tests } of packages) {
    for (const { path, text } of macros) add(name, path, text);
    for (const { path, text } of tests) if (isGenericTestFile(path)) add(name, path, text);
  }
  const inPackage = (owner: string, name: string) => all.get(owner)?.get(name);
  return {
    packages: all,
    in: inPackage,
    find: (name, from) => inPackage(from, name) ?? inPackage(root, name) ?? inPackage(INTERNAL, name),
  };
}

/** `tests/generic/…` holds macros; every other file of `tests` is a test. */
function isGenericTestFile(path: string): boolean {
  return path.split("/")[1] === "generic";
}

function macrosOf(text: string, { owner, path }: { readonly owner: string; readonly path: string }): readonly Macro[] {
  const nodes = parseTemplate(text, path);
  const starts = macroStarts(nodes);
  const lines = text.split("\n");
  return starts.map((node, index) => ({
    name: node.name,
    package: owner,
    path,
    node,
    text: lines.slice(node.position.line - 1, (starts[index + 1]?.position.line ?? lines.length + 1) - 1).join("\n"),
  }));
}

function macroStarts(nodes: readonly Node[]): readonly MacroNode[] {
  return nodes.flatMap((node) => {
    if (node.kind === "macro") return [node];
    return node.kind === "definition" && node.word === "materialization" ? [asMacro(node)] : [];
  });
}

/** A materialization is called like a macro, by a name that says what it is and for which database. */
function asMacro({ name, adapter, body, position }: DefinitionNode): MacroNode {
  const takesMore = { positional: false, named: false };
  return { kind: "macro", name: `materialization_${name}_${adapter}`, parameters: [], body, position, takesMore };
}

/** The macro of a project's own materialization: the one for this database before the one for all. */
export function materializationMacro(macros: Macros, name: string, from: string): Macro | undefined {
  return macros.find(`materialization_${name}_duckdb`, from) ?? macros.find(`materialization_${name}_default`, from);
}
