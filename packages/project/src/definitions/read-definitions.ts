import { fork, type ChildProcess } from "node:child_process";
import { readdir, stat } from "node:fs/promises";
import type { Socket } from "node:net";
import { join, relative, sep } from "node:path";
import { fromProblem } from "@millwright/kernel";
import { projectErrors } from "../errors.ts";
import type { RawDefinition, ReaderAnswer, ReaderProblem, ReaderRequest } from "./reader-protocol.ts";

/** The folders of a project in which definitions are looked for, in the order of the road. */
const FOLDERS = ["sources", "checks", "features", "training", "services", "monitors", "pipelines"];
const READING_TIMEOUT_MS = 30_000;

export interface ReadOptions {
  readonly projectDir: string;
  readonly millwrightUrl: string;
  /** A process that stands ready to read; one is started when there is none. */
  readonly reader?: StandingReader;
}

/** Reads a project again and again: a process for the next reading may be started ahead, and waits. */
export interface StandingReader {
  /** Has a process stand by. */
  prepare(): void;
  /** The one that stands by, or a new one. */
  take(): ChildProcess;
  close(): void;
}

export function createStandingReader({ projectDir, millwrightUrl }: Omit<ReadOptions, "reader">): StandingReader {
  let ready: ChildProcess | undefined;
  let closed = false;
  const start = () => startReader({ projectDir, millwrightUrl });
  return {
    prepare: () => {
      if (!closed && ready?.connected !== true) ready = start();
    },
    take: () => {
      const taken = ready?.connected === true ? ready : start();
      ready = undefined;
      return taken;
    },
    close: () => {
      closed = true;
      ready?.kill("SIGKILL");
    },
  };
}

/**
 * Reads a project's definition files in a process of their own, so that a file that loops, crashes or keeps state
 * harms nobody, and a changed one is read anew. Throws `project/unreadable-definition` with the first bad file's place.
 */
export async function readDefinitions({
  projectDir,
  millwrightUrl,
  reader,
}: ReadOptions): Promise<readonly RawDefinition[]> {
  const files = await definitionFiles(projectDir);
  const child = reader === undefined ? startReader({ projectDir, millwrightUrl }) : reader.take();
  const { definitions, problems } = await askReader(child, { projectDir, files, millwrightUrl });
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
  const project = await stat(main).catch(() => undefined);
  if (project?.isFile() !== true) {
    throw projectErrors.create("project/not-found", { because: `${projectDir} has no millwright.ts` });
  }
  const found = await Promise.all(FOLDERS.map((folder) => filesBelow(join(projectDir, folder))));
  return [main, ...found.flat()];
}

/** A folder's definition files in the order of their names; none where there is no such folder. */
async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => !entry.isDirectory())
    .map(({ parentPath, name }) => relative(folder, join(parentPath, name)))
    .filter(isDefinitionFile)
    .toSorted()
    .map((file) => join(folder, file));
}

function isDefinitionFile(file: string): boolean {
  const isHidden = file.split(sep).some((part) => part.startsWith("."));
  return /(?<!\.d|\.test)\.ts$/.test(file) && !isHidden && !file.includes("node_modules");
}

/** Starts a process that reads once. It loads `millwright` at once, and ends with its parent. */
function startReader({ projectDir, millwrightUrl }: Omit<ReadOptions, "reader">): ChildProcess {
  const child = fork(new URL("./reader-child.ts", import.meta.url), [millwrightUrl], {
    cwd: projectDir,
    // The user's files see no variable of this process but the ones that any program needs.
    env: { PATH: process.env["PATH"] ?? "", NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"] ?? "" },
    execArgv: ["--disable-warning=ExperimentalWarning", "--max-old-space-size=512"],
    silent: true,
  });
  // It must not keep alive who only has it stand by.
  child.unref();
  child.channel?.unref();
  for (const stream of [child.stdout, child.stderr]) (stream as Socket | null)?.unref();
  return child;
}

function askReader(child: ChildProcess, request: ReaderRequest): Promise<ReaderAnswer> {
  child.ref();
  child.channel?.ref();
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
