// The part of Markdown that the documentation is written in, as data: no text becomes markup.

export type Block =
  | { readonly kind: "heading"; readonly level: number; readonly text: string; readonly id: string }
  | { readonly kind: "paragraph"; readonly text: string }
  | { readonly kind: "code"; readonly language: string; readonly text: string }
  | { readonly kind: "list"; readonly isOrdered: boolean; readonly start: number; readonly items: readonly string[] }
  | { readonly kind: "table"; readonly head: readonly string[]; readonly rows: readonly (readonly string[])[] };

const FENCE = /^```(\w*)/;
const HEADING = /^(#{1,6}) (.+)$/;
const ITEM = /^(?:[-*]|(\d+)\.) (.+)$/;

/** The blocks of a page, in their order. */
export function blocksOf(markdown: string): readonly Block[] {
  const lines = markdown.replaceAll(/<!--[\s\S]*?-->/g, "").split("\n");
  const blocks: Block[] = [];
  for (let at = 0; at < lines.length;) {
    const found = blockAt(lines, at);
    if (found.block !== undefined) blocks.push(found.block);
    at = found.next;
  }
  return blocks;
}

interface Found {
  readonly block: Block | undefined;
  /** The line after it. */
  readonly next: number;
}

function blockAt(lines: readonly string[], at: number): Found {
  const line = lines[at] ?? "";
  if (line.trim() === "") return { block: undefined, next: at + 1 };
  if (FENCE.test(line)) return codeAt(lines, at);
  const [, marks, title] = HEADING.exec(line) ?? [];
  if (marks !== undefined && title !== undefined)
    return { block: { kind: "heading", level: marks.length, text: title, id: anchorOf(title) }, next: at + 1 };
  if (line.startsWith("|")) return tableAt(lines, at);
  if (ITEM.test(line)) return listAt(lines, at);
  const next = endOf(lines, at, (text) => text.trim() === "" || FENCE.test(text) || HEADING.test(text));
  return { block: { kind: "paragraph", text: lines.slice(at, next).join(" ") }, next };
}

function codeAt(lines: readonly string[], at: number): Found {
  const end = endOf(lines, at + 1, (line) => line.startsWith("```"));
  const language = FENCE.exec(lines[at] ?? "")?.[1] ?? "";
  return { block: { kind: "code", language, text: lines.slice(at + 1, end).join("\n") }, next: end + 1 };
}

function tableAt(lines: readonly string[], at: number): Found {
  const next = endOf(lines, at, (line) => !line.startsWith("|"));
  const [head = [], , ...rows] = lines.slice(at, next).map(cellsOf);
  return { block: { kind: "table", head, rows }, next };
}

function cellsOf(line: string): readonly string[] {
  const inner = line.replace(/^\|/, "").replace(/\|\s*$/, "");
  return inner.split(/(?<!\\)\|/).map((cell) => cell.replaceAll("\\|", "|").trim());
}

function listAt(lines: readonly string[], at: number): Found {
  const next = endOf(lines, at, (line) => !ITEM.test(line));
  const [, first] = ITEM.exec(lines[at] ?? "") ?? [];
  const items = lines.slice(at, next).map((line) => ITEM.exec(line)?.[2] ?? "");
  return { block: { kind: "list", isOrdered: first !== undefined, start: Number(first ?? 1), items }, next };
}

function endOf(lines: readonly string[], from: number, isEnd: (line: string) => boolean): number {
  const found = lines.findIndex((line, index) => index >= from && isEnd(line));
  return found === -1 ? lines.length : found;
}

/** What a heading is called in an address, as GitHub does. */
function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replaceAll(/[^\w\s-]/g, "")
    .trim()
    .replaceAll(/\s/g, "-");
}

export type Span =
  | { readonly kind: "text" | "code" | "strong" | "emphasis"; readonly text: string }
  | { readonly kind: "link"; readonly text: string; readonly target: string };

const SPAN = /`([^`]+)`|\*\*([^*]+)\*\*|\*([^*\s][^*]*)\*|\[((?:`[^`]*`|[^\]])+)\]\(([^)\s]+)\)/g;

/** The pieces of a line of text. */
export function spansOf(text: string): readonly Span[] {
  const spans: Span[] = [];
  let end = 0;
  for (const match of text.matchAll(SPAN)) {
    if (match.index > end) spans.push({ kind: "text", text: text.slice(end, match.index) });
    spans.push(spanOf(match));
    end = match.index + match[0].length;
  }
  return end < text.length ? [...spans, { kind: "text", text: text.slice(end) }] : spans;
}

function spanOf([, code, strong, emphasis, label = "", target = ""]: RegExpExecArray | RegExpMatchArray): Span {
  if (code !== undefined) return { kind: "code", text: code };
  if (strong !== undefined) return { kind: "strong", text: strong };
  if (emphasis !== undefined) return { kind: "emphasis", text: emphasis };
  return { kind: "link", text: label, target };
}

/** The page that a link of another page leads to, below the documentation's folder; undefined where it leads out of it. */
export function pageOf(target: string, from: string): { readonly path: string; readonly hash: string } | undefined {
  const url = new URL(target, `http://docs/in/${from}`);
  if (url.host !== "docs" || !url.pathname.startsWith("/in/") || !url.pathname.endsWith(".md")) return undefined;
  return { path: url.pathname.slice("/in/".length), hash: url.hash.slice(1) };
}
