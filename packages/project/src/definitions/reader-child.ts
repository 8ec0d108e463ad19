import { readFileSync, realpathSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { pathToFileURL } from "node:url";
import { isMillError, loadChecker, mapModule, toProblem, type MillError } from "@millwright/kernel";
import type { ReaderAnswer, ReaderProblem, ReaderRequest, RawDefinition } from "./reader-protocol.ts";

// A process of its own reads a project's definitions: it runs the user's files once and answers with plain data.
const [, , millwright] = process.argv;
const loaded = millwright === undefined ? Promise.resolve() : load(millwright);

process.once("message", (request: ReaderRequest) => {
  answer(request).then(send, (error: unknown) =>
    send({ definitions: [], problems: [problemOf(error, { file: "", projectDir: request.projectDir })] }),
  );
});

/** What every definition file imports and is checked by, before it is asked for. A failure shows again where a file imports it. */
async function load(url: string): Promise<void> {
  mapModule("millwright", url);
  await import(url).catch(() => undefined);
  loadChecker();
}

function send(reply: ReaderAnswer): void {
  process.send?.(reply, undefined, {}, () => process.disconnect?.());
}

async function answer({ projectDir, files, millwrightUrl }: ReaderRequest): Promise<ReaderAnswer> {
  await loaded;
  if (millwright === undefined) mapModule("millwright", millwrightUrl);
  const definitions: RawDefinition[] = [];
  const problems: ReaderProblem[] = [];
  for (const path of files) {
    const file = relative(projectDir, path);
    try {
      definitions.push(...(await definitionsIn(path, file)));
    } catch (error) {
      problems.push(problemOf(error, { file, projectDir }));
    }
  }
  return { definitions, problems };
}

async function definitionsIn(path: string, file: string): Promise<RawDefinition[]> {
  const lines = (await readFile(path, "utf8")).split("\n");
  const exports = (await import(pathToFileURL(path).href)) as Record<string, unknown>;
  return Object.entries(exports).flatMap(([exportName, value]) => {
    if (!isDefinition(value)) return [];
    const data = JSON.parse(JSON.stringify(value)) as RawDefinition["data"];
    return [{ kind: value.kind, name: value.name, file, line: lineOf(lines, exportName), exportName, data }];
  });
}

function isDefinition(value: unknown): value is { kind: string; name: string } {
  if (value === null || typeof value !== "object") return false;
  const { kind, name } = value as { kind?: unknown; name?: unknown };
  return typeof kind === "string" && typeof name === "string" && kind !== "table";
}

function lineOf(lines: readonly string[], exportName: string): number {
  const pattern =
    exportName === "default" ? /^\s*export\s+default\b/ : new RegExp(`^\\s*export\\s+const\\s+${exportName}\\b`);
  const index = lines.findIndex((line) => pattern.test(line));
  return index === -1 ? 1 : index + 1;
}

interface Reading {
  readonly file: string;
  readonly projectDir: string;
}

function problemOf(error: unknown, { file, projectDir }: Reading): ReaderProblem {
  const message = error instanceof Error ? error.message : String(error);
  const place = error instanceof Error ? placeIn(error.stack ?? "", projectDir) : undefined;
  if (!isMillError(error)) return { file, message, ...place };
  const line = place?.line === undefined ? undefined : lineOfField(error, { ...place, line: place.line, projectDir });
  return { file, message, ...place, ...(line === undefined ? {} : { line }), known: toProblem(error) };
}

/** The line of the wrong key itself, looked for from the line of the call on. */
function lineOfField(
  { details }: MillError,
  { projectDir, file, line }: Reading & { readonly line: number },
): number | undefined {
  const fields = details?.["fields"];
  const key = Array.isArray(fields) ? String(fields[0]).split("/").at(-1) : undefined;
  if (key === undefined || !/^\w+$/.test(key)) return undefined;
  const lines = readFileSync(join(projectDir, file), "utf8")
    .split("\n")
    .slice(line - 1);
  const index = lines.findIndex((text) => new RegExp(`\\b${key}["']?\\s*[:,]`).test(text));
  return index === -1 ? undefined : line + index;
}

/** The first file of the project that the stack names: the broken one, when the file that was read imports it. */
function placeIn(stack: string, projectDir: string): Pick<ReaderProblem, "file" | "line" | "column"> | undefined {
  const roots = [projectDir, realpathSync(projectDir)].flatMap((root) => [root, pathToFileURL(root).href]);
  for (const text of stack.split("\n")) {
    const root = roots.find((candidate) => text.includes(candidate + sep));
    if (root === undefined) continue;
    const [, file, line, column] =
      /^(.+?):(\d+)(?::(\d+))?\)?$/.exec(text.slice(text.indexOf(root) + root.length + 1)) ?? [];
    if (file !== undefined)
      return {
        file: decodeURIComponent(file),
        line: Number(line),
        ...(column === undefined ? {} : { column: Number(column) }),
      };
  }
  return undefined;
}
