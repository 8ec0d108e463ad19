import type { Token } from "./lexer.ts";
import type { Argument, Expression, Parameter } from "./nodes.ts";
import { templateError, type Position } from "./template-error.ts";

const MAX_DEPTH = 200;
const COMPARISONS = new Set(["==", "!=", "<", ">", "<=", ">="]);
const KEYWORDS = new Set(["and", "or", "not", "in", "is", "if", "else"]);

/** Reads expressions from a token list; the template's parser goes on from where it stopped. Precedence is Jinja's. */
export class ExpressionParser {
  readonly tokens: readonly Token[];
  at = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.tokens = tokens;
  }

  expression(): Expression {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) throw templateError("an expression is nested too deeply", this.here());
    const yes = this.#or();
    const result = this.acceptName("if") ? this.#choice(yes) : yes;
    this.#depth -= 1;
    return result;
  }

  #choice(yes: Expression): Expression {
    const condition = this.#or();
    const no = this.acceptName("else") ? this.expression() : undefined;
    return { kind: "choice", condition, yes, no, position: yes.position };
  }

  #or(): Expression {
    return this.#binary(
      () => this.#and(),
      () => (this.acceptName("or") ? "or" : undefined),
    );
  }

  #and(): Expression {
    return this.#binary(
      () => this.#not(),
      () => (this.acceptName("and") ? "and" : undefined),
    );
  }

  #not(): Expression {
    const position = this.here();
    if (this.acceptName("not")) return { kind: "unary", operator: "not", operand: this.#not(), position };
    return this.#comparison();
  }

  #comparison(): Expression {
    return this.#binary(
      () => this.#sum(),
      () => {
        const token = this.peek();
        if (token?.kind === "operator" && COMPARISONS.has(token.value)) return this.next().value;
        if (this.acceptName("in")) return "in";
        if (this.peek()?.value === "not" && this.tokens[this.at + 1]?.value === "in") {
          this.at += 2;
          return "not in";
        }
        return undefined;
      },
    );
  }

  #sum(): Expression {
    return this.#binary(
      () => this.#concatenation(),
      () => this.#operator("+", "-"),
    );
  }

  #concatenation(): Expression {
    return this.#binary(
      () => this.#product(),
      () => this.#operator("~"),
    );
  }

  #product(): Expression {
    return this.#binary(
      () => this.#unary(),
      () => this.#operator("*", "/", "//", "%"),
    );
  }

  #unary(): Expression {
    const position = this.here();
    const base = this.#filtered(this.#signed());
    return this.#operator("**") === undefined
      ? base
      : { kind: "binary", operator: "**", left: base, right: this.#unary(), position };
  }

  /** A sign binds closer than a filter. */
  #signed(): Expression {
    const position = this.here();
    const operator = this.#operator("-", "+");
    if (operator === undefined) return this.#postfix(this.#primary());
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) throw templateError("an expression is nested too deeply", position);
    const operand = this.#signed();
    this.#depth -= 1;
    return { kind: "unary", operator, operand, position };
  }

  #binary(operand: () => Expression, operator: () => string | undefined): Expression {
    let left = operand();
    for (let found = operator(); found !== undefined; found = operator()) {
      left = { kind: "binary", operator: found, left, right: operand(), position: left.position };
    }
    return left;
  }

  #operator(...wanted: readonly string[]): string | undefined {
    const token = this.peek();
    return token?.kind === "operator" && wanted.includes(token.value) ? this.next().value : undefined;
  }

  #primary(): Expression {
    const token = this.next();
    const { position } = token;
    if (token.kind === "number") return numeral(token.value, position);
    if (token.kind === "string") return this.#strings(token);
    if (token.kind === "name" && !KEYWORDS.has(token.value)) return named(token.value, position);
    if (token.kind === "operator" && token.value === "(") return this.#parenthesis(position);
    if (token.kind === "operator" && token.value === "[") return { kind: "list", items: this.#items("]"), position };
    if (token.kind === "operator" && token.value === "{") return this.#map(position);
    throw templateError(`unexpected ${token.value === "" ? "end of the tag" : `\`${token.value}\``}`, position);
  }

  #strings(first: Token): Expression {
    let value = first.value;
    while (this.peek()?.kind === "string") value += this.next().value;
    return { kind: "literal", value, position: first.position };
  }

  #parenthesis(position: Position): Expression {
    if (this.accept(")")) return { kind: "list", items: [], isTuple: true, position };
    const first = this.expression();
    if (this.accept(")")) return first;
    this.expect(",");
    return { kind: "list", items: [first, ...this.#items(")")], isTuple: true, position };
  }

  #items(closer: string): readonly Expression[] {
    const items: Expression[] = [];
    while (!this.accept(closer)) {
      items.push(this.expression());
      if (!this.accept(",")) {
        this.expect(closer);
        break;
      }
    }
    return items;
  }

  #map(position: Position): Expression {
    const entries: (readonly [Expression, Expression])[] = [];
    while (!this.accept("}")) {
      const key = this.expression();
      this.expect(":");
      entries.push([key, this.expression()]);
      if (!this.accept(",")) {
        this.expect("}");
        break;
      }
    }
    return { kind: "map", entries, position };
  }

  #postfix(start: Expression): Expression {
    let value = start;
    for (;;) {
      const { position } = value;
      if (this.accept(".")) value = { kind: "member", object: value, name: this.next().value, position };
      else if (this.accept("[")) value = this.#subscript(value);
      else if (this.accept("(")) value = { kind: "call", callee: value, args: this.args(), position };
      else return value;
    }
  }

  #subscript(object: Expression): Expression {
    const { position } = object;
    const from = this.peek()?.value === ":" && this.peek()?.kind === "operator" ? undefined : this.expression();
    if (from !== undefined && this.accept("]")) return { kind: "index", object, index: from, position };
    this.expect(":");
    const to = this.#isOperator("]") || this.#isOperator(":") ? undefined : this.expression();
    const step = this.accept(":") && !this.#isOperator("]") ? this.expression() : undefined;
    this.expect("]");
    return { kind: "slice", object, from, to, step, position };
  }

  #isOperator(value: string): boolean {
    const token = this.peek();
    return token?.kind === "operator" && token.value === value;
  }

  #filtered(start: Expression): Expression {
    let value = start;
    for (;;) {
      const { position } = value;
      if (this.accept("|")) {
        const name = this.#dotted();
        value = { kind: "filter", input: value, name, args: this.accept("(") ? this.args() : [], position };
      } else if (this.acceptName("is")) {
        value = this.#test(value);
      } else return value;
    }
  }

  #dotted(): string {
    let name = this.next().value;
    while (this.accept(".")) name += `.${this.next().value}`;
    return name;
  }

  #test(input: Expression): Expression {
    const negated = this.acceptName("not");
    const name = this.next().value;
    const args: Expression[] = [];
    if (this.accept("(")) args.push(...this.#items(")"));
    else if (this.#startsOperand()) args.push(this.#postfix(this.#primary()));
    return { kind: "test", input, name, args, negated, position: input.position };
  }

  #startsOperand(): boolean {
    const token = this.peek();
    if (token === undefined) return false;
    return token.kind === "string" || token.kind === "number" || (token.kind === "name" && !KEYWORDS.has(token.value));
  }

  /** The filters after a block's `set x | …`. */
  filters(): readonly { readonly name: string; readonly args: readonly Argument[] }[] {
    const filters: { name: string; args: readonly Argument[] }[] = [];
    while (this.accept("|")) filters.push({ name: this.#dotted(), args: this.accept("(") ? this.args() : [] });
    return filters;
  }

  /** An expression, or several with commas between: a tuple. */
  expressions(): Expression {
    const first = this.expression();
    if (!this.#isOperator(",")) return first;
    const items = [first];
    while (this.accept(",")) if (this.peek()?.kind !== "endblock") items.push(this.expression());
    return { kind: "list", items, isTuple: true, position: first.position };
  }

  args(): readonly Argument[] {
    const args: Argument[] = [];
    while (!this.accept(")")) {
      const spread = this.accept("**") ? "**" : this.accept("*") ? "*" : undefined;
      const isNamed =
        this.peek()?.kind === "name" &&
        this.tokens[this.at + 1]?.value === "=" &&
        this.tokens[this.at + 1]?.kind === "operator";
      const name = isNamed ? this.next().value : undefined;
      if (isNamed) this.expect("=");
      args.push({ name: spread ?? name, value: this.expression() });
      if (!this.accept(",")) {
        this.expect(")");
        break;
      }
    }
    return args;
  }

  parameters(): readonly Parameter[] {
    const parameters: Parameter[] = [];
    while (!this.accept(")")) {
      const name = this.name();
      parameters.push({ name, fallback: this.accept("=") ? this.expression() : undefined });
      if (!this.accept(",")) {
        this.expect(")");
        break;
      }
    }
    return parameters;
  }

  name(): string {
    const token = this.next();
    if (token.kind !== "name") throw templateError(`a name is missing before \`${token.value}\``, token.position);
    return token.value;
  }

  peek(): Token | undefined {
    return this.tokens[this.at];
  }

  next(): Token {
    const token = this.tokens[this.at];
    if (token === undefined) throw templateError("the template ends too early", this.here());
    this.at += 1;
    return token;
  }

  here(): Position {
    return (this.tokens[this.at] ?? this.tokens.at(-1))?.position ?? { file: "", line: 1 };
  }

  accept(value: string): boolean {
    const token = this.peek();
    if (token?.kind !== "operator" || token.value !== value) return false;
    this.at += 1;
    return true;
  }

  acceptName(value: string): boolean {
    const token = this.peek();
    if (token?.kind !== "name" || token.value !== value) return false;
    this.at += 1;
    return true;
  }

  expect(value: string): void {
    if (this.accept(value)) return;
    const token = this.peek();
    throw templateError(`\`${value}\` is missing before \`${token?.value ?? "the end"}\``, this.here());
  }
}

function numeral(text: string, position: Position): Expression {
  const isFloat = /[.eE]/.test(text);
  return { kind: "literal", value: Number(text.replaceAll("_", "")), isFloat, position };
}

function named(name: string, position: Position): Expression {
  if (name === "true" || name === "True") return { kind: "literal", value: true, position };
  if (name === "false" || name === "False") return { kind: "literal", value: false, position };
  if (name === "none" || name === "None") return { kind: "literal", value: null, position };
  return { kind: "name", name, position };
}
