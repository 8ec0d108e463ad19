import { findCommand, helpOf, overview } from "@millwright/platform/command-line";
import { createVoice } from "@millwright/platform/voice";
import { VERSION } from "@millwright/server/version";
import { completeWords } from "./complete.ts";
import { commandIndex } from "./generated/command-index.ts";

// Help, the version and the first word of any command come before anything heavy is loaded.

/** Answers the words after `mill`. Returns the exit code. */
export async function start(argv: readonly string[]): Promise<number> {
  process.stdout.on("error", endWithReader);
  if (argv[0] === "__complete") {
    process.stdout.write(completeWords(argv.slice(1)));
    return 0;
  }
  const quick = quickAnswer(argv);
  if (quick !== undefined) {
    process.stdout.write(quick);
    return 0;
  }
  const { command } = findCommand(commandIndex, argv);
  const { stdout, stderr } = process;
  const voice =
    command === undefined || argv.includes("--json")
      ? { stdout, stderr, stop: () => {} }
      : createVoice({
          stdout,
          stderr,
          title: `mill ${command.name}`,
          stays: command.stays === true,
          nowMs: () => performance.now(),
        });
  try {
    const { runLoaded } = await import("./run-loaded.ts");
    return await runLoaded(argv, voice);
  } finally {
    voice.stop();
  }
}

/** What can be said without loading a command. */
function quickAnswer(argv: readonly string[]): string | undefined {
  const { words, command } = findCommand(commandIndex, argv);
  const helps = argv.includes("--help");
  if (words.length > 0) {
    if (!helps) return undefined;
    if (command !== undefined) return helpOf(command);
    const verbs = commandIndex.filter(({ name }) => name.startsWith(`${words[0] ?? ""} `));
    return verbs.length === 0 ? undefined : overview(verbs);
  }
  if (argv.includes("--version"))
    return argv.includes("--json") ? `${JSON.stringify({ version: VERSION }, null, 2)}\n` : `${VERSION}\n`;
  return helps || argv.length === 0 ? overview(commandIndex) : undefined;
}

/** Who reads has had enough: `mill table list | head -1`. */
function endWithReader(error: NodeJS.ErrnoException): void {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
}
