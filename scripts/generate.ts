import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { errorFamilies } from "@millwright/cli";
import { commandIndexModule, commandReference, outputSchemas } from "./lib/command-index.ts";
import { configurationReference } from "./lib/configuration-reference.ts";
import { controlApiModule, controlApiReference } from "./lib/control-api.ts";
import { findErrorFamilies, unknownCodes, type ErrorFamily } from "./lib/error-families.ts";
import { formatted } from "./lib/formatted.ts";

// Makes the files that are generated from the code. With --check it changes nothing and fails when one is stale.

const root = join(import.meta.dirname, "..");
const { families, faults } = await findErrorFamilies(root);
const errors = [...faults, ...unknownCodes(families, errorFamilies)];
for (const error of errors) console.error(error);
const SCHEMAS = "docs/reference/schemas";
const schemas = await outputSchemas();
const files: Readonly<Record<string, string>> = {
  "apps/cli/src/generated/command-index.ts": formatted(root, "command-index.ts", await commandIndexModule()),
  "docs/reference/commands.md": await commandReference(),
  ...Object.fromEntries(Object.entries(schemas).map(([name, text]) => [`${SCHEMAS}/${name}`, text])),
  "docs/reference/errors.md": errorReference(families),
  "docs/reference/configuration.md": await configurationReference(root),
  "docs/reference/http.md": controlApiReference((types) => formatted(root, "types.ts", types)),
  "packages/client/src/generated/control-api.ts": formatted(root, "control-api.ts", controlApiModule()),
};
let stale = 0;
for (const [path, text] of Object.entries(files)) {
  const present = await readFile(join(root, path), "utf8").catch(() => "");
  if (present === text) continue;
  if (process.argv.includes("--check")) {
    stale += 1;
    console.error(`${path} is stale: run \`npm run generate\``);
  } else {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
    console.log(`wrote ${path}`);
  }
}
// The schema of a command that is no more.
for (const name of await readdir(join(root, SCHEMAS)).catch(() => [])) {
  if (Object.hasOwn(schemas, name)) continue;
  if (process.argv.includes("--check")) {
    stale += 1;
    console.error(`${SCHEMAS}/${name} is of no command: run \`npm run generate\``);
  } else await rm(join(root, SCHEMAS, name));
}
process.exitCode = stale + errors.length === 0 ? 0 : 1;

function errorReference(all: readonly ErrorFamily[]): string {
  const parts = all.flatMap(({ area, catalogue }) => [
    `## ${area}`,
    ...Object.entries(catalogue).map(([code, { title, status, remedy, example }]) =>
      [
        `### ${code}`,
        `${title} (HTTP ${status}).`,
        `**Remedy.** ${remedy}`,
        ...(example === undefined ? [] : [`**Example.** \`${example.replaceAll("`", "'")}\``]),
      ].join("\n\n"),
    ),
  ]);
  return `<!-- Made by \`npm run generate\` from the code. -->\n\n# Errors\n\nEvery error has a code, a cause and a remedy. \`mill explain CODE\` says the same.\n\n${parts.join("\n\n")}\n`;
}
