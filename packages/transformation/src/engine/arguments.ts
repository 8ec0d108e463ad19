import { parse } from "yaml";
import { refused } from "./parse/parsing.ts";
import { recordOf, type Plain } from "./plain.ts";
import type { IndirectSelection } from "./select/criteria.ts";

/** dbt's command line, read. */
export interface DbtArguments {
  /** `run`, `source freshness`, …: what is asked for. */
  readonly command: string;
  /** What stands after the command without a dash: an operation's name. */
  readonly words: readonly string[];
  readonly lists: Readonly<Record<string, readonly string[]>>;
  readonly values: Readonly<Record<string, string>>;
  readonly flags: ReadonlySet<string>;
  readonly vars: Plain;
}

/** Options of many values: all words up to the next dash. */
const LISTS = new Set(["select", "exclude", "resource-type", "exclude-resource-type", "output-keys"]);
const VALUES = new Set([
  "selector",
  "vars",
  "target",
  "profile",
  "profiles-dir",
  "project-dir",
  "state",
  "defer-state",
  "indirect-selection",
  "threads",
  "target-path",
  "log-path",
  "log-level",
  "log-level-file",
  "log-format",
  "log-format-file",
  "inline",
  "output",
  "limit",
  "args",
  "warn-error-options",
  "event-time-start",
  "event-time-end",
  "sample",
]);
const FLAGS = new Set([
  "full-refresh",
  "defer",
  "favor-state",
  "fail-fast",
  "warn-error",
  "store-failures",
  "empty",
  "quiet",
  "debug",
  "help",
  "version",
  "cache-selected-only",
  "partial-parse",
  "populate-cache",
  "print",
  "show",
  "use-colors",
  "version-check",
  "write-json",
  "send-anonymous-usage-stats",
  "static-parser",
  "introspect",
  "single-threaded",
  "inject-ephemeral-ctes",
  "record-timing-info",
  "upgrade",
  "lock",
  "clean-project-files-only",
  "use-experimental-parser",
  "log-cache-events",
  "strict-mode",
]);
const ALIASES: Readonly<Record<string, string>> = {
  s: "select",
  m: "select",
  model: "select",
  models: "select",
  "resource-types": "resource-type",
  "exclude-resource-types": "exclude-resource-type",
  t: "target",
  f: "full-refresh",
  x: "fail-fast",
  q: "quiet",
  d: "debug",
  h: "help",
};
const COMMANDS = [
  "run",
  "build",
  "test",
  "seed",
  "snapshot",
  "compile",
  "show",
  "ls",
  "parse",
  "deps",
  "debug",
  "clean",
  "clone",
  "retry",
  "run-operation",
  "source freshness",
  "docs generate",
];

/** Reads dbt's arguments. Throws `transformation/dbt` for what there is not. */
export function parseArguments(argv: readonly string[]): DbtArguments {
  const lists: Record<string, string[]> = {};
  const values: Record<string, string> = {};
  const flags = new Set<string>();
  const words: string[] = [];
  for (let at = 0; at < argv.length; at += 1) {
    const word = argv[at] ?? "";
    const option = /^--?([A-Za-z][\w-]*)(?:=(.*))?$/s.exec(word);
    if (option === null) {
      words.push(word);
      continue;
    }
    const [, written = "", inline] = option;
    const name = ALIASES[written] ?? written;
    if (LISTS.has(name)) {
      const list = (lists[name] ??= []);
      if (inline !== undefined) list.push(inline);
      while (inline === undefined && at + 1 < argv.length && !/^--?[A-Za-z]/.test(argv[at + 1] ?? ""))
        list.push(argv[++at] ?? "");
    } else if (VALUES.has(name)) values[name] = inline ?? argv[++at] ?? "";
    else setFlag(flags, name, written);
  }
  return { ...commandOf(words), lists, values, flags, vars: varsOf(values["vars"]) };
}

function setFlag(flags: Set<string>, name: string, written: string): void {
  if (FLAGS.has(name)) flags.add(name);
  else if (name.startsWith("no-") && FLAGS.has(name.slice(3))) flags.delete(name.slice(3));
  else throw refused(`Error: No such option: --${written}`);
}

function commandOf(words: readonly string[]): { readonly command: string; readonly words: readonly string[] } {
  const [first = "", second = ""] = words;
  const spelled = first === "list" ? "ls" : first;
  if (COMMANDS.includes(`${spelled} ${second}`)) return { command: `${spelled} ${second}`, words: words.slice(2) };
  if (spelled === "source" && second === "snapshot-freshness")
    return { command: "source freshness", words: words.slice(2) };
  if (COMMANDS.includes(spelled)) return { command: spelled, words: words.slice(1) };
  throw refused(`Error: No such command '${words.slice(0, 2).join(" ")}'. There are: ${COMMANDS.join(", ")}`);
}

/** `--vars`: YAML or JSON of a map. */
export function varsOf(text: string | undefined): Plain {
  if (text === undefined) return {};
  try {
    const value: unknown = parse(text, { version: "1.1" });
    if (value !== null && typeof value === "object" && !Array.isArray(value)) return recordOf(value);
  } catch {
    // Told below.
  }
  throw refused(`Error: Invalid value for '--vars': ${text} is no YAML dictionary`);
}

export function indirectOf({ values }: DbtArguments): IndirectSelection {
  const asked = values["indirect-selection"] ?? "eager";
  if (asked === "eager" || asked === "cautious" || asked === "buildable" || asked === "empty") return asked;
  throw refused(
    `Error: Invalid value for '--indirect-selection': '${asked}' is not one of 'eager', 'cautious', 'buildable', 'empty'.`,
  );
}
