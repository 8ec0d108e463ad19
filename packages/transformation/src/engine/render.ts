import { Renderer } from "../jinja/renderer.ts";
import { Scope } from "../jinja/scope.ts";
import { ReturnSignal } from "../jinja/signals.ts";
import { globalFunctions } from "../jinja/globals.ts";
import type { Node } from "../jinja/nodes.ts";
import { parseTemplate } from "../jinja/parser.ts";
import type { JinjaFunction, JinjaMap, JinjaValue } from "../jinja/values.ts";
import type { Macro } from "./macros.ts";
import { INTERNAL } from "./macros.ts";
import type { World } from "./world.ts";

export interface Rendering {
  readonly world: World;
  /** Whose macros come first. */
  readonly package: string;
  /** What the template is given beside the macros. */
  readonly names: ReadonlyMap<string, JinjaValue>;
  /** Macros that a unit test puts a value in place of. */
  readonly overrides?: ReadonlyMap<string, JinjaFunction>;
  /** Told of each macro as it is looked up. */
  readonly usesMacro?: (id: string) => void;
}

/** The names of one rendering: what it was given, macros of its package, of the root and of the house, packages by name. */
class TemplateNames {
  readonly #rendering: Rendering;
  readonly #renderer: Renderer;
  readonly #known = new Map<string, JinjaValue>();
  readonly scope: Scope;

  constructor(rendering: Rendering, renderer: Renderer) {
    this.#rendering = rendering;
    this.#renderer = renderer;
    this.scope = new Scope(this);
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  get(name: string): JinjaValue {
    if (this.#known.has(name)) return this.#known.get(name);
    const value = this.#find(name);
    this.#known.set(name, value);
    return value;
  }

  /** The macro of a package, or of any by the order in which this template looks. */
  macro(name: string, packageName?: string): JinjaFunction | undefined {
    const { world, package: own } = this.#rendering;
    const found = packageName === undefined ? world.macros.find(name, own) : world.macros.in(packageName, name);
    return found === undefined ? undefined : this.#bound(found);
  }

  #find(name: string): JinjaValue {
    const { names, overrides, world } = this.#rendering;
    const override = overrides?.get(name);
    if (override !== undefined) return override;
    const macro = this.macro(name);
    if (macro !== undefined) return macro;
    if (names.has(name)) return names.get(name);
    return name === INTERNAL || world.macros.packages.has(name) ? this.#namespace(name) : GLOBALS.get(name);
  }

  #bound(macro: Macro): JinjaFunction {
    this.#rendering.usesMacro?.(`macro.${macro.package}.${macro.name}`);
    return (
      this.#rendering.overrides?.get(`${macro.package}.${macro.name}`) ?? this.#renderer.macro(macro.node, this.scope)
    );
  }

  #namespace(packageName: string): JinjaMap {
    const members = this.#rendering.world.macros.packages.get(packageName) ?? new Map<string, Macro>();
    return new LazyMacros([...members.keys()], (name) => this.macro(name, packageName));
  }
}

/** A package's macros: each is bound when it is asked for. */
class LazyMacros extends Map<string, JinjaValue> {
  readonly #bind: (name: string) => JinjaValue;

  constructor(names: readonly string[], bind: (name: string) => JinjaValue) {
    super();
    this.#bind = bind;
    for (const name of names) super.set(name, null);
  }

  override get(name: string): JinjaValue {
    return super.has(name) ? this.#bind(name) : undefined;
  }
}

const GLOBALS = globalFunctions();

/** What a macro of a rendering is looked up by: `adapter.dispatch` and operations need it. */
export type MacroLookup = (name: string, packageName?: string) => JinjaFunction | undefined;

/** Renders a template's text. `names` may need the macros, so they are made of the lookup. */
export function renderText(
  template: { readonly text: string; readonly path: string },
  rendering: Omit<Rendering, "names"> & { readonly names: (macro: MacroLookup) => ReadonlyMap<string, JinjaValue> },
): string {
  return renderNodes(parsed(template), rendering);
}

function renderNodes(
  nodes: readonly Node[],
  rendering: Omit<Rendering, "names"> & { readonly names: (macro: MacroLookup) => ReadonlyMap<string, JinjaValue> },
): string {
  const { renderer, scope } = prepared(rendering);
  try {
    return renderer.render(nodes, new Scope(scope));
  } catch (signal) {
    if (signal instanceof ReturnSignal) return "";
    throw signal;
  }
}

/** The value of one expression in a rendering's names; a text with more than one tag stays a text. */
export function renderValue(
  text: string,
  rendering: Omit<Rendering, "names"> & { readonly names: (macro: MacroLookup) => ReadonlyMap<string, JinjaValue> },
  path: string,
): JinjaValue {
  if (!text.includes("{{") && !text.includes("{%")) return text;
  const nodes = parsed({ text, path });
  const [only] = nodes;
  const { renderer, scope } = prepared(rendering);
  if (nodes.length === 1 && only?.kind === "print") return renderer.evaluate(only.value, new Scope(scope));
  return renderer.render(nodes, new Scope(scope));
}

/** Calls one macro with arguments. */
export function callMacro(
  macro: { readonly name: string; readonly package?: string },
  call: { readonly args: readonly JinjaValue[]; readonly named: ReadonlyMap<string, JinjaValue> },
  rendering: Omit<Rendering, "names"> & { readonly names: (macro: MacroLookup) => ReadonlyMap<string, JinjaValue> },
): JinjaValue {
  const { lookup } = prepared(rendering);
  const found = lookup(macro.name, macro.package);
  return found === undefined ? undefined : found(call.args, call.named);
}

function prepared(
  rendering: Omit<Rendering, "names"> & { readonly names: (macro: MacroLookup) => ReadonlyMap<string, JinjaValue> },
): { renderer: Renderer; scope: Scope; lookup: MacroLookup } {
  const renderer = new Renderer();
  const names = new Map<string, JinjaValue>();
  const found = new TemplateNames({ ...rendering, names }, renderer);
  const lookup: MacroLookup = (name, packageName) => found.macro(name, packageName);
  for (const [name, value] of rendering.names(lookup)) names.set(name, value);
  return { renderer, scope: found.scope, lookup };
}

const TEMPLATES_MAX = 5_000;
const templates = new Map<string, readonly Node[]>();

/** Parsed once: a template is rendered twice and more. */
function parsed({ text, path }: { readonly text: string; readonly path: string }): readonly Node[] {
  const key = `${path}\0${text}`;
  const known = templates.get(key);
  if (known !== undefined) return known;
  const nodes = parseTemplate(text, path);
  if (templates.size >= TEMPLATES_MAX) templates.clear();
  templates.set(key, nodes);
  return nodes;
}
