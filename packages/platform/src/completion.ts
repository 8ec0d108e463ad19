import { commonOptions, findCommand, type CommandInfo } from "./command-line.ts";

// What may come next on a command line, and the shells' scripts that ask for it. Imports nothing that takes time to load.

/** Names that a project has, by kind: `table`, `model`. */
export type KnownNames = Readonly<Record<string, readonly string[] | undefined>>;

export interface Completing {
  readonly commands: readonly CommandInfo[];
  /** The words after the program's name; the last is the one being written, perhaps empty. */
  readonly words: readonly string[];
  readonly names: KnownNames;
}

const SHELLS = ["bash", "zsh", "fish"];

/** What the word being written may become. None where only the shell knows: files and free text. */
export function complete({ commands, words, names }: Completing): readonly string[] {
  const current = words.at(-1) ?? "";
  const before = words.slice(0, -1);
  const beginning = (all: readonly string[]) => [...new Set(all)].filter((word) => word.startsWith(current)).toSorted();
  const { words: typed, command } = findCommand(commands, before);
  const options = { ...command?.options, ...commonOptions };
  const asked = options[(before.at(-1) ?? "").replace(/^--/, "")];
  if (before.at(-1)?.startsWith("--") === true && asked?.value !== undefined)
    return beginning(valuesOf(before.at(-1) ?? "", names));
  if (current.startsWith("-"))
    return command === undefined && typed.length > 0 ? [] : beginning(Object.keys(options).map((name) => `--${name}`));
  if (command === undefined || command.name.split(" ").length > typed.length)
    return beginning(nextWords(commands, typed));
  const position = positionalsAfter(before, options) - command.name.split(" ").length;
  const verbs = position === 0 ? nextWords(commands, typed) : [];
  return beginning([...verbs, ...argumentsOf(command, position, { commands, names, typed })]);
}

/** The words that may follow these in a command's name. */
function nextWords(commands: readonly CommandInfo[], typed: readonly string[]): readonly string[] {
  return commands.flatMap(({ name }) => {
    const parts = name.split(" ");
    const next = parts[typed.length];
    return next !== undefined && typed.every((word, index) => word === parts[index]) ? [next] : [];
  });
}

/** How many of the words are no option and no option's value. */
function positionalsAfter(words: readonly string[], options: CommandInfo["options"]): number {
  return words.filter((word, index) => {
    const previous = words[index - 1]?.replace(/^--/, "");
    const isValue = words[index - 1]?.startsWith("--") === true && options[previous ?? ""]?.value !== undefined;
    return !word.startsWith("-") && !isValue;
  }).length;
}

function valuesOf(option: string, names: KnownNames): readonly string[] {
  if (option === "--service") return names["service"] ?? [];
  if (option === "--template") return ["flights", "empty"];
  return option === "--select" ? Object.values(names).flatMap((all) => all ?? []) : [];
}

const KIND_OF_NOUN: Readonly<Record<string, string>> = {
  table: "table",
  models: "model",
  features: "feature",
  services: "service",
  monitors: "monitor",
};

function argumentsOf(
  command: CommandInfo,
  position: number,
  { commands, names, typed }: { commands: readonly CommandInfo[]; names: KnownNames; typed: readonly string[] },
): readonly string[] {
  const name = command.arguments[position]?.replaceAll(/[[\]]/g, "");
  if (name === "SERVICE") return names["service"] ?? [];
  if (name === "VIEW") return names["feature"] ?? [];
  if (name === "SHELL") return SHELLS;
  if (command.name === "schema") return nextWords(commands, typed.slice(1));
  if (name !== "NAME") return [];
  const kind = KIND_OF_NOUN[command.name.split(" ")[0] ?? ""];
  return kind === undefined ? Object.values(names).flatMap((all) => all ?? []) : (names[kind] ?? []);
}

/** The script that a shell loads; undefined for a shell that has none. */
export function completionScript(shell: string): string | undefined {
  return SCRIPTS[shell];
}

const SCRIPTS: Readonly<Record<string, string>> = {
  bash: `# Completion of mill in bash: source <(mill completion bash)
_mill_complete() {
  local IFS=$'\\n'
  COMPREPLY=($("$1" __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _mill_complete mill
`,
  zsh: `#compdef mill
# Completion of mill in zsh: source <(mill completion zsh)
_mill_complete() {
  local -a found
  found=("\${(@f)$("\${words[1]}" __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "\${found[1]}" ]]; then compadd -a found; else _files; fi
}
compdef _mill_complete mill
`,
  fish: `# Completion of mill in fish: mill completion fish | source
function __mill_complete
  set -l words (commandline -opc)
  set -l found ($words[1] __complete $words[2..] (commandline -ct) 2>/dev/null)
  if test (count $found) -gt 0
    printf '%s\\n' $found
  else
    __fish_complete_path (commandline -ct)
  end
end
complete -c mill -f -a '(__mill_complete)'
`,
};
