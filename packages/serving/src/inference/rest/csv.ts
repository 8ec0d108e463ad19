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

/** A cell: in quotes, where two of them stand for one, or until the next comma; then what ends it. */
const CELL = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/y;

function linesOf(text: string): readonly (readonly string[])[] {
  const lines: string[][] = [];
  let line: string[] = [];
  CELL.lastIndex = 0;
  while (CELL.lastIndex < text.length || line.length > 0) {
    const at = CELL.lastIndex;
    const found = CELL.exec(text);
    if (found === null) throw badRequest(`the CSV cannot be read from character ${at} on`);
    const [, quoted, plain = "", end] = found;
    line.push(quoted?.replaceAll('""', '"') ?? plain);
    if (end === ",") continue;
    // A line of nothing is passed, as pandas does.
    if (line.length > 1 || line[0] !== "") lines.push(line);
    line = [];
  }
  return lines;
}
