import { FILTERS, TESTS } from "./builtins.ts";
import { compare, contains, listOf } from "./collections.ts";
import { formatPercent, methodOf } from "./methods.ts";
import type { Argument, Expression, MacroNode, Node, Parameter } from "./nodes.ts";
import { templateError, type Position } from "./template-error.ts";
import {
  equals,
  float,
  isMap,
  isObject,
  isTrue,
  numberOf,
  toNumber,
  toText,
  tuple,
  type JinjaFunction,
  type JinjaMap,
  type JinjaValue,
} from "./values.ts";

const MAX_STEPS = 5_000_000;
const MAX_MACRO_DEPTH = 100;

/** What an outermost scope is asked for a name that nothing has set. */
interface Names {
  get(name: string): JinjaValue;
  has(name: string): boolean;
}

/** Names and what they mean, inner before outer. */
export class Scope {
  readonly #names = new Map<string, JinjaValue>();
  readonly #outer: Names | undefined;

  constructor(outer?: Names) {
    this.#outer = outer;
  }

  get(name: string): JinjaValue {
    if (this.#names.has(name)) return this.#names.get(name);
    return this.#outer?.get(name);
  }

  has(name: string): boolean {
    return this.#names.has(name) || (this.#outer?.has(name) ?? false);
  }

  set(name: string, value: JinjaValue): void {
    this.#names.set(name, value);
  }
}

/** What a macro answered with `return(...)`, on its way up. */
export class ReturnSignal {
  readonly value: JinjaValue;

  constructor(value: JinjaValue) {
    this.value = value;
  }
}

/** One rendering: counts its steps, so that no template runs for ever, and knows the macros that called each other. */
export class Renderer {
  #steps = 0;
  readonly #stack: string[] = [];

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
    return (args, named) => {
      if (this.#stack.length >= MAX_MACRO_DEPTH)
        throw this.#error(`the macro ${node.name} calls itself without end`, node.position);
      this.#stack.push(`macro ${node.name} at ${node.position.file}:${node.position.line}`);
      try {
        this.#refuseMore(node, args, named);
        const inner = this.#bind(node.parameters, { args, named, scope, position: node.position });
        return this.render(node.body, inner);
      } catch (signal) {
        if (signal instanceof ReturnSignal) return signal.value;
        throw signal;
      } finally {
        this.#stack.pop();
      }
    };
  }

