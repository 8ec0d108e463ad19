import { ExpressionParser } from "./expression-parser.ts";
import { tokenize } from "./lexer.ts";
import type { DefinitionNode, MacroNode, Node } from "./nodes.ts";
import { templateError, type Position } from "./template-error.ts";

/** Parses a template. Throws `transformation/template` with the file and line. */
export function parseTemplate(source: string, file: string): readonly Node[] {
  const parser = new TemplateParser(new ExpressionParser(tokenize(source, file)));
  return parser.template();
}

function unclosed(
  { name, position }: { readonly name: string; readonly position: Position },
  closers: readonly string[],
): Error {
  const wanted = closers.map((closer) => `'${closer}'`).join(" or ");
  return templateError(
    `the block \`${name}\` is not closed. Unexpected end of template. Jinja was looking for the following tags: ${wanted}. The innermost block that needs to be closed is '${name}'.`,
    position,
  );
}

class TemplateParser {
  readonly #in: ExpressionParser;

  constructor(expressions: ExpressionParser) {
    this.#in = expressions;
  }

  template(): readonly Node[] {
    const { nodes, ended } = this.#until([]);
    if (ended !== undefined) throw templateError(`\`${ended}\` closes no block`, this.#in.here());
    return nodes;
  }

  /** Nodes up to one of the closing words, which is consumed up to (not including) what follows its name. */
  #until(
    closers: readonly string[],
    opened?: { readonly name: string; readonly position: Position },
  ): { nodes: readonly Node[]; ended: string | undefined } {
    const nodes: Node[] = [];
    for (;;) {
      const token = this.#in.peek();
      if (token === undefined) {
        if (opened !== undefined) throw unclosed(opened, closers);
        return { nodes, ended: undefined };
      }
      this.#in.next();
      const { position } = token;
      if (token.kind === "text") nodes.push({ kind: "text", text: token.value, position });
      else if (token.kind === "print") {
        nodes.push({ kind: "print", value: this.#in.expression(), position });
        this.#end("endprint");
      } else if (token.kind === "block") {
        const name = this.#in.name();
        if (closers.includes(name)) return { nodes, ended: name };
        nodes.push(this.#block(name, position));
      } else throw templateError(`unexpected \`${token.value}\``, position);
    }
  }

  #block(name: string, position: Position): Node {
    if (name === "if") return this.#if(position);
    if (name === "for") return this.#for(position);
    if (name === "set") return this.#set(position);
    if (name === "do") return this.#do(position);
    if (name === "macro") return this.#macro(position, { name: this.#in.name(), closer: "endmacro" });
    if (name === "test" || name === "data_test")
      return this.#macro(position, {
        name: `test_${this.#in.name()}`,
        closer: name === "test" ? "endtest" : "enddata_test",
      });
    if (name === "snapshot" || name === "docs" || name === "materialization") return this.#definition(name, position);
    if (name === "call") return this.#call(position);
    if (name === "filter") return this.#filter(position);
    throw templateError(`there is no block \`${name}\``, position);
  }

