import { access, constants } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { isMillError } from "@millwright/kernel";
import { findProject } from "@millwright/project/find-project";
import { pythonEnvironment } from "@millwright/serving/adapters/python-environment";
import type { PythonPlace } from "@millwright/serving/adapters/python-model";
import { installation } from "./installation.ts";
import { projectPython } from "./project-python.ts";

export interface FolderPythonOptions {
  /** Holds the models; undefined where they lie elsewhere. */
  readonly folder: string | undefined;
  /** An interpreter, or an environment's folder. */
  readonly python?: string | undefined;
  readonly onProgress?: ((message: string) => void) | undefined;
}

const REQUIREMENTS = "requirements.txt";

/**
 * Where a folder's Python models run: as is told, else by the folder's `requirements.txt`, else by the settings of the
 * project that it lies in, else the Python of the path. Nothing is looked at before a model asks, and then once.
 */
export function folderPython(options: FolderPythonOptions): () => Promise<PythonPlace> {
  let found: Promise<PythonPlace> | undefined;
  return () => {
    found ??= find(options).catch((error: unknown) => {
      found = undefined;
      throw error;
    });
    return found;
  };
}

async function find({ folder, python, onProgress }: FolderPythonOptions): Promise<PythonPlace> {
  const path = process.env["PATH"] ?? "";
  if (python === undefined && folder !== undefined) {
    const file = join(folder, REQUIREMENTS);
    if (await may(file, constants.R_OK)) {
      const kept = await environmentsOf(folder);
      const { interpreter } = pythonEnvironment({ requirements: { file }, folder: kept, path, onProgress });
      return { interpreter, workers: 1 };
    }
    const own = await projectAround(folder);
    if (own !== undefined) return projectPython({ ...own, path, onProgress });
  }
  const { interpreter } = pythonEnvironment({ python, folder: await environmentsOf(folder), path });
  return { interpreter, workers: 1 };
}

/** The Python of the project that a folder lies in, where it has any. */
async function projectAround(folder: string) {
  try {
    const projectDir = await findProject(folder);
    // What reads projects is loaded where there is one.
    const { loadProject } = await import("@millwright/project");
    const { settings } = await loadProject({ projectDir, millwrightUrl: installation().millwrightUrl });
    return settings.python === undefined ? undefined : { projectDir, python: settings.python };
  } catch (error) {
    if (isMillError(error) && error.code === "project/not-found") return undefined;
    throw error;
  }
}

/** In the folder of models, where it can be written to. */
async function environmentsOf(folder: string | undefined): Promise<string> {
  if (folder !== undefined && (await may(folder, constants.W_OK))) return join(folder, ".mill", "python");
  return join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "millwright", "python");
}

function may(path: string, how: number): Promise<boolean> {
  return access(path, how).then(
    () => true,
    () => false,
  );
}
