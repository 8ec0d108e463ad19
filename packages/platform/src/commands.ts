import { parseArgs } from "node:util";
import { toProblem, type ErrorFamily } from "@millwright/kernel";
import { mapIoError } from "./durable-file.ts";
import { platformErrors } from "./errors.ts";

/** One option of a command; a flag has no value. */
export interface CommandOption {
  readonly value?: string;
  readonly summary: string;
}

/** What a handler is given: its arguments in order, its options, and where to speak. */
export interface CommandCall {
  readonly arguments: readonly string[];
  readonly options: Readonly<Record<string, string | boolean | undefined>>;
  readonly json: boolean;
  readonly out: Output;
}

/** Results go to stdout, everything else to stderr. */
export interface Output {
  /** A result: as one JSON document with `--json`, else as the text that `human` makes of it. */
  result<Value>(value: Value, human: (value: Value) => string): void;
  /** A line of a stream of results. */
  line(text: string): void;
  note(text: string): void;
}

/** A command as data. `name` may be of two words: noun and verb. */
export interface Command {
  readonly name: string;
  readonly summary: string;
  readonly arguments: readonly string[];
  readonly options: Readonly<Record<string, CommandOption>>;
  readonly example: string;
  handler(call: CommandCall): Promise<number | undefined>;
}

export interface Streams {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
}

const COMMON: Readonly<Record<string, CommandOption>> = {
  project: { value: "DIR", summary: "the project's folder (default: the nearest upwards with millwright.ts)" },
  json: { summary: "answer as JSON" },
  help: { summary: "show this" },
};

export interface RunCommandsOptions {
  readonly commands: readonly Command[];
  /** The words after the program's name. */
  readonly argv: readonly string[];
  /** What `--version` answers. */
  readonly version: string;
  readonly streams: Streams;
}

/** Runs the command that the arguments name. Returns the exit code: 0 done, 1 failed, 2 wrong use, 3 a defect. */
export async function runCommands(options: RunCommandsOptions): Promise<number> {
  const json = options.argv.includes("--json");
  try {
    return await run(options, json);
  } catch (error) {
    return tellError(error, { json, streams: options.streams });
  }
}

async function run(asked: RunCommandsOptions, json: boolean): Promise<number> {
  const { commands, argv, streams } = asked;
  const words = wordsOf(argv);
  if (words.length === 0) return runNone(asked, json);
  const command =
    commands.find(({ name }) => name === words.slice(0, 2).join(" ")) ?? commands.find(({ name }) => name === words[0]);
  if (command === undefined) throw wrongUse(`there is no command ${words.slice(0, 2).join(" ")}`);
  if (argv.includes("--help")) {
    streams.stdout.write(helpOf(command));
    return 0;
  }
  const { positionals, values } = parse(command, argv);
  const call: CommandCall = { arguments: positionals, options: values, json, out: outputOf({ json, streams }) };
  return (await command.handler(call)) ?? 0;
}

/** The arguments that are no options, with which a command is named; the common options may stand before it. */
function wordsOf(argv: readonly string[]): readonly string[] {
  const options = parseOptions(COMMON);
  return parseArgs({ args: [...argv], options, allowPositionals: true, strict: false }).positionals;
}

/** Without a command: the version, or what commands there are. */
function runNone({ commands, argv, version, streams }: RunCommandsOptions, json: boolean): number {
  if (argv.includes("--version")) outputOf({ json, streams }).result({ version }, () => version);
  else if (argv.length === 0 || argv.includes("--help")) streams.stdout.write(overview(commands));
  else throw wrongUse(`${argv.join(" ")} names no command`);
  return 0;
}

function wrongUse(because: string): Error {
  return platformErrors.create("platform/usage", { because, remedy: "`mill --help` lists the commands." });
}

function parseOptions(options: Command["options"]): Record<string, { type: "boolean" | "string" }> {
  return Object.fromEntries(
    Object.entries(options).map(([name, { value }]) => [name, { type: value === undefined ? "boolean" : "string" }]),
  );
}

