import { fork } from "node:child_process";
import { glob } from "node:fs/promises";
import { join, relative } from "node:path";
import { TEST_VARIABLES, type TestOutcome, type TestsRequest } from "./protocol.ts";

export interface TestPlaces {
  readonly projectDir: string;
  readonly controlUrl: string;
  readonly servingUrl: string;
  /** What `millwright` means to the tests. */
  readonly millwrightUrl: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** The project's test files, in the order of their names. */
export async function testFiles(projectDir: string): Promise<readonly string[]> {
  const found = await Array.fromAsync(glob("tests/**/*.test.ts", { cwd: projectDir }));
  return found.toSorted().map((file) => join(projectDir, file));
}

/** Runs a project's test files with `node:test`, each in a process of its own, against the state that is given. */
export async function runTestFiles(
  places: TestPlaces,
  onOutcome: (outcome: TestOutcome) => void,
): Promise<readonly TestOutcome[]> {
  const files = await testFiles(places.projectDir);
  if (files.length === 0) return [];
  const child = fork(new URL("./tests-child.ts", import.meta.url), {
    cwd: places.projectDir,
    env: {
      PATH: process.env["PATH"] ?? "",
      [TEST_VARIABLES.control]: places.controlUrl,
      [TEST_VARIABLES.serving]: places.servingUrl,
      [TEST_VARIABLES.millwright]: places.millwrightUrl,
    },
    execArgv: ["--disable-warning=ExperimentalWarning"],
    silent: true,
  });
  const outcomes: TestOutcome[] = [];
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4_000)));
  child.on("message", (message: TestOutcome) => {
    const outcome = { ...message, file: relative(places.projectDir, message.file) };
    outcomes.push(outcome);
    onOutcome(outcome);
  });
  const stop = () => child.kill("SIGKILL");
  places.signal.addEventListener("abort", stop);
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  child.send({ files, timeoutMs: places.timeoutMs } satisfies TestsRequest);
  const code = await ended;
  places.signal.removeEventListener("abort", stop);
  if (outcomes.length === 0 && !places.signal.aborted)
    throw new Error(`the tests' process ended with ${code}: ${said}`);
  return outcomes;
}
