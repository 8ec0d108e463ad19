import { fork } from "node:child_process";
import { glob, stat } from "node:fs/promises";
import { join } from "node:path";
import { fromProblem } from "@millwright/kernel";
import { projectErrors } from "../errors.ts";
import type { RawDefinition, ReaderAnswer, ReaderProblem, ReaderRequest } from "./reader-protocol.ts";

/** The folders of a project in which definitions are looked for, in the order of the road. */
const FOLDERS = ["sources", "checks", "features", "training", "services", "monitors", "pipelines"];
const READING_TIMEOUT_MS = 30_000;

export interface ReadOptions {
  readonly projectDir: string;
  readonly millwrightUrl: string;
}

/**
 * Reads a project's definition files in a process of their own, so that a file that loops, crashes or keeps state
 * harms nobody, and a changed one is read anew. Throws `project/unreadable-definition` with the first bad file's place.
 */
export async function readDefinitions({ projectDir, millwrightUrl }: ReadOptions): Promise<readonly RawDefinition[]> {
  const files = await definitionFiles(projectDir);
  const { definitions, problems } = await askReader({ projectDir, files, millwrightUrl });
  if (problems.length === 0) return definitions;
  throw problemsAsError(problems);
}

/** The first problem, with the others as its details. One file that several import is told once. */
function problemsAsError(problems: readonly ReaderProblem[]): Error {
  const told = new Map(problems.map((problem) => [`${placeOf(problem)}: ${problem.message}`, problem]));
  const [[because, first] = ["", undefined], ...others] = told;
  const { file = "", line, column, known } = first ?? {};
  const where = {
    file,
    ...(line === undefined ? {} : { line }),
    ...(column === undefined ? {} : { column }),
  };
  if (known !== undefined)
    return fromProblem({ ...known, detail: `${placeOf({ file, line })}: ${known.detail}`, where });
  return projectErrors.create("project/unreadable-definition", {
    because,
    where,
    ...(others.length === 0 ? {} : { details: { others: others.map(([text]) => text) } }),
  });
}

function placeOf({ file, line }: { readonly file: string; readonly line?: number | undefined }): string {
  return line === undefined ? file : `${file}:${line}`;
}

async function definitionFiles(projectDir: string): Promise<readonly string[]> {
  const main = join(projectDir, "millwright.ts");
  const found = await stat(main).catch(() => undefined);
  if (found?.isFile() !== true) {
    throw projectErrors.create("project/not-found", { because: `${projectDir} has no millwright.ts` });
  }
  const files: string[] = [];
  for (const folder of FOLDERS) {
    const pattern = `${folder}/**/*.ts`;
    const matches = await Array.fromAsync(glob(pattern, { cwd: projectDir }));
    files.push(
      ...matches
        .filter(isDefinitionFile)
        .toSorted()
        .map((file) => join(projectDir, file)),
    );
  }
  return [main, ...files];
}

function isDefinitionFile(file: string): boolean {
  return !file.endsWith(".d.ts") && !file.endsWith(".test.ts") && !file.includes("node_modules");
}

function askReader(request: ReaderRequest): Promise<ReaderAnswer> {
  const child = fork(new URL("./reader-child.ts", import.meta.url), {
    cwd: request.projectDir,
    // The user's files see no variable of this process but the ones that any program needs.
    env: { PATH: process.env["PATH"] ?? "", NODE_COMPILE_CACHE: "" },
    execArgv: ["--disable-warning=ExperimentalWarning", "--max-old-space-size=512"],
    silent: true,
  });
  let output = "";
  child.stdout?.on("data", (chunk: Buffer) => (output = (output + chunk.toString()).slice(-4_000)));
  child.stderr?.on("data", (chunk: Buffer) => (output = (output + chunk.toString()).slice(-4_000)));
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      reject(unreadable(`the definitions took longer than ${READING_TIMEOUT_MS / 1_000} s to read`));
    }, READING_TIMEOUT_MS);
    child.once("message", (reply: ReaderAnswer) => {
      clearTimeout(timer);
      resolve(reply);
    });
    child.once("exit", (code) => {
      clearTimeout(timer);
      reject(unreadable(`the reading process ended with ${code ?? "a signal"}: ${output.trim().slice(-500)}`));
    });
    child.send(request);
  });
}

function unreadable(because: string): Error {
  return projectErrors.create("project/unreadable-definition", { because });
}
