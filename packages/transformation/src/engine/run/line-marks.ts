import { isMillError } from "@millwright/kernel";
import { transformationErrors } from "../../errors.ts";
import type { DbtNode } from "../node.ts";
import { compileNode, withoutSemicolon, type CompileOptions } from "./compile-node.ts";
import type { Invocation } from "./invocation.ts";

// Where a line of compiled SQL comes from: the template is rendered once more with a mark before each tag and at the start
// of each line, which says the template's line. Questions to the database are answered from memory.

const MARK = /\uE000(\d+)\uE001/g;

/** A template's text with its line's number at the start of each line that is plain text. */
function marked(text: string): string {
  let isInTag = false;
  return text
    .split("\n")
    .map((line, index) => {
      const starts = isInTag;
      for (const [tag] of line.matchAll(/\{\{|\{%|\{#|\}\}|%\}|#\}/g)) isInTag = tag.startsWith("{");
      return starts ? line : `\uE000${index + 1}\uE001${line}`;
    })
    .join("\n");
}

/** For each line of the compiled text, the template's line that it came from; undefined where none is known. */
function linesOf(compiled: string): readonly (number | undefined)[] {
  let last: number | undefined;
  return compiled.split("\n").map((line) => {
    const found = [...line.matchAll(MARK)];
    // An expression may print several lines: those after the first are of its line.
    last = found.length === 0 ? last : Number(found[0]?.[1]);
    const at = last;
    if (found.length > 1) last = Number(found.at(-1)?.[1]);
    return at;
  });
}

/** The engine's complaint with the place in the model's own file: the line of the template, not that of what was sent. */
export async function explainSqlError(
  error: unknown,
  {
    asked,
    node,
    options,
    sql,
  }: { readonly asked: Invocation; readonly node: DbtNode; readonly options: CompileOptions; readonly sql: string },
): Promise<unknown> {
  if (!isMillError(error) || error.code !== "lakehouse/sql-error") return error;
  const sent = Number(/^LINE (\d+):/m.exec(error.because)?.[1] ?? Number.NaN);
  const line = Number.isNaN(sent) ? undefined : await templateLine(asked, node, { options, sql, at: sent - 1 });
  const [first = "", ...rest] = error.because.split("\n");
  const place = line === undefined ? "" : `\n  at ${node.path}:${line}`;
  return transformationErrors.create("transformation/sql", {
    because: `Runtime Error in ${node.type} ${node.name} (${node.path})\n  ${[first, ...rest].join("\n  ")}${place}`,
    where: { file: node.path, ...(line === undefined ? {} : { line }) },
    details: { sql },
    cause: error,
  });
}

/** The template's line of a line of the statement; the statement stands below one line of ours. */
export async function templateLine(
  asked: Invocation,
  node: DbtNode,
  { options, sql, at }: { readonly options: CompileOptions; readonly sql: string; readonly at: number },
): Promise<number | undefined> {
  try {
    const silent = { ...asked, world: { ...asked.world, tell: () => undefined } };
    const text = await compileNode(silent, { ...node, rawCode: marked(node.rawCode) }, options);
    const plain = withoutSemicolon(text.replaceAll(MARK, ""));
    const lead = text.replaceAll(MARK, "").length - text.replaceAll(MARK, "").trimStart().length;
    const skipped = text.slice(0, lead).split("\n").length - 1;
    return plain === sql ? linesOf(text)[at - 1 + skipped] : undefined;
  } catch {
    return undefined;
  }
}
