// How a command speaks: at once, and never silent for long while it works. Imports nothing that takes time to load.

export interface Streams {
  /** `done` is called once the text, or the bytes, have been handed on. */
  readonly stdout: { write(text: string | Uint8Array, done?: () => void): unknown };
  readonly stderr: { write(text: string): unknown };
  /** Takes what is at work, to be told while nothing else is said; undefined when nothing is. */
  readonly working?: (describe: (() => string) | undefined) => void;
}

export interface VoiceOptions {
  readonly stdout: Streams["stdout"];
  readonly stderr: Streams["stderr"] & { readonly isTTY?: boolean };
  /** The command as it was asked for: `mill check`. */
  readonly title: string;
  /** Whether it stays until it is told to end: then its silence is not broken. */
  readonly stays: boolean;
  readonly nowMs: () => number;
}

const SILENT_MS_MAX = 1_800;
const LOOK_EVERY_MS = 200;
const ERASE_LINE = "\r\u001b[2K";

/**
 * Says on stderr at once that the command was heard, and while it works and nothing was said for two seconds, what it does.
 * On a terminal that is one line, which the next output takes the place of; piped, it is a line each time.
 */
export function createVoice({ stdout, stderr, title, stays, nowMs }: VoiceOptions): Streams & { stop(): void } {
  const startedMs = nowMs();
  let spokeAtMs = startedMs;
  let onScreen = false;
  let describe: (() => string) | undefined;
  const passing = (text: string) => {
    spokeAtMs = nowMs();
    stderr.write(stderr.isTTY === true ? `${ERASE_LINE}${text}` : `${text}\n`);
    onScreen = stderr.isTTY === true;
  };
  const erase = () => {
    if (onScreen) stderr.write(ERASE_LINE);
    onScreen = false;
  };
  const heard = () => {
    erase();
    spokeAtMs = nowMs();
  };
  passing(`… ${title}`);
  const timer = setInterval(() => {
    if (nowMs() - spokeAtMs < SILENT_MS_MAX) return;
    const told = describe?.() ?? "";
    if (told === "" && stays) return;
    passing(told === "" ? `… ${title}, ${Math.round((nowMs() - startedMs) / 1_000)} s` : told);
  }, LOOK_EVERY_MS);
  timer.unref();
  return {
    stdout: {
      write: (text, done) => {
        heard();
        return stdout.write(text, done);
      },
    },
    stderr: {
      write: (text) => {
        heard();
        return stderr.write(text);
      },
    },
    working: (told) => (describe = told),
    stop: () => {
      clearInterval(timer);
      erase();
    },
  };
}
