import { join } from "node:path";

/** Where a project's state lies, all of it below `.mill`. */
export interface StatePaths {
  readonly root: string;
  /** What this process holds while it changes the project, or one branch of it. */
  readonly lock: string;
  readonly metadata: string;
  /** Of the files below: what a metadata database that lies elsewhere is bound to. */
  readonly idFile: string;
  readonly lake: string;
  readonly scratch: string;
  readonly temp: string;
  readonly artifacts: string;
  readonly compiled: string;
  readonly logs: string;
  readonly online: string;
  readonly predictions: string;
  readonly deployment: string;
  readonly runFile: string;
}

export function statePaths(projectDir: string): StatePaths {
  const root = join(projectDir, ".mill");
  return {
    root,
    lock: root,
    metadata: join(root, "metadata.db"),
    idFile: join(root, "id"),
    lake: join(root, "lake"),
    scratch: join(root, "scratch"),
    temp: join(root, "tmp"),
    artifacts: join(root, "artifacts"),
    compiled: join(root, "compiled"),
    logs: join(root, "logs"),
    online: join(root, "online.db"),
    predictions: join(root, "serving", "predictions"),
    deployment: join(root, "serving", "deployment.json"),
    runFile: join(root, "run.json"),
  };
}

/** The same for a branch: what its runs leave beside the tables lies in a folder of its own, and so does its lock. */
export function branchPaths(paths: StatePaths, branch: string): StatePaths {
  const root = join(paths.root, "branches", branch);
  return { ...paths, lock: root, scratch: join(root, "scratch"), compiled: join(root, "compiled") };
}
