import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ErrorPlace } from "@millwright/kernel";
import { LineCounter, parseDocument, type ScalarTag, type Tags } from "yaml";
import { transformationErrors } from "../errors.ts";
import { recordOf, type Plain } from "./plain.ts";

const ALIASES_MAX = 100;

/** Reads a YAML file below a folder; one that is not there is empty. Throws `transformation/project-file` with the line. */
export async function readYamlFile(folder: string, path: string): Promise<Plain> {
  const text = await readFile(join(folder, path), "utf8").catch(() => "");
  return parseYaml(text, path);
}

/** Parses a YAML document as YAML 1.1 has it (`yes` and `on` are booleans), which is what dbt reads. */
function parseYaml(text: string, path: string): Plain {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    version: "1.1",
    merge: true,
    customTags: withoutLetters,
  });
  const [problem] = document.errors;
  if (problem !== undefined) {
    const { line, col } = lines.linePos(problem.pos[0]);
    throw projectFile(`${path}:${line}: ${problem.message.split("\n")[0]}`, { file: path, line, column: col });
  }
  return recordOf(plainDates(document.toJS({ maxAliasCount: ALIASES_MAX })));
}

/** As Python's reader has it, `y` and `n` alone are texts; `yes`, `no`, `on` and `off` are not. */
function withoutLetters(tags: Tags): Tags {
  return tags.map((tag) => {
    if (typeof tag === "string" || tag.tag !== "tag:yaml.org,2002:bool" || !("test" in tag)) return tag;
    const words =
      tag.test?.test("true") === true
        ? "true|True|TRUE|yes|Yes|YES|on|On|ON"
        : "false|False|FALSE|no|No|NO|off|Off|OFF";
    return { ...tag, test: new RegExp(`^(?:${words})$`) } as ScalarTag;
  });
}

export function projectFile(because: string, where: ErrorPlace): Error {
  return transformationErrors.create("transformation/project-file", { because, where });
}

/** YAML 1.1 makes dates of what looks like one: here they stay the text that they were. */
function plainDates(value: unknown): unknown {
  if (value instanceof Date)
    return value
      .toISOString()
      .replace(/T00:00:00\.000Z$/, "")
      .replace("T", " ")
      .replace(/\.000Z$/, "");
  if (Array.isArray(value)) return value.map(plainDates);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plainDates(inner)]));
}
