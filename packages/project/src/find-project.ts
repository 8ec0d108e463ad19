import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { projectErrors } from "./errors.ts";

/** The nearest folder upwards that has a `millwright.ts`. Throws `project/not-found`. */
export async function findProject(from: string): Promise<string> {
  for (let folder = from; ; folder = dirname(folder)) {
    const found = await readFile(join(folder, "millwright.ts")).then(
      () => true,
      () => false,
    );
    if (found) return folder;
    if (dirname(folder) === folder)
      throw projectErrors.create("project/not-found", {
        because: `neither ${from} nor a folder above it has a millwright.ts`,
      });
  }
}