function parse(command: Command, argv: readonly string[]): { positionals: string[]; values: CommandCall["options"] } {
  const options = parseOptions({ ...COMMON, ...command.options });
  try {
    const parsed = parseArgs({ args: [...argv], options, allowPositionals: true, strict: true });
    const positionals = parsed.positionals.slice(command.name.split(" ").length);
    const needed = command.arguments.filter((name) => !name.startsWith("["));
    if (positionals.length < needed.length)
      throw new Error(`${needed[positionals.length] ?? "an argument"} is missing`);
    if (positionals.length > command.arguments.length)
      throw new Error(`${positionals[command.arguments.length] ?? ""} is one argument too many`);
    return { positionals, values: parsed.values as CommandCall["options"] };
  } catch (error) {
    throw platformErrors.create("platform/usage", {
      because: error instanceof Error ? error.message : "",
      remedy: `\`mill ${command.name} --help\` shows how. For instance: ${command.example}`,
    });
  }
}

function outputOf({ json, streams }: { readonly json: boolean; readonly streams: Streams }): Output {
  return {
    result: (value, human) => {
      streams.stdout.write(json ? `${toJson(value)}\n` : `${human(value)}\n`);
    },
    line: (text) => {
      streams.stdout.write(`${text}\n`);
    },
    note: (text) => {
      if (!json) streams.stderr.write(`${text}\n`);
    },
  };
}

/** JSON with 64-bit integers as numbers where exact, else as text, and bytes in hexadecimal. */
export function toJson(value: unknown, indent = 2): string {
  return JSON.stringify(
    value,
    (_key, inner: unknown) => {
      if (typeof inner === "bigint") return inner.toString();
      return inner instanceof Uint8Array ? `0x${inner.toHex()}` : inner;
    },
    indent,
  );
}

function tellError(error: unknown, { json, streams }: { readonly json: boolean; readonly streams: Streams }): number {
  const problem = toProblem(mapIoError(error));
  if (json) streams.stdout.write(`${toJson({ error: problem })}\n`);
  else {
    const { where } = problem;
    const place =
      where?.file === undefined ? "" : `\n  where   ${where.file}${where.line === undefined ? "" : `:${where.line}`}`;
    streams.stderr.write(
      `${problem.code}: ${problem.title}\n  cause   ${problem.detail}${place}\n  remedy  ${problem.remedy}\n`,
    );
    if (problem.code === "kernel/defect" && error instanceof Error)
      streams.stderr.write(`  stack   ${error.stack ?? error.message}\n`);
  }
  return problem.exit ?? 1;
}

function overview(commands: readonly Command[]): string {
  const width = Math.max(...commands.map((command) => usage(command).length));
  const lines = commands.map((command) => `  mill ${usage(command).padEnd(width)}  ${command.summary}`);
  return `Millwright: from raw data to a served, monitored model.\n\n${lines.join("\n")}\n\nEvery command takes --project DIR, --json and --help. \`mill --version\` tells the version.\n`;
}

function helpOf(command: Command): string {
  const options = Object.entries({ ...command.options, ...COMMON }).map(
    ([name, { value, summary }]) => `  --${`${name}${value === undefined ? "" : ` ${value}`}`.padEnd(24)} ${summary}`,
  );
  return `mill ${usage(command)}\n  ${command.summary}\n\n${options.join("\n")}\n\nExample\n  ${command.example}\n`;
}

function usage(command: Command): string {
  return [command.name, ...command.arguments].join(" ");
}

/** What is known of an error code, from all families. Throws `platform/unknown-code`. */
export function explainError(code: string, families: readonly ErrorFamily[]) {
  for (const { catalogue } of families) {
    const spec = catalogue[code];
    if (spec !== undefined) return { code, ...spec };
  }
  throw platformErrors.create("platform/unknown-code", { because: code });
}
