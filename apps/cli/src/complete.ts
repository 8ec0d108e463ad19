import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { complete, type KnownNames } from "@millwright/platform/completion";
import { commandIndex } from "./generated/command-index.ts";

/** What the shells' scripts ask: a line for each thing that the last word may become. */
export function completeWords(words: readonly string[]): string {
  const named = words.indexOf("--project");
  const from = resolve(named === -1 ? "." : (words[named + 1] ?? "."));
  return complete({ commands: commandIndex, words, names: namesFrom(from) })
    .map((word) => `${word}\n`)
    .join("");
}

/** The names that the nearest project upwards had when its types were last made. */
function namesFrom(folder: string): KnownNames {
  if (existsSync(join(folder, "millwright.ts"))) {
    try {
      return JSON.parse(readFileSync(join(folder, ".mill", "generated", "names.json"), "utf8")) as KnownNames;
    } catch {
      return {};
    }
  }
  return dirname(folder) === folder ? {} : namesFrom(dirname(folder));
}
