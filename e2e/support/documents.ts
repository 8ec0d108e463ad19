import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** A fenced block of a page. */
export interface Block {
  readonly language: string;
  readonly text: string;
  /** Of its fence in the page, from 1. */
  readonly line: number;
  /** The file that it is, where its first line is a comment with a path: `// sources/orders.ts`. */
  readonly file: string | undefined;
  /** Why it cannot be run here: what its fence says after `not run:`. */
  readonly notRun: string | undefined;
}

export interface Document {
  /** Below the checkout. */
  readonly path: string;
  readonly text: string;
  readonly blocks: readonly Block[];
}

const FENCE = /^( *)```(\w*)([^\n]*)\n([\s\S]*?)^\1```[ ]*$/gm;
const TITLE = /^(?:\/\/|--|#) ((?:[\w.-]+\/)*[\w.-]+\.(?:ts|sql|ya?ml|mjs|py))$/;

export function readDocument(root: string, path: string): Document {
  const text = readFileSync(join(root, path), "utf8");
  const blocks = Array.from(
    text.matchAll(FENCE),
    ({ 1: indent = "", 2: language = "", 3: info = "", 4: body = "", index }) => {
      const lines = body.split("\n").map((line) => line.slice(Math.min(indent.length, line.search(/\S|$/))));
      return {
        language,
        text: lines.join("\n"),
        line: text.slice(0, index).split("\n").length,
        file: TITLE.exec(lines[0] ?? "")?.[1],
        notRun: /^ not run: (.+)$/.exec(info)?.[1],
      };
    },
  );
  return { path, text, blocks };
}

/** The pages that people write: what is generated from the code is held by other tests. */
export function writtenPages(root: string): readonly string[] {
  const found = globSync("docs/**/*.md", { cwd: root }).filter((path) => !path.startsWith("docs/reference/"));
  return [...found.toSorted(), "README.md"];
}

/** The links of a page that lead nowhere: to a file that isn't there, or to a heading that its page lacks. */
export function brokenLinks(root: string, { path, text }: Document): readonly string[] {
  const prose = text.replaceAll(FENCE, "");
  const targets = Array.from(prose.matchAll(/\]\(([^)\s]+)\)/g), ([, target = ""]) => target);
  return targets
    .filter((target) => !/^[a-z]+:/.test(target))
    .filter((target) => {
      const [file = "", heading] = target.split("#");
      const full = file === "" ? join(root, path) : join(root, dirname(path), file);
      if (!existsSync(full)) return true;
      return heading !== undefined && !headingsOf(readFileSync(full, "utf8")).includes(heading);
    })
    .map((target) => `${path}: ${target}`);
}

function headingsOf(text: string): readonly string[] {
  return Array.from(text.replaceAll(FENCE, "").matchAll(/^#+ (.+)$/gm), ([, title = ""]) =>
    title
      .toLowerCase()
      .replaceAll(/[^\w\s-]/g, "")
      .trim()
      .replaceAll(/\s/g, "-"),
  );
}

/**
 * The lines of an expected output that the output lacks, looked for in their order. Runs of spaces count as one, and `…`
 * stands for anything.
 */
export function missingLines(expected: string, output: string): readonly string[] {
  const lines = output.split("\n").map(plain);
  let from = 0;
  return expected.split("\n").filter((line) => {
    if (plain(line) === "" || plain(line) === "…") return false;
    const pattern = new RegExp(`^${plain(line).split("…").map(escaped).join(".*")}$`, "u");
    const at = lines.findIndex((candidate, index) => index >= from && pattern.test(candidate));
    if (at === -1) return true;
    from = at + 1;
    return false;
  });
}

function plain(line: string): string {
  return line.replaceAll(/\s+/g, " ").trim();
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
