import { access, constants } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { pythonEnvironment, type PythonEnvironment } from "@millwright/serving/adapters/python-environment";

export interface FolderPythonOptions {
  /** Holds the models; undefined where they lie elsewhere. */
  readonly folder: string | undefined;
  /** An interpreter, or an environment's folder; without it, `requirements.txt` in the folder of models, else PATH. */
  readonly python?: string | undefined;
  readonly onProgress?: ((message: string) => void) | undefined;
}

const REQUIREMENTS = "requirements.txt";

/** The environment in which a folder's Python models run. */
export async function folderPython({ folder, python, onProgress }: FolderPythonOptions): Promise<PythonEnvironment> {
  const path = process.env["PATH"] ?? "";
  const file = join(folder ?? "", REQUIREMENTS);
  const isListed = python === undefined && folder !== undefined && (await may(file, constants.R_OK));
  return pythonEnvironment({
    python,
    requirements: isListed ? { file } : undefined,
    folder: await environmentsOf(folder),
    path,
    onProgress,
  });
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