  #refuseMore(
    { name, parameters, takesMore, position }: MacroNode,
    args: readonly JinjaValue[],
    named: ReadonlyMap<string, JinjaValue>,
  ): void {
    const known = new Set(["caller", ...parameters.map((parameter) => parameter.name)]);
    const unknown = takesMore.named ? undefined : [...named.keys()].find((key) => !known.has(key));
    if (unknown !== undefined)
      throw this.#error(`macro 'dbt_macro__${name}' takes no keyword argument '${unknown}'`, position);
    if (!takesMore.positional && args.length > parameters.length)
      throw this.#error(`macro 'dbt_macro__${name}' takes not more than ${parameters.length} argument(s)`, position);
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
      inner.set(name, !isGiven && fallback !== undefined ? this.evaluate(fallback, inner) : value);
    });
    if (given.named.has("caller")) inner.set("caller", given.named.get("caller"));
    inner.set("varargs", tuple(...given.args.slice(parameters.length)));
    inner.set("kwargs", new Map([...given.named].filter(([name]) => !known.has(name) && name !== "caller")));
    return inner;
  }

  #node(node: Node, scope: Scope): string {
    this.#count(node.position);
    switch (node.kind) {
      case "text":
        return node.text;
      case "print":
        return toText(this.evaluate(node.value, scope));
      case "do":
        this.evaluate(node.value, scope);
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
          this.#filter(node.name, {
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
      (input, { name, args }) => this.#filter(name, { input, args, scope, position: node.position }),
      text,
    );
  }

  #assign(node: Extract<Node, { kind: "set" }>, scope: Scope): void {
    const value = this.evaluate(node.value, scope);
    const [first = ""] = node.targets;
    if (node.member !== undefined) {
      const target = scope.get(first);
      if (!isMap(target)) throw this.#error(`${first} is no namespace`, node.position);
      target.set(node.member, value);
    } else if (node.targets.length === 1) scope.set(first, value);
    else this.#unpack(node.targets, { value, scope, position: node.position });
  }

  #unpack(
    targets: readonly string[],
    { value, scope, position }: { readonly value: JinjaValue; readonly scope: Scope; readonly position: Position },
  ): void {
    if (!Array.isArray(value) || value.length !== targets.length)
      throw this.#error(`${targets.length} values are needed for ${targets.join(", ")}`, position);
    targets.forEach((target, index) => scope.set(target, value[index]));
  }

  #if(node: Extract<Node, { kind: "if" }>, scope: Scope): string {
    const branch = node.branches.find(({ condition }) => isTrue(this.evaluate(condition, scope)));
    return this.render(branch?.body ?? node.otherwise, scope);
  }

  #for(node: Extract<Node, { kind: "for" }>, scope: Scope): string {
    const all = this.#iterate(this.evaluate(node.items, scope), node.position);
    const bind = (item: JinjaValue): Scope => {
      const inner = new Scope(scope);
      const [first = ""] = node.targets;
      if (node.targets.length === 1) inner.set(first, item);
      else this.#unpack(node.targets, { value: item, scope: inner, position: node.position });
      return inner;
    };
    const { condition } = node;
    const items = condition === undefined ? all : all.filter((item) => isTrue(this.evaluate(condition, bind(item))));
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
    if (node.call.kind !== "call") throw this.#error("`call` needs a macro's call", node.position);
    return toText(this.#call(node.call, scope, caller));
  }

  evaluate(expression: Expression, scope: Scope): JinjaValue {
    this.#count(expression.position);
    switch (expression.kind) {
      case "literal":
        return expression.isFloat ? float(Number(expression.value)) : expression.value;
      case "name":
        return scope.get(expression.name);
      case "list": {
        const items = expression.items.map((item) => this.evaluate(item, scope));
        return expression.isTuple ? tuple(...items) : items;
      }
      case "map":
        return new Map(
          expression.entries.map(([key, value]) => [toText(this.evaluate(key, scope)), this.evaluate(value, scope)]),
        );
      case "member":
        return this.#member({ value: this.evaluate(expression.object, scope), from: expression.object }, expression);
      case "index":
        return this.#index(this.evaluate(expression.object, scope), this.evaluate(expression.index, scope));
      case "slice":
        return this.#slice(expression, scope);
      case "call":
        return this.#call(expression, scope);
      case "filter":
        return this.#filter(expression.name, {
          input: this.evaluate(expression.input, scope),
          args: expression.args,
          scope,
          position: expression.position,
        });
      case "test":
        return this.#test(expression, scope);
      case "unary":
        return this.#unary(expression, scope);
      case "binary":
        return this.#binary(expression, scope);
      case "choice":
        return isTrue(this.evaluate(expression.condition, scope))
          ? this.evaluate(expression.yes, scope)
          : expression.no === undefined
            ? undefined
            : this.evaluate(expression.no, scope);
    }
  }

  #member(
    object: { readonly value: JinjaValue; readonly from: Expression },
    { name, position }: Extract<Expression, { kind: "member" }>,
  ): JinjaValue {
    if (isMap(object.value) && object.value.has(name)) return object.value.get(name);
    if (isObject(object.value)) return object.value.get(name);
    if (typeof object.value === "function") return memberOfClass(object.value, name);
    const method = methodOf(object.value, name);
    if (method !== undefined) return method;
    if (object.value === undefined)
      throw this.#error(`'${describe(object.from)}' is undefined, so it has no ${name}`, position);
    return undefined;
  }

  #index(object: JinjaValue, index: JinjaValue): JinjaValue {
    if (isMap(object)) return object.get(toText(index));
    if (isObject(object)) return typeof index === "number" ? object.items?.at(index) : object.get(toText(index));
    if (typeof index !== "number") return typeof index === "string" ? methodOf(object, index) : undefined;
    if (Array.isArray(object)) return object.at(index);
    return typeof object === "string" ? object.at(index) : undefined;
  }

  #slice({ object, from, to, step }: Extract<Expression, { kind: "slice" }>, scope: Scope): JinjaValue {
    const value = this.evaluate(object, scope);
    const bound = (at: Expression | undefined): number | undefined => {
      const found = at === undefined ? null : this.evaluate(at, scope);
      return found === null || found === undefined ? undefined : toNumber(found);
    };
    const range = { from: bound(from), to: bound(to), step: bound(step) ?? 1 };
    if (typeof value === "string") return sliced(Array.from(value), range).join("");
    return Array.isArray(value) || isObject(value) ? [...sliced(listOf(value), range)] : undefined;
  }

  #call(
    { callee, args, position }: Extract<Expression, { kind: "call" }>,
    scope: Scope,
    caller?: JinjaFunction,
  ): JinjaValue {
    const target = this.evaluate(callee, scope);
    if (typeof target !== "function")
      throw this.#error(
        target === undefined
          ? `'${describe(callee)}' is undefined. This can happen when calling a macro that does not exist. Check for typos and/or install package dependencies with "dbt deps".`
          : `'${describe(callee)}' is ${describeValue(target)}, not a macro or function`,
        position,
      );
    const { positional, named } = this.#arguments(args, scope);
    try {
      return target(positional, caller === undefined ? named : new Map([...named, ["caller", caller]]));
    } catch (error) {
      if (error instanceof CallRefusal) throw this.#error(error.message, position);
      throw error;
    }
  }

  #arguments(
    args: readonly Argument[],
    scope: Scope,
  ): { positional: readonly JinjaValue[]; named: ReadonlyMap<string, JinjaValue> } {
    const positional: JinjaValue[] = [];
    const named = new Map<string, JinjaValue>();
    for (const { name, value } of args) {
      const given = this.evaluate(value, scope);
      if (name === "*") positional.push(...listOf(given));
      else if (name === "**") for (const [key, inner] of isMap(given) ? given : []) named.set(key, inner);
      else if (name === undefined) positional.push(given);
      else named.set(name, given);
    }
    return { positional, named };
  }

  #filter(
    name: string,
    {
      input,
      args,
      scope,
      position,
    }: {
      readonly input: JinjaValue;
      readonly args: readonly Argument[];
      readonly scope: Scope;
      readonly position: Position;
    },
  ): JinjaValue {
    const filter = FILTERS.get(name);
    if (filter === undefined) throw this.#error(`there is no filter \`${name}\``, position);
    const { positional, named } = this.#arguments(args, scope);
    return filter([input, ...positional], named);
  }

  #test(expression: Extract<Expression, { kind: "test" }>, scope: Scope): JinjaValue {
    const test = TESTS.get(expression.name);
    if (test === undefined) throw this.#error(`there is no test \`${expression.name}\``, expression.position);
    const args = expression.args.map((arg) => this.evaluate(arg, scope));
    return test(this.evaluate(expression.input, scope), args) !== expression.negated;
  }

  #unary({ operator, operand }: Extract<Expression, { kind: "unary" }>, scope: Scope): JinjaValue {
    const value = this.evaluate(operand, scope);
    if (operator === "not") return !isTrue(value);
    const number = toNumber(value);
    const signed = operator === "-" ? -number : number;
    return isObject(value) ? float(signed) : signed;
  }

  #binary({ operator, left, right, position }: Extract<Expression, { kind: "binary" }>, scope: Scope): JinjaValue {
    const a = this.evaluate(left, scope);
    if (operator === "and") return isTrue(a) ? this.evaluate(right, scope) : a;
    if (operator === "or") return isTrue(a) ? a : this.evaluate(right, scope);
    const b = this.evaluate(right, scope);
    if (operator === "~") return toText(a) + toText(b);
    if (operator === "==") return equals(a, b);
    if (operator === "!=") return !equals(a, b);
    if (operator === "in") return contains(b, a);
    if (operator === "not in") return !contains(b, a);
    return this.#arithmetic(operator, { a, b, position });
  }

  #arithmetic(
    operator: string,
    { a, b, position }: { readonly a: JinjaValue; readonly b: JinjaValue; readonly position: Position },
  ): JinjaValue {
    if (operator === "+" && typeof a === "string" && typeof b === "string") return a + b;
    if (operator === "+" && Array.isArray(a) && Array.isArray(b)) return [...a, ...b];
    if (operator === "%" && typeof a === "string") return formatPercent(a, b);
    if (operator === "*" && typeof b === "number" && (typeof a === "string" || Array.isArray(a))) return repeated(a, b);
    if (["<", ">", "<=", ">="].includes(operator)) return ordered(operator, a, b);
    if (isObject(a) && a.calculate !== undefined) return a.calculate(operator, b);
    const [x, y] = [numberOf(a), numberOf(b)];
    if (x === undefined || y === undefined)
      throw this.#error(`\`${operator}\` does not go with ${describeValue(a)} and ${describeValue(b)}`, position);
    if (y === 0 && ["/", "//", "%"].includes(operator)) throw this.#error("division by zero", position);
    const result = calculate(operator, x, y);
    return operator === "/" || isObject(a) || isObject(b) ? float(result) : result;
  }

  #iterate(value: JinjaValue, position: Position): readonly JinjaValue[] {
    if (value === undefined || value === null) return [];
    if (Array.isArray(value)) return value;
    if (isMap(value)) return [...value.keys()];
    if (typeof value === "string") return Array.from(value);
    if (isObject(value) && value.items !== undefined) return value.items;
    throw this.#error("this cannot be looped over", position);
  }

  #count(position: Position): void {
    this.#steps += 1;
    if (this.#steps > MAX_STEPS) throw this.#error("the template takes too many steps", position);
  }

  #error(because: string, position: Position): Error {
    return templateError(because, position, this.#stack.toReversed());
  }
}

