import { isWord, nameIn, textIn, tokensOf, type Token } from "../sql-tokens.ts";
import { lakehouseErrors } from "../../errors.ts";
import type { Sql } from "./statement.ts";

const OPENS: ReadonlySet<string> = new Set(["(", "[", "{"]);
const CLOSES: ReadonlySet<string> = new Set([")", "]", "}"]);

/** Reads a statement from its beginning to its end. What stands in brackets, or from CASE to END, is passed over whole. */
export class Cursor {
  readonly sql: string;
  readonly #tokens: readonly Token[];
  #at = 0;

  /** A last semicolon ends the statement. Throws `lakehouse/unsupported-statement` where another follows. */
  constructor(sql: string) {
    const tokens = tokensOf(sql);
    const end = tokens.findLastIndex(({ text }) => text !== ";") + 1;
    this.sql = sql;
    this.#tokens = tokens.slice(0, end);
    if (this.#tokens.some(({ text }) => text === ";")) throw refused("more than one statement was given");
  }

  get token(): Token | undefined {
    return this.#tokens[this.#at];
  }

  get isDone(): boolean {
    return this.#at >= this.#tokens.length;
  }

  /** Whether these words stand here, one after another. */
  sees(...words: readonly string[]): boolean {
    return words.every((word, index) => isWord(this.#tokens[this.#at + index], word));
  }

  seesSign(sign: string): boolean {
    return this.token?.kind === "sign" && this.token.text === sign;
  }

  /** Passes these words if they stand here. */
  takes(...words: readonly string[]): boolean {
    if (!this.sees(...words)) return false;
    this.#at += words.length;
    return true;
  }

  takesSign(sign: string): boolean {
    if (!this.seesSign(sign)) return false;
    this.#at += 1;
    return true;
  }

  /** Throws where the words do not stand here. */
  expects(...words: readonly string[]): void {
    if (!this.takes(...words)) throw this.unexpected(words.join(" ").toUpperCase());
  }

  expectsSign(sign: string): void {
    if (!this.takesSign(sign)) throw this.unexpected(sign);
  }

  /** A name, quoted or not. */
  name(what: string): string {
    const { token } = this;
    if (token === undefined || (token.kind !== "name" && token.kind !== "quoted")) throw this.unexpected(what);
    this.#at += 1;
    return nameIn(token);
  }

  get seesNumber(): boolean {
    return this.token?.kind === "number";
  }

  /** A whole number. */
  number(what: string): number {
    const { token } = this;
    if (token?.kind !== "number") throw this.unexpected(what);
    this.#at += 1;
    return Number(token.text);
  }

  /** A text between single quotes. */
  text(what: string): string {
    const text = this.token === undefined ? undefined : textIn(this.token);
    if (text === undefined) throw this.unexpected(what);
    this.#at += 1;
    return text;
  }

  /** A text, a number, or `true` or `false`, as text. */
  literal(what: string): string {
    if (this.seesNumber) return String(this.number(what));
    return this.sees("true") || this.sees("false") ? this.name(what).toLowerCase() : this.text(what);
  }

  /** `lab.orders` as its parts. */
  parts(what: string): readonly string[] {
    const parts = [this.name(what)];
    while (this.takesSign(".")) parts.push(this.name(what));
    return parts;
  }

  /** The text up to one of these phrases, or to the end; empty text is refused. */
  until(what: string, ...phrases: readonly (readonly string[])[]): Sql {
    const start = this.#at;
    while (!this.isDone && !phrases.some((words) => this.#begins(words))) this.#pass();
    if (this.#at === start) throw this.unexpected(what);
    return this.sql.slice(this.#tokens[start]?.from, this.#tokens[this.#at - 1]?.to);
  }

  /** Texts with commas between, up to one of these phrases. */
  list(what: string, ...phrases: readonly (readonly string[])[]): readonly Sql[] {
    const found: Sql[] = [];
    do found.push(this.until(what, [","], ...phrases));
    while (this.takesSign(","));
    return found;
  }

  unexpected(what: string): Error {
    const { token } = this;
    const place =
      token === undefined ? "at its end" : `at ${JSON.stringify(this.sql.slice(token.from, token.from + 40))}`;
    return refused(`the statement lacks ${what} ${place}`);
  }

  /** `FROM` of `IS DISTINCT FROM` begins no clause. */
  #begins(words: readonly string[]): boolean {
    const [first = ""] = words;
    if (!/^\w/.test(first)) return this.seesSign(first);
    return this.sees(...words) && !(first === "from" && isWord(this.#tokens[this.#at - 1], "distinct"));
  }

  #pass(): void {
    let depth = 0;
    do {
      const { token } = this;
      if (token === undefined) throw refused("a bracket or a CASE of the statement is not closed");
      if (OPENS.has(token.text) || isWord(token, "case")) depth += 1;
      if (CLOSES.has(token.text) || (depth > 0 && isWord(token, "end"))) depth -= 1;
      if (depth < 0) throw refused("a bracket of the statement is closed that was not opened");
      this.#at += 1;
    } while (depth > 0);
  }
}

export function refused(because: string): Error {
  return lakehouseErrors.create("lakehouse/unsupported-statement", { because });
}
