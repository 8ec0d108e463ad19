import { appendFileSync, mkdirSync, renameSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { toProblem, type LogFields, type Logger } from "@millwright/kernel";

const SECRET = /password|passwd|token|secret|authorization|api[-_]?key|credential|cookie/i;
const URL_WITH_SECRET = /([a-z][a-z0-9+.-]*:\/\/[^\s:/@]+:)[^\s@/]+@/gi;
const DEPTH_MAX = 6;
const LOOK_EVERY_LINES = 100;

export type LogLevel = "debug" | "info" | "warn" | "error";

const BYTES_MAX = 8 * 2 ** 20;

/** JSON lines to a file, one write a line; a file that is full is kept once more as `.1`, in the place of the one before. Values under secret names, and passwords in URLs, never reach it. */
export function createFileLogger({
  path,
  level = "info",
  bytesMax = BYTES_MAX,
}: {
  readonly path: string;
  readonly level?: LogLevel;
  readonly bytesMax?: number;
}): Logger {
  mkdirSync(dirname(path), { recursive: true });
  let written = 0;
  let since = Infinity;
  const append = (text: string) => {
    // Other processes write to the same file: its size is looked at now and then.
    if (since >= LOOK_EVERY_LINES) [written, since] = [statSync(path, { throwIfNoEntry: false })?.size ?? 0, 0];
    if (written + text.length > bytesMax && written > 0) {
      renameSync(path, `${path}.1`);
      written = 0;
    }
    appendFileSync(path, text);
    [written, since] = [written + Buffer.byteLength(text), since + 1];
  };
  const levels: readonly LogLevel[] = ["debug", "info", "warn", "error"];
  const make = (bound: LogFields): Logger => {
    const write = (at: LogLevel) => (fields: LogFields, message: string) => {
      if (levels.indexOf(at) < levels.indexOf(level)) return;
      const line = { time: new Date().toISOString(), level: at, pid: process.pid, ...bound, ...fields, message };
      try {
        append(`${JSON.stringify(redact(line, 0))}\n`);
      } catch {
        // A log that cannot be written (a full disk) must not take the work down with it.
      }
    };
    return {
      debug: write("debug"),
      info: write("info"),
      warn: write("warn"),
      error: write("error"),
      child: (fields) => make({ ...bound, ...fields }),
    };
  };
  return make({});
}

/** The value with what is secret taken out. */
export function redact(value: unknown, depth: number): unknown {
  if (typeof value === "string") return value.replace(URL_WITH_SECRET, "$1…@");
  if (typeof value === "bigint") return value.toString();
  if (value instanceof Error) return { ...toProblem(value), stack: redact(value.stack ?? "", depth) };
  if (value === null || typeof value !== "object") return value;
  if (depth >= DEPTH_MAX) return "…";
  if (Array.isArray(value)) return value.map((item) => redact(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, SECRET.test(key) ? "…" : redact(inner, depth + 1)]),
  );
}
