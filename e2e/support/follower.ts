import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { missingLines, type Block, type Document } from "./documents.ts";
import { findMeans } from "./means.ts";
import { end, millUp, type Up } from "./project.ts";

const root = join(import.meta.dirname, "..", "..");

/** Where someone follows a page: in one shell, with `mill` on its path. */
interface Walk {
  readonly folder: string;
  /** What the last block of commands printed, for the expected output behind it. */
  said: string | undefined;
  /** The `mill up` that the page has started. */
  up: Up | undefined;
}

/** Does what a page says, block by block from a folder on, and ends what it started. Throws with the line where it goes wrong. */
export async function followPage(page: Document, folder: string): Promise<void> {
  const walk: Walk = { folder, said: undefined, up: undefined };
  rmSync(stateFile(walk), { force: true });
  try {
    for (const block of page.blocks) await followBlock(walk, block).catch((error: unknown) => fail(page, block, error));
  } finally {
    if (walk.up !== undefined) await end(walk.up);
  }
}

function fail({ path }: Document, { line }: Block, error: unknown): never {
  throw new Error(`${path}:${line}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
}

async function followBlock(walk: Walk, block: Block): Promise<void> {
  const { said } = walk;
  walk.said = undefined;
  if (block.notRun !== undefined) return parseOnly(block);
  if (block.file !== undefined) return writeFile(walk, block);
  switch (block.language) {
    case "sh":
      walk.said = await runCommands(walk, block.text);
      return;
    case "text":
      return compare(block.text, said);
    case "sql":
      walk.said = await shell(walk, `mill sql "$(cat <<'SQL'\n${block.text}\nSQL\n)"`);
      return;
    case "json":
      JSON.parse(block.text);
      return;
    case "python":
      walk.said = await python(walk, block.text);
      return;
    case "ts":
      // No file: it is type-checked with those of all pages.
      return;
    default:
      throw new Error(`nobody knows how to run a block of ${block.language || "no language"}`);
  }
}

/** What cannot be run here must at the least be what it says it is. */
function parseOnly({ language, text }: Block): void {
  // It is type-checked with those of all pages.
  if (language === "ts") return;
  const parser = parsers[language];
  if (parser === undefined) throw new Error("only a program may be left out; name the file that the block is");
  const [command, ...args] = parser;
  const { status, stderr, error } = spawnSync(command, args, { input: text, encoding: "utf8" });
  if (error === undefined && status !== 0) throw new Error(stderr);
}

const parsers: Readonly<Record<string, readonly [string, ...string[]]>> = {
  sh: ["bash", "-n"],
  python: ["python3", "-c", "import ast, sys; ast.parse(sys.stdin.read())"],
};

/** In the environment with other systems' clients, where there is one: the tests' report says aloud when there is none. */
async function python(walk: Walk, text: string): Promise<string | undefined> {
  const { python: program } = findMeans({ root, path: process.env["PATH"] ?? "" });
  return program === undefined ? undefined : shell(walk, `${program} - <<'PYTHON'\n${text}\nPYTHON`);
}

function compare(expected: string, said: string | undefined): void {
  if (said === undefined) throw new Error("an output without commands right before it");
  const missing = missingLines(expected, said);
  if (missing.length > 0) throw new Error(`not printed: ${missing.join("\n")}\nbut: ${said}`);
}

function writeFile(walk: Walk, { file = "", text }: Block): void {
  const path = join(placeOf(walk), file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, onPorts(walk, text));
}

/** Runs the lines up to a `mill up`, which goes on beside the rest of the page. */
async function runCommands(walk: Walk, text: string): Promise<string> {
  const [before = "", after] = text.split(/^mill up$/m);
  const printed = before.trim() === "" ? "" : await shell(walk, before);
  if (after === undefined) return printed;
  if (after.trim() !== "") throw new Error("`mill up` stays: it is the last line of its block");
  if (walk.up !== undefined) await end(walk.up);
  walk.up = await millUp(placeOf(walk));
  await walk.up.road;
  return printed;
}

/** Runs commands where the last ones ended, with the variables that they left. Both streams are one, as in a terminal. */
async function shell(walk: Walk, commands: string): Promise<string> {
  const state = stateFile(walk);
  const script = `exec 2>&1; [ -f ${state} ] && . ${state}; set -e\n${onPorts(walk, commands)}\n{ export -p; echo "cd '$PWD'"; } >${state}\n`;
  const child = spawn("bash", ["-c", script], {
    cwd: walk.folder,
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, PATH: [join(root, "bin"), process.env["PATH"]].join(delimiter), TZ: "UTC" },
  });
  let printed = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (printed += text));
  const status = await new Promise((resolve) => child.once("close", resolve));
  if (status !== 0) throw new Error(`exit ${String(status)}: ${printed}`);
  return printed;
}

/** The addresses that the pages name, as those of the `mill up` that runs. */
function onPorts({ up }: Walk, text: string): string {
  if (up === undefined) return text;
  return text
    .replaceAll("127.0.0.1:8080", `127.0.0.1:${up.port}`)
    .replaceAll("127.0.0.1:4400", `127.0.0.1:${up.controlPort}`);
}

/** The folder in which the shell stands. */
function placeOf(walk: Walk): string {
  const state = stateFile(walk);
  const left = existsSync(state) ? readFileSync(state, "utf8") : "";
  return /^cd '(.*)'$/m.exec(left)?.[1] ?? walk.folder;
}

function stateFile({ folder }: Walk): string {
  return `${folder}.shell`;
}
