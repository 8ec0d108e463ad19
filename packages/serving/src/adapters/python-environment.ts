import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { interpreterAt, noPython, onPath } from "../python/interpreter.ts";
import { keep, keepUsed, keptAt, removeUnused, UNUSED_DAYS } from "../python/kept-environments.ts";
import { requirementsKey, type Requirements } from "../python/requirements.ts";

/** Which Python models run in: an interpreter that is there, or an environment made of requirements. */
export interface PythonEnvironmentOptions {
  /** An interpreter, or the folder of an environment. */
  readonly python?: string | undefined;
  readonly requirements?: Requirements | undefined;
  /** Of the interpreter that an environment is made with, as in 3.11. */
  readonly version?: string | undefined;
  /** Where environments are kept. */
  readonly folder: string;
  /** Where programs are looked for. */
  readonly path: string;
  readonly onProgress?: ((message: string) => void) | undefined;
}

export interface PythonEnvironment {
  /** The interpreter; its environment is made where it is not there yet, once for all who ask. Throws `inference/no-python`. */
  readonly interpreter: () => Promise<string>;
  /** What there is, for people: an interpreter's path, and whether it has still to be made. */
  readonly describe: () => Promise<string>;
}

/** What every environment has, since tensors are numpy's arrays. */
const ALWAYS = ["numpy"];
const INSTALL_MS_MAX = 1_800_000;
const SAID_MAX = 20;

/** The environment of a project or a folder of models, kept by what it is made of. */
export function pythonEnvironment(options: PythonEnvironmentOptions): PythonEnvironment {
  const made = new Map<string, Promise<string>>();
  if (options.requirements !== undefined) keepUsed(options.folder, () => made.keys().next().value);
  return {
    interpreter: async () => {
      // A file of requirements may be another by now.
      const key = await keyOf(options);
      const found =
        made.get(key) ??
        findOrMake(options, key).catch((error: unknown) => {
          // It may be mended meanwhile: the next who asks tries again.
          made.delete(key);
          throw error;
        });
      made.clear();
      made.set(key, found);
      return found;
    },
    describe: async () => {
      if (options.requirements === undefined) return findInterpreter(options);
      const kept = await keptAt(options.folder, await keyOf(options));
      return kept ?? "to be made from its requirements, when the first model asks for it";
    },
  };
}

async function findOrMake(options: PythonEnvironmentOptions, key: string): Promise<string> {
  if (options.requirements === undefined) return findInterpreter(options);
  const kept = await keptAt(options.folder, key);
  if (kept !== undefined) return kept;
  const removed = await removeUnused(options.folder);
  if (removed > 0)
    options.onProgress?.(
      `Python environment: ${removed} not used for ${UNUSED_DAYS} days removed from ${options.folder}`,
    );
  return make(options, key);
}

async function findInterpreter({ python, version, path }: PythonEnvironmentOptions): Promise<string> {
  if (python !== undefined && (python.includes("/") || existsSync(python))) return interpreterAt(resolve(python));
  const names = python === undefined ? namesOf(version) : [python];
  const found = await onPath(names, path);
  if (found !== undefined) return found;
  throw noPython(`there is no ${names.join(" or ")} on PATH`);
}

function namesOf(version: string | undefined): readonly string[] {
  return version === undefined ? ["python3", "python"] : [`python${version}`];
}

function keyOf({ requirements = [], version = "", python = "" }: PythonEnvironmentOptions): Promise<string> {
  return requirementsKey(requirements, [version, python, ...ALWAYS]);
}

/**
 * Makes it in a folder of its own, whose name is written down once it is whole: what ends in between, or goes on beside it,
 * does no harm.
 */
async function make(options: PythonEnvironmentOptions, key: string): Promise<string> {
  const { folder, path, requirements = [] } = options;
  const name = `${key}-${process.pid}-${randomUUID().slice(0, 8)}`;
  const place = join(folder, name);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const listed = join(folder, `${name}.txt`);
  const isFile = "file" in requirements;
  if (!isFile) await writeFile(listed, `${requirements.join("\n")}\n`);
  const file = isFile ? requirements.file : listed;
  try {
    for (const [program, ...args] of await steps(options, place, file))
      await run(program, args, { cwd: dirname(file), path, onProgress: options.onProgress });
    await keep(folder, key, name);
  } catch (error) {
    await rm(place, { recursive: true, force: true });
    throw error;
  } finally {
    await rm(listed, { force: true });
  }
  return interpreterAt(place);
}

type Step = readonly [program: string, ...args: string[]];

/** uv where it is there, since it takes a tenth of the time; else Python's own means. */
async function steps(options: PythonEnvironmentOptions, place: string, file: string): Promise<readonly Step[]> {
  const { version, python, path } = options;
  const uv = await onPath(["uv"], path);
  const inside = join(place, "bin", "python");
  if (uv !== undefined) {
    const wanted = python ?? version;
    return [
      [uv, "venv", "--quiet", ...(wanted === undefined ? [] : ["--python", wanted]), place],
      [uv, "pip", "install", "--python", inside, "-r", file, ...ALWAYS],
    ];
  }
  const base = await findInterpreter(options);
  return [
    [base, "-m", "venv", place],
    [inside, "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "-r", file, ...ALWAYS],
  ];
}

interface Run {
  readonly cwd: string;
  readonly path: string;
  readonly onProgress: PythonEnvironmentOptions["onProgress"];
}

function run(program: string, args: readonly string[], { cwd, path, onProgress }: Run): Promise<void> {
  onProgress?.(`Python environment: ${[program, ...args].join(" ")}`);
  return new Promise((done, reject) => {
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, PATH: path },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: INSTALL_MS_MAX,
      killSignal: "SIGKILL",
    });
    const said: string[] = [];
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => {
        const lines = text.split("\n").filter((line) => line.trim() !== "");
        said.push(...lines);
        said.splice(0, said.length - SAID_MAX);
        const last = lines.at(-1);
        if (last !== undefined) onProgress?.(`Python environment: ${last.trim().slice(0, 200)}`);
      });
    child.once("error", (cause) => reject(noPython(`${program} cannot be started`, cause)));
    child.once("close", (code, signal) => {
      if (code === 0) done();
      else reject(notMade(said, signal ?? `it ended with ${code}`));
    });
  });
}

function notMade(said: readonly string[], how: string): Error {
  const told = said.findLast((line) => /^\s*(?:error|×)/i.test(line)) ?? said.at(-1) ?? how;
  return noPython(
    `its environment could not be made from its requirements: ${told.trim().slice(0, 400)}`,
    new Error(said.join("\n")),
    "Mend the requirements, or name an environment that is there: `mill serve DIR --python .venv`.",
  );
}
