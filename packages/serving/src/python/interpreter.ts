import { access, constants, stat } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { inferenceErrors } from "../inference/errors.ts";

/** The interpreter at a path: of an environment's folder its own, else the file. Throws `inference/no-python`. */
export async function interpreterAt(path: string): Promise<string> {
  const found = await stat(path).catch((cause: unknown) => {
    throw noPython(`there is nothing at ${path}`, cause);
  });
  const file = found.isDirectory() ? join(path, "bin", "python") : path;
  if (await isExecutable(file)) return file;
  throw noPython(`${file} is no program`);
}

/** The first of these programs that PATH has. */
export async function onPath(names: readonly string[], path: string): Promise<string | undefined> {
  for (const name of names)
    for (const folder of path.split(delimiter))
      if (folder !== "" && (await isExecutable(join(folder, name)))) return join(folder, name);
  return undefined;
}

function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}

export function noPython(because: string, cause?: unknown, remedy?: string): Error {
  return inferenceErrors.create("inference/no-python", {
    because,
    ...(cause === undefined ? {} : { cause }),
    ...(remedy === undefined ? {} : { remedy }),
  });
}
