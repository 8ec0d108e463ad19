import { readFile } from "node:fs/promises";
import { relative } from "node:path";
import { pathToFileURL } from "node:url";
import type { ReaderAnswer, ReaderRequest, RawDefinition } from "./reader-protocol.ts";
import { mapMillwright } from "./resolve-hook.ts";

// A process of its own reads a project's definitions: it runs the user's files once and answers with plain data.
process.once("message", (request: ReaderRequest) => {
  answer(request).then(send, (error: unknown) => send({ definitions: [], problems: [problemOf(error, "")] }));
});

function send(reply: ReaderAnswer): void {
  process.send?.(reply, undefined, {}, () => process.disconnect?.());
}

async function answer({ projectDir, files, millwrightUrl }: ReaderRequest): Promise<ReaderAnswer> {
  mapMillwright(millwrightUrl);
  const definitions: RawDefinition[] = [];
  const problems: ReaderAnswer["problems"][number][] = [];
  for (const path of files) {
    const file = relative(projectDir, path);
    try {
      definitions.push(...(await definitionsIn(path, file)));
    } catch (error) {
      problems.push(problemOf(error, file));
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

function problemOf(error: unknown, file: string): ReaderAnswer["problems"][number] {
  const message = error instanceof Error ? error.message : String(error);
  const inFile =
    error instanceof Error && error.stack !== undefined && file !== "" ? placeIn(error.stack, file) : undefined;
  return { file, message, ...inFile };
}

function placeIn(stack: string, file: string): { line: number; column?: number } | undefined {
  const found = stack.split("\n").find((line) => line.includes(file));
  const match = found === undefined ? null : /:(\d+)(?::(\d+))?\)?$/.exec(found.trim());
  if (match === null) return undefined;
  const [, line, column] = match;
  return { line: Number(line), ...(column === undefined ? {} : { column: Number(column) }) };
}
