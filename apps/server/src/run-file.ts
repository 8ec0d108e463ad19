import { readFile, rm } from "node:fs/promises";
import { writeFileDurably } from "@millwright/platform";
import type { StatePaths } from "./paths.ts";

/** What a running `mill up` tells other commands: `.mill/run.json`. */
export interface RunFile {
  readonly pid: number;
  readonly controlPort: number;
  readonly restPort: number;
  readonly grpcPort: number | null;
}

export async function writeRunFile(paths: StatePaths, file: RunFile): Promise<void> {
  await writeFileDurably(paths.runFile, `${JSON.stringify(file)}\n`);
}

export async function removeRunFile(paths: StatePaths): Promise<void> {
  await rm(paths.runFile, { force: true });
}

const ANSWER_WITHIN_MS = 2_000;
/** One whose process is there may have its hands full. */
const BUSY_ANSWER_WITHIN_MS = 15_000;

/** The project's `mill up`, if it is there and answers: a file that a killed one left says nothing. */
export async function findRunning(paths: StatePaths): Promise<RunFile | undefined> {
  const text = await readFile(paths.runFile, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const file = JSON.parse(text) as RunFile;
  const status = await fetch(`http://127.0.0.1:${file.controlPort}/api/v1/status`, {
    signal: AbortSignal.timeout(isAlive(file.pid) ? BUSY_ANSWER_WITHIN_MS : ANSWER_WITHIN_MS),
  }).then(
    async (response) => (response.ok ? ((await response.json()) as { up: { pid: number } | null }) : undefined),
    () => undefined,
  );
  return status?.up?.pid === file.pid ? file : undefined;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
