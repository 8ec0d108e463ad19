import { Expressions } from "./expressions.ts";
import type { Expression, MacroNode, Node, Parameter } from "./nodes.ts";
import { Scope } from "./scope.ts";
import { ReturnSignal } from "./signals.ts";
import type { Position } from "./template-error.ts";
import { Trace } from "./trace.ts";
import {
  equals,
  isMap,
  isObject,
  isTrue,
  toText,
  tuple,
  type JinjaFunction,
  type JinjaMap,
  type JinjaValue,
} from "./values.ts";

/** One rendering: what each statement of a template writes. */
export class Renderer {
  readonly #trace = new Trace();
  readonly #expressions = new Expressions(this.#trace);

  render(nodes: readonly Node[], scope: Scope): string {
    let output = "";
    for (const node of nodes) output += this.#node(node, scope);
    return output;
  }

  /** Makes the macros of a template callable in a scope. */
  define(nodes: readonly Node[], scope: Scope): void {
    for (const node of nodes) if (node.kind === "macro") scope.set(node.name, this.macro(node, scope));
  }

  macro(node: MacroNode, scope: Scope): JinjaFunction {
    return (args, named) =>
      this.#trace.inMacro(node, () => {
        this.#refuseMore(node, args, named);
        const inner = this.#bind(node.parameters, { args, named, scope, position: node.position });
        return returned(() => this.render(node.body, inner));
      });
  }

  #refuseMore(
    { name, parameters, takesMore, position }: MacroNode,
    args: readonly JinjaValue[],
    named: ReadonlyMap<string, JinjaValue>,
  ): void {
    const known = new Set(["caller", ...parameters.map((parameter) => parameter.name)]);
    const unknown = takesMore.named ? undefined : [...named.keys()].find((key) => !known.has(key));
    if (unknown !== undefined)
      throw this.#trace.error(`macro 'dbt_macro__${name}' takes no keyword argument '${unknown}'`, position);
    if (!takesMore.positional && args.length > parameters.length)
      throw this.#trace.error(
        `macro 'dbt_macro__${name}' takes not more than ${parameters.length} argument(s)`,
        position,
      );
  }

  #bind(
    parameters: readonly Parameter[],
    given: {
      readonly args: readonly JinjaValue[];
      readonly named: ReadonlyMap<string, JinjaValue>;
      readonly scope: Scope;
      readonly position: Position;
    },
  ): Scope {
    const inner = new Scope(given.scope);
    const known = new Set(parameters.map(({ name }) => name));
    parameters.forEach(({ name, fallback }, index) => {
      const isGiven = given.named.has(name) || index < given.args.length;
      const value = given.named.has(name) ? given.named.get(name) : given.args[index];
      inner.set(name, !isGiven && fallback !== undefined ? this.#expressions.value(fallback, inner) : value);
    });
    if (given.named.has("caller")) inner.set("caller", given.named.get("caller"));
    inner.set("varargs", tuple(...given.args.slice(parameters.length)));
    inner.set("kwargs", new Map([...given.named].filter(([name]) => !known.has(name) && name !== "caller")));
    return inner;
  }

  #node(node: Node, scope: Scope): string {
    this.#trace.step(node.position);
    switch (node.kind) {
      case "text":
        return node.text;
      case "print":
        return toText(this.#expressions.value(node.value, scope));
      case "do":
        this.#expressions.value(node.value, scope);
        return "";
      case "set":
        this.#assign(node, scope);
        return "";
      case "setBlock":
        scope.set(node.target, this.#blockText(node, scope));
        return "";
      case "if":
        return this.#if(node, scope);
      case "for":
        return this.#for(node, scope);
      case "macro":
      case "definition":
        // A file's macros are known before it is rendered; one in the middle of a model is nobody's.
        return "";
      case "callBlock":
        return this.#callBlock(node, scope);
      case "filterBlock":
        return toText(
          this.#expressions.filter(node.name, {
            input: this.render(node.body, new Scope(scope)),
            args: node.args,
            scope,
            position: node.position,
          }),
        );
    }
  }

  #blockText(node: Extract<Node, { kind: "setBlock" }>, scope: Scope): JinjaValue {
    const text = this.render(node.body, new Scope(scope));
    return node.filters.reduce<JinjaValue>(
      (input, { name, args }) => this.#expressions.filter(name, { input, args, scope, position: node.position }),
      text,
    );
  }

  #assign(node: Extract<Node, { kind: "set" }>, scope: Scope): void {
    const value = this.#expressions.value(node.value, scope);
    const [first = ""] = node.targets;
    if (node.member !== undefined) {
      const target = scope.get(first);
      if (!isMap(target)) throw this.#trace.error(`${first} is no namespace`, node.position);
      target.set(node.member, value);
    } else if (node.targets.length === 1) scope.set(first, value);
    else this.#unpack(node.targets, { value, scope, position: node.position });
  }

  #unpack(
    targets: readonly string[],
    { value, scope, position }: { readonly value: JinjaValue; readonly scope: Scope; readonly position: Position },
  ): void {
    if (!Array.isArray(value) || value.length !== targets.length)
      throw this.#trace.error(`${targets.length} values are needed for ${targets.join(", ")}`, position);
    targets.forEach((target, index) => scope.set(target, value[index]));
  }

  #if(node: Extract<Node, { kind: "if" }>, scope: Scope): string {
    const branch = node.branches.find(({ condition }) => isTrue(this.#expressions.value(condition, scope)));
    return this.render(branch?.body ?? node.otherwise, scope);
  }

  #for(node: Extract<Node, { kind: "for" }>, scope: Scope): string {
    const all = this.#iterate(this.#expressions.value(node.items, scope), node.position);
    const bind = (item: JinjaValue): Scope => {
      const inner = new Scope(scope);
      const [first = ""] = node.targets;
      if (node.targets.length === 1) inner.set(first, item);
      else this.#unpack(node.targets, { value: item, scope: inner, position: node.position });
      return inner;
    };
    const { condition } = node;
    const items =
      condition === undefined ? all : all.filter((item) => isTrue(this.#expressions.value(condition, bind(item))));
    if (items.length === 0) return this.render(node.otherwise, scope);
    let output = "";
    items.forEach((item, index) => {
      const inner = bind(item);
      inner.set("loop", loopOf(items, index));
      output += this.render(node.body, inner);
    });
    return output;
  }

  #callBlock(node: Extract<Node, { kind: "callBlock" }>, scope: Scope): string {
    const caller: JinjaFunction = (args, named) =>
      this.render(node.body, this.#bind(node.parameters, { args, named, scope, position: node.position }));
    if (node.call.kind !== "call") throw this.#trace.error("`call` needs a macro's call", node.position);
    return toText(this.#expressions.call(node.call, scope, caller));
  }

  evaluate(expression: Expression, scope: Scope): JinjaValue {
    return this.#expressions.value(expression, scope);
  }

  #iterate(value: JinjaValue, position: Position): readonly JinjaValue[] {
    if (value === undefined || value === null) return [];
    if (Array.isArray(value)) return value;
    if (isMap(value)) return [...value.keys()];
    if (typeof value === "string") return Array.from(value);
    if (isObject(value) && value.items !== undefined) return value.items;
    throw this.#trace.error("this cannot be looped over", position);
  }
}

/** What a macro answers: the text it writes, or what it returns on the way. */
function returned(write: () => string): JinjaValue {
  try {
    return write();
  } catch (signal) {
    if (signal instanceof ReturnSignal) return signal.value;
    throw signal;
  }
}

function loopOf(items: readonly JinjaValue[], index: number): JinjaMap {
  return new Map<string, JinjaValue>([
    ["index", index + 1],
    ["index0", index],
    ["revindex", items.length - index],
    ["revindex0", items.length - index - 1],
    ["first", index === 0],
    ["last", index === items.length - 1],
    ["length", items.length],
    ["previtem", index === 0 ? undefined : items[index - 1]],
    ["nextitem", items[index + 1]],
    ["depth", 1],
    ["depth0", 0],
    ["cycle", (values) => values[index % Math.max(1, values.length)]],
    ["changed", ([value]) => index === 0 || !equals(value, items[index - 1])],
  ]);
}
