import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Logger } from "@millwright/kernel";
import { acquireProjectLock, createFileLogger, mapIoError, type CommandCall } from "@millwright/platform";
import { findProject } from "@millwright/project/find-project";
import { branchPaths, statePaths, type StatePaths } from "@millwright/server/paths";

// Little is loaded here: what a command starts beside itself need not wait for the rest.

/** A project, or one branch of it, that this process alone may change. */
export interface HeldProject {
  readonly projectDir: string;
  readonly branch: string | undefined;
  readonly paths: StatePaths;
  readonly logger: Logger;
}

/** The folder that `--project` names, else the nearest upwards that is a project. */
export function projectDirOf(call: CommandCall): Promise<string> {
  const { project } = call.options;
  return findProject(resolve(typeof project === "string" ? project : "."));
}

/**
 * Holds the lock of a project while something works on it. A branch has a lock of its own: it may be worked on beside
 * main.
 */
export async function holdProject<Result>(
  call: CommandCall,
  work: (held: HeldProject) => Promise<Result>,
  { branch }: { readonly branch?: string | undefined } = {},
): Promise<Result> {
  const projectDir = await projectDirOf(call);
  const main = statePaths(projectDir);
  const paths = branch === undefined ? main : await pathsOf(main, branch);
  try {
    mkdirSync(paths.lock, { recursive: true });
  } catch (error) {
    throw mapIoError(error);
  }
  const lock = acquireProjectLock(paths.lock);
  try {
    return await work({ projectDir, branch, paths, logger: createFileLogger({ path: join(paths.logs, "mill.log") }) });
  } finally {
    lock.release();
  }
}

async function pathsOf(main: StatePaths, branch: string): Promise<StatePaths> {
  const { checkBranchName } = await import("@millwright/lakehouse");
  return branchPaths(main, checkBranchName(branch));
}