  #if(position: Position): Node {
    const branches: { condition: ReturnType<ExpressionParser["expression"]>; body: readonly Node[] }[] = [];
    let otherwise: readonly Node[] = [];
    let word: string | undefined = "if";
    while (word === "if" || word === "elif") {
      const condition = this.#in.expression();
      this.#end("endblock");
      const part = this.#until(["elif", "else", "endif"], { name: "if", position });
      branches.push({ condition, body: part.nodes });
      word = part.ended;
    }
    if (word === "else") {
      this.#end("endblock");
      otherwise = this.#until(["endif"], { name: "if", position }).nodes;
    }
    this.#end("endblock");
    return { kind: "if", branches, otherwise, position };
  }

  #for(position: Position): Node {
    const targets = this.#targets();
    if (!this.#in.acceptName("in")) throw templateError("`in` is missing in `for`", position);
    const items = this.#loopItems();
    const condition = this.#in.acceptName("if") ? this.#in.expression() : undefined;
    this.#in.acceptName("recursive");
    this.#end("endblock");
    const part = this.#until(["else", "endfor"], { name: "for", position });
    let otherwise: readonly Node[] = [];
    if (part.ended === "else") {
      this.#end("endblock");
      otherwise = this.#until(["endfor"], { name: "for", position }).nodes;
    }
    this.#end("endblock");
    return { kind: "for", targets, items, condition, body: part.nodes, otherwise, position };
  }

  /** What a loop goes over: an `if` after it filters the loop, so it must not be read as a choice. */
  #loopItems() {
    const save = this.#in.at;
    const whole = this.#in.expression();
    if (whole.kind !== "choice" || whole.no !== undefined) return whole;
    this.#in.at = save;
    return this.#withoutChoice();
  }

  #withoutChoice() {
    const start = this.#in.at;
    let depth = 0;
    for (let at = start; at < this.#in.tokens.length; at += 1) {
      const token = this.#in.tokens[at];
      if (token === undefined || token.kind === "endblock") break;
      if (token.kind === "operator" && "([{".includes(token.value)) depth += 1;
      if (token.kind === "operator" && ")]}".includes(token.value)) depth -= 1;
      if (depth === 0 && token.kind === "name" && token.value === "if") {
        const inner = new ExpressionParser([
          ...this.#in.tokens.slice(0, at),
          { ...token, kind: "endblock", value: "" },
        ]);
        inner.at = start;
        const items = inner.expression();
        this.#in.at = at;
        return items;
      }
    }
    return this.#in.expression();
  }

  #set(position: Position): Node {
    const targets = this.#targets();
    const member = targets.length === 1 && this.#in.accept(".") ? this.#in.name() : undefined;
    if (this.#in.accept("=")) {
      const value = this.#in.expressions();
      this.#end("endblock");
      return { kind: "set", targets, member, value, position };
    }
    const filters = this.#in.filters();
    this.#end("endblock");
    const { nodes } = this.#until(["endset"], { name: "set", position });
    this.#end("endblock");
    return { kind: "setBlock", target: targets[0] ?? "", filters, body: nodes, position };
  }

  #targets(): readonly string[] {
    const parenthesis = this.#in.accept("(");
    const targets = [this.#in.name()];
    while (this.#in.accept(",")) targets.push(this.#in.name());
    if (parenthesis) this.#in.expect(")");
    return targets;
  }

  #do(position: Position): Node {
    const value = this.#in.expression();
    this.#end("endblock");
    return { kind: "do", value, position };
  }

  #macro(position: Position, { name, closer }: { readonly name: string; readonly closer: string }): MacroNode & Node {
    this.#in.expect("(");
    const parameters = this.#in.parameters();
    this.#end("endblock");
    const start = this.#in.at;
    const { nodes } = this.#until([closer], { name: closer.slice(3), position });
    const words = new Set(
      this.#in.tokens
        .slice(start, this.#in.at)
        .filter(({ kind }) => kind === "name")
        .map(({ value }) => value),
    );
    const takesMore = { positional: words.has("varargs"), named: words.has("kwargs") };
    if (this.#in.peek()?.kind === "name") this.#in.next();
    this.#end("endblock");
    return { kind: "macro", name, parameters, body: nodes, position, takesMore };
  }

  /** `{% snapshot x %}`, `{% docs x %}`, `{% materialization x, adapter="…" %}`. */
  #definition(word: DefinitionNode["word"], position: Position): Node {
    const name = this.#in.name();
    let adapter = "default";
    for (let token = this.#in.peek(); token !== undefined && token.kind !== "endblock"; token = this.#in.peek()) {
      if (token.kind === "string") adapter = token.value;
      this.#in.next();
    }
    this.#end("endblock");
    const { nodes } = this.#until([`end${word}`], { name: word, position });
    this.#end("endblock");
    return { kind: "definition", word, name, adapter, body: nodes, position };
  }

  #call(position: Position): Node {
    const parameters = this.#in.accept("(") ? this.#in.parameters() : [];
    const call = this.#in.expression();
    this.#end("endblock");
    const { nodes } = this.#until(["endcall"], { name: "call", position });
    this.#end("endblock");
    return { kind: "callBlock", parameters, call, body: nodes, position };
  }

  #filter(position: Position): Node {
    const name = this.#in.name();
    const args = this.#in.accept("(") ? this.#in.args() : [];
    this.#end("endblock");
    const { nodes } = this.#until(["endfilter"], { name: "filter", position });
    this.#end("endblock");
    return { kind: "filterBlock", name, args, body: nodes, position };
  }

  #end(kind: "endprint" | "endblock"): void {
    const token = this.#in.next();
    if (token.kind !== kind) throw templateError(`unexpected \`${token.value}\` in a tag`, token.position);
  }
}
