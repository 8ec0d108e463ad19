import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { firstBytes, formatOf, headerFields, type CsvOptions, type SourceFormat } from "@millwright/ingestion";
import { projectErrors } from "../errors.ts";
import { delimiterOf, textForm } from "./file-text.ts";

/** A person's file, and what must be said of it so that it can be read. */
export interface ReadableFile {
  readonly path: string;
  readonly name: string;
  readonly format: SourceFormat;
  /** Whether the format has to be said, since the name does not. */
  readonly isUnnamed: boolean;
  readonly csv: CsvOptions;
}

export interface FileHints {
  readonly delimiter?: string;
  readonly encoding?: string;
}

const HEAD_BYTES = 262_144;

/** Looks at a file's first bytes. Throws `project/unusable-file` with what is wrong and what to do. */
export async function openFile(path: string, hints: FileHints = {}): Promise<ReadableFile> {
  const name = basename(path);
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) throw unusable(`there is no ${path}`, "Correct the path after `--from`.");
  if (!found.isFile()) throw unusable(`${path} is no file`, "Name one file after `--from`.");
  if (found.size === 0) throw unusable(`${name} is empty`, "Bring a file with a header and rows.");
  const head = await firstBytes(path, HEAD_BYTES);
  const format = contentFormat(head) ?? formatOf(path) ?? "csv";
  const isUnnamed = formatOf(path) !== format;
  if (format !== "csv") return { path, name, format, isUnnamed, csv: {} };
  return { path, name, format, isUnnamed, csv: csvForm(name, head, hints) };
}

/** What the bytes themselves say they are. */
function contentFormat(head: Uint8Array): SourceFormat | undefined {
  const start = Buffer.from(head.subarray(0, 64)).toString("latin1");
  if (start.startsWith("PAR1")) return "parquet";
  return /^(?:\u00ef\u00bb\u00bf)?\s*(?:\{|\[\s*\{)/.test(start) ? "jsonl" : undefined;
}

function csvForm(name: string, head: Uint8Array, hints: FileHints): CsvOptions {
  const form = textForm(head);
  const encoding = hints.encoding ?? form.encoding;
  const text = hints.encoding === undefined ? form.text : new TextDecoder(encoding).decode(head, { stream: true });
  if (isBinary(text))
    throw unusable(
      `${name} is no text`,
      "Bring it as CSV, TSV, JSON lines or Parquet: a spreadsheet saves itself as CSV.",
    );
  const delimiter = hints.delimiter ?? delimiterOf(text);
  if (delimiter === undefined)
    throw unusable(
      `${name} has one column`,
      "Bring a table with a header and two columns or more; if its fields are parted by a rare character, name it: `--delimiter`.",
    );
  requireHeader(name, headerFields(firstLine(text), delimiter));
  return { delimiter, ...(encoding === "utf-8" ? {} : { encoding }) };
}

/** Characters that no text has. */
function isBinary(text: string): boolean {
  const control =
    text
      .slice(0, 4_096)
      .replaceAll("\u0001", "")
      .match(/(?!\s)\p{Cc}|\ufffd/gu)?.length ?? 0;
  return control > Math.min(text.length, 4_096) / 100;
}

function firstLine(text: string): string {
  return text.replace(/^\uFEFF/, "").split(/\r\n|\r|\n/)[0] ?? "";
}

function requireHeader(name: string, fields: readonly string[]): void {
  const numbers = fields.filter((field) => /^[+-]?\d+(?:[.,]\d+)?$/.test(field)).length;
  if (numbers * 2 <= fields.length) return;
  throw unusable(
    `the first line of ${name} holds numbers, not the names of columns`,
    `Put a line of names before it: ${fields
      .slice(0, 20)
      .map((_, at) => `column_${at + 1}`)
      .join(",")}.`,
  );
}

export function unusable(because: string, remedy: string): Error {
  return projectErrors.create("project/unusable-file", { because, remedy });
}
