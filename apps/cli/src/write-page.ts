import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { mapIoError } from "@millwright/platform";
import { bytes } from "./format.ts";

export interface WrittenPage {
  readonly file: string;
  readonly bytes: number;
}

/** Writes a report where it was asked for. */
export async function writePage(page: string, out: string | boolean): Promise<WrittenPage> {
  const file = resolve(String(out));
  await writeFile(file, page).catch((error: unknown) => {
    throw mapIoError(error);
  });
  return { file, bytes: Buffer.byteLength(page) };
}

export function toldOfPage(page: WrittenPage): string {
  return `wrote ${page.file}, ${bytes(page.bytes)}: open it in any browser`;
}
