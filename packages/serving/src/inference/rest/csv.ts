import { badRequest } from "../tensor.ts";
import type { Table } from "./table.ts";

/** Text with a header as `DataFrame.to_csv` writes it (RFC 4180). Cells are text. Throws `inference/bad-request`. */
export function readCsv(text: string): Table {
  const [columns, ...rows] = linesOf(text.replace(/^\uFEFF/, ""));
  if (columns === undefined) throw badRequest("the CSV has no header");
  const odd = rows.findIndex(({ length }) => length !== columns.length);
  if (odd >= 0)
    throw badRequest(`line ${odd + 2} of the CSV has ${rows[odd]?.length} cells, the header ${columns.length}`);
  return { columns, rows };
}

function linesOf(text: string): readonly (readonly string[])[] {
  const lines: string[][] = [];
  let line: string[] = [];
  for (let at = 0; at < text.length || line.length > 0;) {
    const { cell, end } = text[at] === '"' ? quotedCell(text, at) : plainCell(text, at);
    const after = AFTER_CELL.find((mark) => text.startsWith(mark, end)) ?? "";
    if (after === "" && end < text.length) throw unreadable(end);
    line.push(cell);
    at = end + after.length;
    if (after === ",") continue;
    // A line of nothing is passed, as pandas does.
    if (line.length > 1 || line[0] !== "") lines.push(line);
    line = [];
  }
  return lines;
}

const AFTER_CELL = [",", "\n", "\r\n"];

interface Cell {
  readonly cell: string;
  /** The place behind it. */
  readonly end: number;
}

const PLAIN_END = /[",\r\n]/g;

function plainCell(text: string, at: number): Cell {
  PLAIN_END.lastIndex = at;
  const end = PLAIN_END.exec(text)?.index ?? text.length;
  return { cell: text.slice(at, end), end };
}

/** Of a cell in quotes, where two of them stand for one. By search: a pattern has no room for a cell of megabytes. */
function quotedCell(text: string, at: number): Cell {
  let end = text.indexOf('"', at + 1);
  while (end >= 0 && text[end + 1] === '"') end = text.indexOf('"', end + 2);
  if (end < 0) throw unreadable(at);
  return { cell: text.slice(at + 1, end).replaceAll('""', '"'), end: end + 1 };
}

function unreadable(at: number): Error {
  return badRequest(`the CSV cannot be read from character ${at} on`);
}
