import { parseArgs } from "node:util";

// What is known of commands without loading any: help, completion and the first word of a long one come from here, so this
// file imports nothing that takes time to load.

/** One option of a command; a flag has no value. */
export interface CommandOption {
  /** What the value is, in capitals: `DIR`. */
  readonly value?: string;
  /** One letter for it: `-f`. */
  readonly short?: string;
  /** It may be given more than once. */
  readonly repeats?: true;
  readonly summary: string;
}

/** What a command says of itself. `name` may be of two words: noun and verb. */
export interface CommandInfo {
  readonly name: string;
  readonly summary: string;
  /** In order; one in brackets may be left out. */
  readonly arguments: readonly string[];
  readonly options: Readonly<Record<string, CommandOption>>;
  readonly example: string;
  /** Its `--json` is a line a record, not one document. */
  readonly isStream?: true;
  /** It stays until it is told to end: saying nothing is no sign that it hangs. */
  readonly stays?: true;
  /** It speaks another program's command line: the words after its name are its arguments as they are, but for the common options. */
  readonly handsOn?: true;
}

/** The options that every command takes. */
export const commonOptions: Readonly<Record<string, CommandOption>> = {
  project: { value: "DIR", summary: "the project's folder (default: the nearest upwards with millwright.ts)" },
  json: { summary: "answer as JSON, and say nothing else" },
  help: { summary: "show this" },
};

/** The command that the words name, by its longest name; the common options may stand before it. */
export function findCommand<Info extends CommandInfo>(
  commands: readonly Info[],
  argv: readonly string[],
): { readonly words: readonly string[]; readonly command: Info | undefined } {
  const options = optionTypes(commonOptions);
  const words = parseArgs({ args: [...argv], options, allowPositionals: true, strict: false }).positionals;
  const named = (name: string) => commands.find((command) => command.name === name);
  return { words, command: named(words.slice(0, 2).join(" ")) ?? named(words[0] ?? "") };
}

/** Options as `parseArgs` takes them. */
export function optionTypes(
  options: CommandInfo["options"],
): Record<string, { type: "boolean" | "string"; multiple: boolean; short?: string }> {
  return Object.fromEntries(
    Object.entries(options).map(([name, { value, short, repeats = false }]) => [
      name,
      {
        type: value === undefined ? "boolean" : "string",
        multiple: repeats,
        ...(short === undefined ? {} : { short }),
      },
    ]),
  );
}

/** What commands there are. */
export function overview(commands: readonly CommandInfo[]): string {
  const width = Math.max(...commands.map((command) => usage(command).length));
  const lines = commands.map((command) => `  mill ${usage(command).padEnd(width)}  ${command.summary}`);
  return `Millwright: from raw data to a served, monitored model.\n\n${lines.join("\n")}\n\nEvery command takes --project DIR, --json and --help. \`mill --version\` tells the version.\n`;
}

/** One command's arguments and options, with an example. */
export function helpOf(command: CommandInfo): string {
  const options = Object.entries({ ...command.options, ...commonOptions }).map(([name, { value, short, summary }]) => {
    const told = `${name}${short === undefined ? "" : `, -${short}`}${value === undefined ? "" : ` ${value}`}`;
    return `  --${told.padEnd(24)} ${summary}`;
  });
  return `mill ${usage(command)}\n  ${command.summary}\n\n${options.join("\n")}\n\nExample\n  ${command.example}\n`;
}

export function usage(command: CommandInfo): string {
  return [command.name, ...command.arguments].join(" ");
}
