import { FILTERS, TESTS } from "./builtins.ts";
import { contains, listOf } from "./collections.ts";
import { formatPercent, methodOf } from "./methods.ts";
import type { Argument, Expression } from "./nodes.ts";
import { calculate, ordered, repeated, sliced } from "./operators.ts";
import type { Scope } from "./scope.ts";
import { CallRefusal } from "./signals.ts";
import type { Position } from "./template-error.ts";
import type { Trace } from "./trace.ts";
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

/** What expressions are worth. */
export class Expressions {
  readonly #trace: Trace;

  constructor(trace: Trace) {
    this.#trace = trace;
  }

  value(expression: Expression, scope: Scope): JinjaValue {
    this.#trace.step(expression.position);
    switch (expression.kind) {
      case "literal":
        return expression.isFloat ? float(Number(expression.value)) : expression.value;
      case "name":
        return scope.get(expression.name);
      case "list": {
        const items = expression.items.map((item) => this.value(item, scope));
        return expression.isTuple ? tuple(...items) : items;
      }
      case "map":
        return new Map(
          expression.entries.map(([key, value]) => [toText(this.value(key, scope)), this.value(value, scope)]),
        );
      case "member":
        return this.#member({ value: this.value(expression.object, scope), from: expression.object }, expression);
      case "index":
        return this.#index(this.value(expression.object, scope), this.value(expression.index, scope));
      case "slice":
        return this.#slice(expression, scope);
      case "call":
        return this.call(expression, scope);
      case "filter":
        return this.filter(expression.name, {
          input: this.value(expression.input, scope),
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
        return isTrue(this.value(expression.condition, scope))
          ? this.value(expression.yes, scope)
          : expression.no === undefined
            ? undefined
            : this.value(expression.no, scope);
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
      throw this.#trace.error(`'${describe(object.from)}' is undefined, so it has no ${name}`, position);
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
    const value = this.value(object, scope);
    const bound = (at: Expression | undefined): number | undefined => {
      const found = at === undefined ? null : this.value(at, scope);
      return found === null || found === undefined ? undefined : toNumber(found);
    };
    const range = { from: bound(from), to: bound(to), step: bound(step) ?? 1 };
    if (typeof value === "string") return sliced(Array.from(value), range).join("");
    return Array.isArray(value) || isObject(value) ? [...sliced(listOf(value), range)] : undefined;
  }

  call(
    { callee, args, position }: Extract<Expression, { kind: "call" }>,
    scope: Scope,
    caller?: JinjaFunction,
  ): JinjaValue {
    const target = this.value(callee, scope);
    if (typeof target !== "function")
      throw this.#trace.error(
        target === undefined
          ? `'${describe(callee)}' is undefined. This can happen when calling a macro that does not exist. Check for typos and/or install package dependencies with "dbt deps".`
          : `'${describe(callee)}' is ${describeValue(target)}, not a macro or function`,
        position,
      );
    const { positional, named } = this.#arguments(args, scope);
    try {
      return target(positional, caller === undefined ? named : new Map([...named, ["caller", caller]]));
    } catch (error) {
      if (error instanceof CallRefusal) throw this.#trace.error(error.message, position);
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
      const given = this.value(value, scope);
      if (name === "*") positional.push(...listOf(given));
      else if (name === "**") for (const [key, inner] of isMap(given) ? given : []) named.set(key, inner);
      else if (name === undefined) positional.push(given);
      else named.set(name, given);
    }
    return { positional, named };
  }

  filter(
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
    if (filter === undefined) throw this.#trace.error(`there is no filter \`${name}\``, position);
    const { positional, named } = this.#arguments(args, scope);
    return filter([input, ...positional], named);
  }

  #test(expression: Extract<Expression, { kind: "test" }>, scope: Scope): JinjaValue {
    const test = TESTS.get(expression.name);
    if (test === undefined) throw this.#trace.error(`there is no test \`${expression.name}\``, expression.position);
    const args = expression.args.map((arg) => this.value(arg, scope));
    return test(this.value(expression.input, scope), args) !== expression.negated;
  }

  #unary({ operator, operand }: Extract<Expression, { kind: "unary" }>, scope: Scope): JinjaValue {
    const value = this.value(operand, scope);
    if (operator === "not") return !isTrue(value);
    const number = toNumber(value);
    const signed = operator === "-" ? -number : number;
    return isObject(value) ? float(signed) : signed;
  }

  #binary({ operator, left, right, position }: Extract<Expression, { kind: "binary" }>, scope: Scope): JinjaValue {
    const a = this.value(left, scope);
    if (operator === "and") return isTrue(a) ? this.value(right, scope) : a;
    if (operator === "or") return isTrue(a) ? a : this.value(right, scope);
    const b = this.value(right, scope);
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
      throw this.#trace.error(`\`${operator}\` does not go with ${describeValue(a)} and ${describeValue(b)}`, position);
    if (y === 0 && ["/", "//", "%"].includes(operator)) throw this.#trace.error("division by zero", position);
    const result = calculate(operator, x, y);
    return operator === "/" || isObject(a) || isObject(b) ? float(result) : result;
  }
}

/** A class that Python has things below: `datetime.now`. */
function memberOfClass(value: JinjaFunction, name: string): JinjaValue {
  return "members" in value && value.members instanceof Map ? (value.members as JinjaMap).get(name) : undefined;
}

function describe(expression: Expression): string {
  if (expression.kind === "name") return expression.name;
  return expression.kind === "member" ? `${describe(expression.object)}.${expression.name}` : "the value";
}

function describeValue(value: JinjaValue): string {
  if (value === undefined) return "an undefined value";
  return Array.isArray(value) ? "a list" : isMap(value) ? "a map" : typeof value;
}
