/** A part of a statement, outside comments. Places are offsets in the statement. */
export interface Token {
  readonly kind: "name" | "quoted" | "text" | "number" | "sign";
  readonly text: string;
  readonly from: number;
  readonly to: number;
}

// As DuckDB's own lexer has them: texts in quotes, with backslashes after an E, between dollars; names in quotes; block
// comments, one level within another.
const TOKEN =
  /--[^\n]*|(?<comment>\/\*)|(?<text>[eE]'(?:[^'\\]|\\[\s\S]|'')*'|'(?:[^']|'')*'|(?<dollar>\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$)[\s\S]*?\k<dollar>)|(?<quoted>"(?:[^"]|"")*")|(?<name>[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)|(?<number>\d+)|(?<sign>\S)/g;

const KINDS = ["text", "quoted", "name", "number", "sign"] as const;

/** The tokens of a statement. A text or comment that does not end is left as signs, which no statement begins with. */
export function tokensOf(sql: string): readonly Token[] {
  const tokens: Token[] = [];
  const pattern = new RegExp(TOKEN);
  for (let match = pattern.exec(sql); match !== null; match = pattern.exec(sql)) {
    const groups = match.groups ?? {};
    if (groups["comment"] !== undefined) {
      pattern.lastIndex = endOfComment(sql, match.index);
      continue;
    }
    const kind = KINDS.find((one) => groups[one] !== undefined);
    if (kind === undefined) continue;
    const text = match[0];
    tokens.push({ kind, text, from: match.index, to: match.index + text.length });
  }
  return tokens;
}

function endOfComment(sql: string, start: number): number {
  const edge = /\/\*|\*\//g;
  edge.lastIndex = start;
  let depth = 0;
  for (let match = edge.exec(sql); match !== null; match = edge.exec(sql)) {
    depth += match[0] === "/*" ? 1 : -1;
    if (depth === 0) return edge.lastIndex;
  }
  return sql.length;
}

/** Whether a token is one of these words, written without quotes. */
export function isWord(token: Token | undefined, ...words: readonly string[]): boolean {
  return token?.kind === "name" && words.includes(token.text.toLowerCase());
}

/** What a token names, as it stands or out of its quotes. */
export function nameIn({ kind, text }: Token): string {
  return kind === "quoted" ? text.slice(1, -1).replaceAll('""', '"') : text;
}

/** A plain text between single quotes; undefined for texts that are written in another way. */
export function textIn({ kind, text }: Token): string | undefined {
  return kind === "text" && text.startsWith("'") ? text.slice(1, -1).replaceAll("''", "'") : undefined;
}
