import { mkdirSync } from "node:fs";
import { resolve } from "node:path";
import { acquireProjectLock, mapIoError, type CommandCall } from "@millwright/platform";
import { checkProject, findProject, loadProject, type Project } from "@millwright/project";
import { compose, installation, statePaths, type Platform, type StatePaths } from "@millwright/server";

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

/** Opens a session that may change the project: it holds the lock. */
export async function withLock<Result>(
  call: CommandCall,
  work: (session: Session) => Promise<Result>,
): Promise<Result> {
  const projectDir = await projectDirOf(call);
  const paths = statePaths(projectDir);
  try {
    mkdirSync(paths.root, { recursive: true });
  } catch (error) {
    throw mapIoError(error);
  }
  const lock = acquireProjectLock(paths.root);
  try {
    const project = await loadProject({ projectDir, millwrightUrl: installation().millwrightUrl });
    checkProject(project);
    const platform = await compose(project, paths, { exclusive: true });
    try {
      return await work({ project, paths, platform });
    } finally {
      await platform.close();
    }
  } finally {
    lock.release();
  }
}
