import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { noPython } from "./interpreter.ts";

const FILES_MAX = 50;

/** What an environment is to have: requirements as pip writes them, or a file of them. */
export type Requirements = readonly string[] | { readonly file: string };

/** What an environment is known by: two of the same text have the same. Throws `inference/no-python`. */
export async function requirementsKey(requirements: Requirements, more: readonly string[]): Promise<string> {
  const texts = "file" in requirements ? await withIncluded(requirements.file) : [requirements.join("\n")];
  const hash = createHash("sha256");
  for (const text of [...texts, ...more]) hash.update(`${text.length}:${text}`);
  return hash.digest("hex").slice(0, 16);
}

/** The text of a file and of those that it includes (`-r`, `-c`). */
async function withIncluded(first: string): Promise<readonly string[]> {
  const files = [resolve(first)];
  const texts: string[] = [];
  for (const file of files) {
    if (files.length > FILES_MAX) throw noPython(`${first} includes more than ${FILES_MAX} files`);
    const text = await readFile(file, "utf8").catch((cause: unknown) => {
      throw noPython(`the requirements cannot be read from ${file}`, cause, "Write the file, or name another.");
    });
    texts.push(text);
    for (const [, included = ""] of text.matchAll(/^\s*(?:-r|-c|--requirement|--constraint)[ =]\s*(\S+)/gm)) {
      const path = resolve(dirname(file), included);
      if (!/^[a-z]+:\/\//.test(included) && !files.includes(path)) files.push(path);
    }
  }
  return texts;
}
