import { allCommands, commonOptions, problemSchema, schemaOf, usage } from "@millwright/cli";

type Found = Awaited<ReturnType<typeof allCommands>>[number];

/** The module from which help and completion answer without loading a command. */
export async function commandIndexModule(): Promise<string> {
  const entries = (await allCommands()).map(({ module, command }) => {
    const { name, summary, arguments: words, options, example, isStream, stays, handsOn } = command;
    return JSON.stringify({ module, name, summary, arguments: words, options, example, isStream, stays, handsOn });
  });
  return [
    "// Made by `npm run generate` from the commands.",
    'import type { CommandInfo } from "@millwright/platform/command-line";',
    'import type { commandModules } from "../command-modules.ts";\n',
    "export const commandIndex: readonly (CommandInfo & { readonly module: keyof typeof commandModules })[] = [",
    `${entries.join(",\n")},\n];\n`,
  ].join("\n");
}

/** The published JSON Schemas of what `--json` prints, by file name. */
export async function outputSchemas(): Promise<Readonly<Record<string, string>>> {
  const all = (await allCommands()).map(
    ({ command }) => [`${command.name.replaceAll(" ", "-")}.json`, schemaOf(command)] as const,
  );
  const text = (schema: unknown) => `${JSON.stringify(schema, null, 2)}\n`;
  return Object.fromEntries(
    [...all, ["failed.json", problemSchema] as const].map(([name, schema]) => [name, text(schema)]),
  );
}

/** The reference of the command line. */
export async function commandReference(): Promise<string> {
  const parts = (await allCommands()).map(partOf);
  const common = optionRows(commonOptions);
  return `<!-- Made by \`npm run generate\` from the code. -->

# Commands

\`mill COMMAND --help\` says the same. Every command takes:

${common}

Results go to stdout, progress to stderr. Exit codes: 0 done, 1 the work failed (a check, a gate, a step), 2 wrong use, 3 a defect, 4 not authenticated or not allowed, 130 interrupted. What \`--json\` prints has a JSON Schema in \`schemas/\`, which \`mill schema COMMAND\` prints too; a failure prints \`schemas/failed.json\`.

${parts.join("\n\n")}
`;
}

function partOf({ command }: Found): string {
  const { name, summary, options, example, isStream } = command;
  const json = `${isStream === true ? "One JSON line a record" : "JSON"}: [schemas/${name.replaceAll(" ", "-")}.json](schemas/${name.replaceAll(" ", "-")}.json).`;
  return [
    `## mill ${name}`,
    `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`,
    `\`\`\`sh\nmill ${usage(command)}\n\`\`\``,
    ...(Object.keys(options).length === 0 ? [] : [optionRows(options)]),
    `For instance: \`${example}\``,
    json,
  ].join("\n\n");
}

function optionRows(options: Found["command"]["options"]): string {
  return Object.entries(options)
    .map(([name, { value, summary }]) => `- \`--${name}${value === undefined ? "" : ` ${value}`}\`: ${summary}`)
    .join("\n");
}
