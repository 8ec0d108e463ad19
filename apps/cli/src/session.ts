import type { CommandCall } from "@millwright/platform";
import { checkProject, loadProject, type Project, type StandingReader } from "@millwright/project";
import { compose, installation, statePaths, type Platform, type StatePaths } from "@millwright/server";
import { holdProject, projectDirOf, type HeldProject } from "./hold-project.ts";

export interface Session {
  readonly project: Project;
  readonly paths: StatePaths;
  readonly platform: Platform;
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

/** Opens a session that may change the project, or one branch of it, which is made when there is none: it holds the lock. */
export function withLock<Result>(
  call: CommandCall,
  work: (session: Session) => Promise<Result>,
  options: { readonly branch?: string | undefined } = {},
): Promise<Result> {
  return holdProject(
    call,
    async (held) => {
      const session = await openSession(held);
      try {
        return await work(session);
      } finally {
        await session.platform.close();
      }
    },
    options,
  );
}

/** Reads and checks a project that is held, and puts its platform together, which the caller closes. */
export async function openSession(
  { projectDir, branch, paths, logger }: HeldProject,
  reader?: StandingReader,
): Promise<Session> {
  const { millwrightUrl } = installation();
  const project = await loadProject({ projectDir, millwrightUrl, ...(reader === undefined ? {} : { reader }) });
  checkProject(project);
  const onBranch = branch === undefined ? { exclusive: true } : { branch, makesBranch: true };
  return { project, paths, platform: await compose(project, paths, { ...onBranch, logger }) };
}
