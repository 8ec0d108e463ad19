import { parseArgs } from "node:util";
import { toProblem, type ErrorFamily } from "@millwright/kernel";
import type { TSchema } from "typebox";
import { commonOptions, findCommand, helpOf, optionTypes, overview, type CommandInfo } from "./command-line.ts";
import { mapIoError } from "./durable-file.ts";
import { platformErrors } from "./errors.ts";
import type { Streams } from "./voice.ts";

/** What a handler is given: its arguments in order, its options, and where to speak. */
export interface CommandCall {
  readonly arguments: readonly string[];
  readonly options: Readonly<Record<string, string | boolean | undefined>>;
  /** What was given of each option that may be given more than once, in order. */
  readonly lists: Readonly<Record<string, readonly string[]>>;
  readonly json: boolean;
  readonly out: Output;
}

/** Results go to stdout, everything else to stderr. */
export interface Output {
  /** A result: as one JSON document with `--json`, else as the text that `human` makes of it. */
  result<Value>(value: Value, human: (value: Value) => string): void;
  /** One of a stream of results: as one line of JSON with `--json`, else as text. */
  record<Value>(value: Value, human: (value: Value) => string): void;
  /** Bytes as they are, no faster than they are taken. */
  bytes(parts: AsyncIterable<Uint8Array>): Promise<void>;
  note(text: string): void;
  /** Takes what is at work, to be told while nothing else is said; undefined when nothing is. */
  working(describe: (() => string) | undefined): void;
}

/** A command as data. */
export interface Command extends CommandInfo {
  /** The schema of what `--json` prints: of the document, or of each line. */
  readonly output: TSchema;
  handler(call: CommandCall): Promise<number | undefined>;
}

/** A command that is loaded when it is called. */
export interface CommandEntry extends CommandInfo {
  load(): Promise<Command>;
}

export interface RunCommandsOptions {
  readonly commands: readonly CommandEntry[];
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
  const { words, command } = findCommand(commands, argv);
  if (words.length === 0) return runNone(asked, json);
  if (command === undefined) throw unknownCommand(commands, words);
  if (argv.includes("--help")) {
    streams.stdout.write(helpOf(command));
    return 0;
  }
  const { positionals, values, lists } = parse(command, argv);
  const call: CommandCall = { arguments: positionals, options: values, lists, json, out: outputOf({ json, streams }) };
  const loaded = await command.load();
  return (await loaded.handler(call)) ?? 0;
}

/** Without a command: the version, or what commands there are. */
function runNone({ commands, argv, version, streams }: RunCommandsOptions, json: boolean): number {
  if (argv.includes("--version")) outputOf({ json, streams }).result({ version }, () => version);
  else if (argv.length === 0 || argv.includes("--help")) streams.stdout.write(overview(commands));
  else throw wrongUse(`${argv.join(" ")} names no command`);
  return 0;
}

/** A noun without its verb is told with the verbs that it has. */
function unknownCommand(commands: readonly CommandInfo[], words: readonly string[]): Error {
  const verbs = commands.filter(({ name }) => name.startsWith(`${words[0] ?? ""} `)).map(({ name }) => `mill ${name}`);
  const because = `there is no command ${words.slice(0, 2).join(" ")}`;
  return wrongUse(because, verbs.length === 0 ? undefined : `There are: ${verbs.join(", ")}.`);
}

function wrongUse(because: string, remedy = "`mill --help` lists the commands."): Error {
  return platformErrors.create("platform/usage", { because, remedy });
}

interface Parsed {
  readonly positionals: string[];
  readonly values: CommandCall["options"];
  readonly lists: CommandCall["lists"];
}

function parse(command: CommandInfo, argv: readonly string[]): Parsed {
  if (command.handsOn === true) return { ...handedOn(command, argv), lists: {} };
  const options = optionTypes({ ...commonOptions, ...command.options });
  try {
    const parsed = parseArgs({ args: [...argv], options, allowPositionals: true, strict: true });
    const positionals = parsed.positionals.slice(command.name.split(" ").length);
    const needed = command.arguments.filter((name) => !name.startsWith("["));
    if (positionals.length < needed.length)
      throw new Error(`${needed[positionals.length] ?? "an argument"} is missing`);
    if (positionals.length > command.arguments.length)
      throw new Error(`${positionals[command.arguments.length] ?? ""} is one argument too many`);
    const given = Object.entries(parsed.values);
    return {
      positionals,
      values: Object.fromEntries(given.filter(([, value]) => !Array.isArray(value))) as CommandCall["options"],
      lists: Object.fromEntries(given.filter(([, value]) => Array.isArray(value))) as CommandCall["lists"],
    };
  } catch (error) {
    throw platformErrors.create("platform/usage", {
      because: error instanceof Error ? error.message : "",
      remedy: `\`mill ${command.name} --help\` shows how. For instance: ${command.example}`,
    });
  }
}

/** All words after the command's own, less the common options. */
function handedOn(
  { name }: CommandInfo,
  argv: readonly string[],
): { positionals: string[]; values: CommandCall["options"] } {
  const rest = argv.slice(argv.indexOf(name) + 1);
  const at = rest.indexOf("--project");
  const project = at === -1 ? undefined : rest[at + 1];
  const positionals = rest.filter(
    (word, index) => word !== "--json" && (at === -1 || (index !== at && index !== at + 1)),
  );
  return { positionals, values: project === undefined ? {} : { project } };
}

function outputOf({ json, streams }: { readonly json: boolean; readonly streams: Streams }): Output {
  return {
    result: (value, human) => {
      streams.stdout.write(json ? `${toJson(value)}\n` : `${human(value)}\n`);
    },
    record: (value, human) => {
      streams.stdout.write(json ? `${toJson(value, 0)}\n` : `${human(value)}\n`);
    },
    bytes: async (parts) => {
      for await (const part of parts) await new Promise<void>((resolve) => streams.stdout.write(part, resolve));
    },
    note: (text) => {
      if (!json) streams.stderr.write(`${text}\n`);
    },
    working: (describe) => streams.working?.(describe),
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

/** What is known of an error code, from all families. Throws `platform/unknown-code`. */
export function explainError(code: string, families: readonly ErrorFamily[]) {
  for (const { catalogue } of families) {
    const spec = catalogue[code];
    if (spec !== undefined) return { code, ...spec };
  }
  throw platformErrors.create("platform/unknown-code", { because: code });
}
