import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";

/** The licences of bundled packages as one text, each with its package's name and version. */
export async function licencesOf(folders: readonly string[]): Promise<string> {
  const parts = await Promise.all(folders.map(licenceOf));
  return `Millwright contains the following packages.\n\n${parts.join("\n\n")}\n`;
}

async function licenceOf(folder: string): Promise<string> {
  const { name, version, license } = JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as {
    name: string;
    version: string;
    license?: string;
  };
  const files = await readdir(folder);
  const file = files.find((candidate) => /^(licen[cs]e|copying)/i.test(basename(candidate)));
  const text =
    file === undefined ? `Licence: ${license ?? "see the package"}` : await readFile(join(folder, file), "utf8");
  return `${"=".repeat(80)}\n${name} ${version}${license === undefined ? "" : ` (${license})`}\n${"=".repeat(80)}\n${text.trim()}`;
}