/** Thrown by a built-in function that refuses its arguments; becomes a template error at the call's line. */
export class CallRefusal extends Error {}

/** A class that Python has things below: `datetime.now`. */
function memberOfClass(value: JinjaFunction, name: string): JinjaValue {
  return "members" in value && value.members instanceof Map ? (value.members as JinjaMap).get(name) : undefined;
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

function ordered(operator: string, a: JinjaValue, b: JinjaValue): boolean {
  const order = compare(a, b);
  if (operator === "<") return order < 0;
  if (operator === ">") return order > 0;
  return operator === "<=" ? order <= 0 : order >= 0;
}

function repeated(value: string | readonly JinjaValue[], times: number): JinjaValue {
  const count = Math.max(0, Math.min(times, 100_000));
  return typeof value === "string" ? value.repeat(count) : Array.from({ length: count }, () => value).flat();
}

interface SliceRange {
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly step: number;
}

function sliced<Item>(items: readonly Item[], { from, to, step }: SliceRange): readonly Item[] {
  if (step === 1) return items.slice(from, to);
  const forward = step > 0 ? items.slice(from, to) : backward(items, { from, to });
  return forward.filter((_, index) => index % Math.max(1, Math.abs(step)) === 0);
}

/** From a later item down to, not including, an earlier one. */
function backward<Item>(
  items: readonly Item[],
  { from, to }: { readonly from: number | undefined; readonly to: number | undefined },
): readonly Item[] {
  const place = (at: number) => (at < 0 ? at + items.length : at);
  const start = to === undefined ? 0 : place(to) + 1;
  const end = from === undefined ? items.length : place(from) + 1;
  return items.slice(start, end).toReversed();
}

function calculate(operator: string, x: number, y: number): number {
  if (operator === "+") return x + y;
  if (operator === "-") return x - y;
  if (operator === "*") return x * y;
  if (operator === "/") return x / y;
  if (operator === "//") return Math.floor(x / y);
  if (operator === "%") return ((x % y) + y) % y;
  return x ** y;
}

function describe(expression: Expression): string {
  if (expression.kind === "name") return expression.name;
  return expression.kind === "member" ? `${describe(expression.object)}.${expression.name}` : "the value";
}

function describeValue(value: JinjaValue): string {
  if (value === undefined) return "an undefined value";
  return Array.isArray(value) ? "a list" : isMap(value) ? "a map" : typeof value;
}
