import { execFile } from "node:child_process";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { projectErrors } from "../errors.ts";

/** One message of the TypeScript compiler. `file` is relative to the project; line and column count from 1. */
export interface TypeProblem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly code: string;
  readonly message: string;
}

export interface TypeCheckOptions {
  readonly projectDir: string;
  /** The compiler's entry, `typescript/bin/tsc`. */
  readonly compiler: string;
  readonly timeoutMs?: number;
}

/** Compiles the project's own TypeScript against its generated types. Empty when all holds. */
export async function checkTypes({
  projectDir,
  compiler,
  timeoutMs = 120_000,
}: TypeCheckOptions): Promise<readonly TypeProblem[]> {
  const config = join(projectDir, "tsconfig.json");
  const own = await stat(config).catch(() => undefined);
  const chosen = own === undefined ? join(projectDir, ".mill", "tsconfig.json") : config;
  const output = await compile(compiler, ["-p", chosen, "--noEmit", "--pretty", "false"], { projectDir, timeoutMs });
  // Millwright's own sources, where `millwright` means a clone of it, are held by its own checks.
  return output
    .split("\n")
    .flatMap(problemIn)
    .filter(({ file }) => !file.startsWith("../"));
}

/** The same, as one error that names each line. */
export async function requireTypes(options: TypeCheckOptions): Promise<void> {
  const problems = await checkTypes(options);
  const [first] = problems;
  if (first === undefined) return;
  throw projectErrors.create("project/types-do-not-hold", {
    because: problems
      .slice(0, 20)
      .map(({ file, line, column, code, message }) => `\n  ${file}(${line},${column}): ${code}: ${message}`)
      .join(""),
    where: { file: first.file, line: first.line, column: first.column },
    details: { problems },
  });
}

function compile(
  compiler: string,
  args: readonly string[],
  { projectDir, timeoutMs }: { readonly projectDir: string; readonly timeoutMs: number },
): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { cwd: projectDir, timeout: timeoutMs, maxBuffer: 16 * 1024 * 1024 };
    execFile(process.execPath, [compiler, ...args], options, (error, stdout, stderr) => {
      // tsc ends with 1 or 2 when it found errors; anything without messages is a failure of its own.
      if (error === null || /error TS\d+/.test(stdout)) resolve(stdout);
      else reject(new Error(`tsc failed: ${stderr.slice(-500)}${stdout.slice(-500)}`, { cause: error }));
    });
  });
}

function problemIn(line: string): readonly TypeProblem[] {
  const match = /^(.+?)\((\d+),(\d+)\): error (TS\d+): (.*)$/.exec(line);
  if (match === null) return [];
  const [, file = "", row = "1", column = "1", code = "", message = ""] = match;
  return [{ file, line: Number(row), column: Number(column), code, message }];
}
