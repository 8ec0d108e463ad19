import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { brokenLinks, readDocument, writtenPages, type Document } from "./support/documents.ts";
import { followPage } from "./support/follower.ts";

// Every code block of the documentation, as a reader would follow it. The tutorial makes a project; each other page
// begins in that project as the tutorial left it.

const TUTORIAL = "docs/tutorial.md";
/** Follows the clone's own paths, from an empty folder. */
const README = "README.md";
const TIMEOUT_MS = 900_000;

const root = join(import.meta.dirname, "..");
const work = mkdtempSync(join(tmpdir(), "mill-docs-"));
const desk = join(work, "desk");
const kept = join(work, "kept");
const pages = writtenPages(root).map((path) => readDocument(root, path));
const followed = pages.filter(({ path, blocks }) => blocks.length > 0 && path !== TUTORIAL);

beforeAll(async () => {
  // As if the package was installed above the projects.
  mkdirSync(join(work, "node_modules"));
  symlinkSync(join(root, "packages", "millwright"), join(work, "node_modules", "millwright"));
  mkdirSync(desk);
  await followPage(page(TUTORIAL), desk);
  cpSync(desk, kept, { recursive: true });
}, TIMEOUT_MS);

afterAll(() => {
  rmSync(work, { recursive: true, force: true });
  const left = pages.flatMap(({ path, blocks }) =>
    blocks.flatMap(({ notRun, line }) => (notRun === undefined ? [] : [`${path}:${line}: ${notRun}`])),
  );
  console.log([`NOT RUN   ${left.length} blocks of the documentation`, ...left].join("\n          "));
});

/** Makes the desk what it was when the tutorial ended. A table knows its place by its path: the desk stays where it is. */
function layOut(): void {
  rmSync(desk, { recursive: true });
  cpSync(kept, desk, { recursive: true });
}

/** A folder that looks like a clone to someone who calls `bin/mill`. */
function cloneOnDesk(): string {
  const clone = join(desk, "clone");
  mkdirSync(clone);
  symlinkSync(join(root, "bin"), join(clone, "bin"));
  return clone;
}

function page(path: string): Document {
  const asked = pages.find((candidate) => candidate.path === path);
  if (asked === undefined) throw new Error(`there is no ${path}`);
  return asked;
}

test("no link leads nowhere", () => {
  expect(pages.flatMap((document) => brokenLinks(root, document))).toEqual([]);
});

describe("what a page says can be done", () => {
  // One page alone: `npm test -- e2e/docs.test.ts -t docs/how-to/branches.md`.
  test.each(followed.map(({ path }) => path))(
    "%s",
    async (path) => {
      layOut();
      await followPage(page(path), path === README ? cloneOnDesk() : join(desk, "returns"));
    },
    TIMEOUT_MS,
  );
});

test("what a page shows in TypeScript is well typed", () => {
  layOut();
  const project = join(desk, "returns");
  const shown = followed.flatMap((document) => (checksItself(document) ? [] : typeScriptOf(document)));
  expect(shown).not.toEqual([]);
  for (const { file, text } of shown) {
    mkdirSync(dirname(join(project, file)), { recursive: true });
    writeFileSync(join(project, file), text);
  }
  const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
  const { stdout } = spawnSync(process.execPath, [compiler, "-p", project], { encoding: "utf8", cwd: project });
  // The package's own sources are checked by its own settings, elsewhere.
  expect(stdout.split("\n").filter((line) => /^\w.*error TS/.test(line))).toEqual([]);
});

/** A page that makes tables of its own is to run `mill check` itself; README's project is not the tutorial's. */
function checksItself({ path, blocks }: Document): boolean {
  return path === README || blocks.some(({ language, text }) => language === "sh" && /\bmill check\b/.test(text));
}

/** A page's blocks as files of the project, beside those of the tutorial. What names nothing to import from is given it. */
function typeScriptOf({ path, blocks }: Document): readonly { readonly file: string; readonly text: string }[] {
  return blocks.flatMap(({ language, file, line, text }) => {
    if (language !== "ts") return [];
    const name = `${basename(path, ".md")}-${line}`;
    if (file === undefined) return [{ file: `app/${name}.ts`, text: withImports(text) }];
    return [{ file: join(dirname(file), `${name}-${basename(file)}`), text }];
  });
}

/** What `millwright` exports that is no type. */
const exported = Array.from(
  readFileSync(join(root, "packages", "millwright", "src", "index.ts"), "utf8").matchAll(/^export \{([^}]*)\}/gm),
  ([, names = ""]) => names.split(",").map((name) => name.trim()),
)
  .flat()
  .filter((name) => /^[a-z]\w*$/.test(name));

function withImports(text: string): string {
  const named = exported.filter((name) => new RegExp(`\\b${name}\\(`).test(text));
  if (named.length === 0 || text.includes('from "millwright"')) return `${text}\nexport {};\n`;
  return `import { ${named.join(", ")} } from "millwright";\n${text}\nexport {};\n`;
}
