import { mkdirSync } from "node:fs";
import { resolve } from "node:path";
import { checkBranchName } from "@millwright/lakehouse";
import { acquireProjectLock, mapIoError, type CommandCall } from "@millwright/platform";
import { checkProject, findProject, loadProject, type Project } from "@millwright/project";
import { branchPaths, compose, installation, statePaths, type Platform, type StatePaths } from "@millwright/server";

export interface Session {
  readonly project: Project;
  readonly paths: StatePaths;
  readonly platform: Platform;
}

/** The folder that `--project` names, else the nearest upwards that is a project. */
export function projectDirOf(call: CommandCall): Promise<string> {
  const { project } = call.options;
  return findProject(resolve(typeof project === "string" ? project : "."));
}

/** Opens the project and its platform for one command, and closes them whatever happens. */
export async function withSession<Result>(
  call: CommandCall,
  work: (session: Session) => Promise<Result>,
): Promise<Result> {
  const projectDir = await projectDirOf(call);
  const project = await loadProject({ projectDir, millwrightUrl: installation().millwrightUrl });
  const paths = statePaths(projectDir);
  const platform = await compose(project, paths);
  try {
    return await work({ project, paths, platform });
  } finally {
    await platform.close();
  }
}

/**
 * Opens a session that may change the project, or one branch of it, which is made when there is none: it holds the lock.
 * A branch has a lock of its own: it may be worked on beside main.
 */
export async function withLock<Result>(
  call: CommandCall,
  work: (session: Session) => Promise<Result>,
  { branch }: { readonly branch?: string | undefined } = {},
): Promise<Result> {
  const projectDir = await projectDirOf(call);
  const main = statePaths(projectDir);
  const paths = branch === undefined ? main : branchPaths(main, checkBranchName(branch));
  try {
    mkdirSync(paths.lock, { recursive: true });
  } catch (error) {
    throw mapIoError(error);
  }
  const lock = acquireProjectLock(paths.lock);
  try {
    const project = await loadProject({ projectDir, millwrightUrl: installation().millwrightUrl });
    checkProject(project);
    const platform = await compose(
      project,
      paths,
      branch === undefined ? { exclusive: true } : { branch, makesBranch: true },
    );
    try {
      return await work({ project, paths, platform });
    } finally {
      await platform.close();
    }
  } finally {
    lock.release();
  }
}
