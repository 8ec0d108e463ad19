import { templateError, type Position } from "./template-error.ts";

type TokenKind = "text" | "name" | "string" | "number" | "operator" | "print" | "endprint" | "block" | "endblock";

export interface Token {
  readonly kind: TokenKind;
  readonly value: string;
  readonly position: Position;
  /** For a block's start: where it begins in the source, so that `raw` can take its text as it is. */
  readonly offset: number;
}

const OPENERS = /\{\{|\{%|\{#/g;
const OPERATOR = /^(?:\*\*|\/\/|==|!=|<=|>=|[-+*/%~<>=()[\]{}.,:|])/;

/** Splits a template into text and the tokens of its tags. Whitespace control (`-`, and the newline after a block) is done here. */
export function tokenize(source: string, file: string): readonly Token[] {
  return new Lexer(source, file).run();
}

class Lexer {
  readonly #source: string;
  readonly #file: string;
  readonly #tokens: Token[] = [];
  readonly #lineStarts: number[] = [0];
  #at = 0;
  #trimNext = false;

  constructor(source: string, file: string) {
    // As in Jinja, the line break at a file's end is not part of it.
    this.#source = source.replace(/\r?\n$/, "");
    this.#file = file;
    for (let index = source.indexOf("\n"); index !== -1; index = source.indexOf("\n", index + 1))
      this.#lineStarts.push(index + 1);
  }

  run(): readonly Token[] {
    while (this.#at < this.#source.length) this.#step();
    return this.#tokens;
  }

  #step(): void {
    OPENERS.lastIndex = this.#at;
    const match = OPENERS.exec(this.#source);
    const start = match?.index ?? this.#source.length;
    const opener = match?.[0];
    const trims = opener !== undefined && this.#source[start + 2] === "-";
    const keeps = opener !== undefined && this.#source[start + 2] === "+";
    this.#text(this.#source.slice(this.#at, start), trims);
    this.#at = start;
    if (opener === undefined) return;
    this.#at += trims || keeps ? 3 : 2;
    if (opener === "{#") this.#comment(start);
    else this.#tag(opener === "{{" ? "print" : "block", start);
  }

  #text(raw: string, trimEnd: boolean): void {
    let text = this.#trimNext ? raw.trimStart() : raw;
    if (trimEnd) text = text.trimEnd();
    this.#trimNext = false;
    if (text !== "") this.#push("text", text, this.#at);
  }

  #comment(start: number): void {
    const end = this.#source.indexOf("#}", this.#at);
    if (end === -1) throw templateError("a comment `{#` is not closed", this.#position(start));
    this.#trimNext = this.#source[end - 1] === "-";
    this.#at = end + 2;
  }

  #tag(kind: "print" | "block", start: number): void {
    this.#push(kind, "", start);
    const closer = kind === "print" ? "}}" : "%}";
    let depth = 0;
    for (;;) {
      this.#skipSpace();
      if (this.#at >= this.#source.length)
        throw templateError(`a tag \`${kind === "print" ? "{{" : "{%"}\` is not closed`, this.#position(start));
      if (depth === 0 && this.#closes(closer)) break;
      const token = this.#token();
      if (token === "") continue;
      if ("([{".includes(token)) depth += 1;
      else if (")]}".includes(token)) depth -= 1;
    }
    this.#push(kind === "print" ? "endprint" : "endblock", "", this.#at);
    if (kind === "block" && this.#rawBlock()) this.#raw();
  }

  #closes(closer: string): boolean {
    const dashed = this.#source.startsWith(`-${closer}`, this.#at);
    if (!dashed && !this.#source.startsWith(closer, this.#at)) return false;
    this.#at += closer.length + (dashed ? 1 : 0);
    this.#trimNext = dashed;
    return true;
  }

  #rawBlock(): boolean {
    const [name, , before] = [this.#tokens.at(-2), this.#tokens.at(-1), this.#tokens.at(-3)];
    return name?.kind === "name" && name.value === "raw" && before?.kind === "block";
  }

  #raw(): void {
    const end = /\{%-?\s*endraw\s*-?%\}/g;
    end.lastIndex = this.#at;
    const match = end.exec(this.#source);
    if (match === null) throw templateError("the block `raw` is not closed", this.#position(this.#at));
    this.#tokens.splice(-3);
    this.#text(this.#source.slice(this.#at, match.index), match[0].startsWith("{%-"));
    this.#at = match.index + match[0].length;
    this.#trimNext = match[0].endsWith("-%}");
  }

  #skipSpace(): void {
    while (/\s/.test(this.#source[this.#at] ?? "")) this.#at += 1;
  }

  #token(): string {
    const start = this.#at;
    const rest = this.#source.slice(start, start + 256);
    const first = rest[0] ?? "";
    if (first === '"' || first === "'") return this.#string(first);
    const name = /^[A-Za-z_][A-Za-z0-9_]*/.exec(rest)?.[0];
    const number = /^\d+(?:_\d+)*(?:\.\d+)?(?:[eE][-+]?\d+)?/.exec(rest)?.[0];
    const found = name ?? number ?? OPERATOR.exec(rest)?.[0];
    if (found === undefined) throw templateError(`unexpected ${JSON.stringify(first)}`, this.#position(start));
    this.#at += found.length;
    this.#push(name !== undefined ? "name" : number !== undefined ? "number" : "operator", found, start);
    return name === undefined && number === undefined ? found : "";
  }

  #string(quote: string): string {
    const start = this.#at;
    let value = "";
    for (let at = start + 1; at < this.#source.length; at += 1) {
      const character = this.#source[at] ?? "";
      if (character === quote) {
        this.#at = at + 1;
        this.#push("string", value, start);
        return "";
      }
      if (character === "\\") {
        at += 1;
        value += unescape(this.#source[at] ?? "");
      } else value += character;
    }
    throw templateError("a string is not closed", this.#position(start));
  }

  #push(kind: TokenKind, value: string, offset: number): void {
    this.#tokens.push({ kind, value, position: this.#position(offset), offset });
  }

  #position(offset: number): Position {
    let [low, high] = [0, this.#lineStarts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#lineStarts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { file: this.#file, line: low + 1 };
  }
}

function unescape(character: string): string {
  const known: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", "\\": "\\", "'": "'", '"': '"' };
  return known[character] ?? `\\${character}`;
}
