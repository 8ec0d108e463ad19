import { glob, open, readFile, type FileHandle } from "node:fs/promises";
import { basename, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { LogLevel } from "./file-logger.ts";

/** A line of a log as `createFileLogger` writes it. `process` is the file's name where the line does not say it. */
export interface LogLine {
  readonly time: string;
  readonly level: LogLevel;
  readonly pid: number;
  readonly process: string;
  readonly message: string;
  readonly [field: string]: unknown;
}

export interface LogFilter {
  /** A step of the road, by its id or its name alone. */
  readonly step?: string;
  readonly process?: string;
  readonly level?: LogLevel;
  /** What the message or a field has in it, in any case. */
  readonly text?: string;
}

export interface ReadLogsOptions {
  readonly folder: string;
  readonly filter: LogFilter;
  /** The newest so many; 0 for none. */
  readonly lines: number;
}

const LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error"];
const LOOK_EVERY_MS = 200;
const CHUNK_BYTES = 65_536;

/** The newest lines of all logs in a folder, with those that were rotated away, in the order of their times. */
export async function readLogs({ folder, filter, lines }: ReadLogsOptions): Promise<readonly LogLine[]> {
  const names = await Array.fromAsync(glob("*.log{,.1}", { cwd: folder }));
  // The older half of a log first: lines of one millisecond stay in their order.
  names.sort((one, other) => Number(other.endsWith(".1")) - Number(one.endsWith(".1")));
  const texts = await Promise.all(
    names.map(async (name) => linesIn(await readFile(join(folder, name), "utf8").catch(() => ""), name)),
  );
  const found = texts
    .flat()
    .filter((line) => matches(line, filter))
    .toSorted((one, other) => (one.time < other.time ? -1 : one.time > other.time ? 1 : 0));
  return found.slice(Math.max(0, found.length - lines));
}

/** The newest lines, then each as it is written, until the signal. A log that is rotated meanwhile is followed into the new one. */
export async function followLogs({
  signal,
  onLine,
  ...asked
}: ReadLogsOptions & { readonly signal: AbortSignal; readonly onLine: (line: LogLine) => void }): Promise<void> {
  const { folder, filter } = asked;
  const followed = new Map<string, Followed>();
  for (const name of await Array.fromAsync(glob("*.log", { cwd: folder })))
    followed.set(name, await atEnd(join(folder, name)));
  for (const line of await readLogs(asked)) onLine(line);
  while (!signal.aborted) {
    for (const name of await Array.fromAsync(glob("*.log", { cwd: folder }))) {
      const known = followed.get(name) ?? { inode: 0, offset: 0, rest: "" };
      const { text, now } = await readOn(join(folder, name), known);
      followed.set(name, now);
      for (const line of linesIn(text, name)) if (matches(line, filter)) onLine(line);
    }
    await pause(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
}

interface Followed {
  readonly inode: number;
  readonly offset: number;
  /** The beginning of a line that is not whole yet. */
  readonly rest: string;
}

async function atEnd(path: string): Promise<Followed> {
  const file = await open(path, "r");
  const { ino, size } = await file.stat();
  await file.close();
  return { inode: ino, offset: size, rest: "" };
}

async function readOn(path: string, known: Followed): Promise<{ readonly text: string; readonly now: Followed }> {
  const file = await open(path, "r").catch(() => undefined);
  if (file === undefined) return { text: "", now: known };
  try {
    const { ino, size } = await file.stat();
    const isOther = ino !== known.inode || size < known.offset;
    const { bytes, offset } = await readFrom(file, isOther ? 0 : known.offset);
    const whole = (isOther ? "" : known.rest) + bytes;
    const cut = whole.lastIndexOf("\n") + 1;
    return { text: whole.slice(0, cut), now: { inode: ino, offset, rest: whole.slice(cut) } };
  } finally {
    await file.close();
  }
}

async function readFrom(file: FileHandle, start: number): Promise<{ readonly bytes: string; readonly offset: number }> {
  const parts: Buffer[] = [];
  for (let offset = start; ;) {
    const { bytesRead, buffer } = await file.read({ buffer: Buffer.alloc(CHUNK_BYTES), position: offset });
    if (bytesRead === 0) return { bytes: Buffer.concat(parts).toString(), offset };
    parts.push(buffer.subarray(0, bytesRead));
    offset += bytesRead;
  }
}

function linesIn(text: string, file: string): readonly LogLine[] {
  const process = basename(file).replace(/\.log(\.1)?$/, "") === "serving" ? "serving" : "control";
  return text.split("\n").flatMap((line) => {
    try {
      return line === "" ? [] : [{ process, ...(JSON.parse(line) as Omit<LogLine, "process">) } as LogLine];
    } catch {
      // A line that a full disk or a death cut off.
      return [];
    }
  });
}

function matches(line: LogLine, { step, process, level, text }: LogFilter): boolean {
  const { task } = line;
  const ofStep = typeof task === "string" && (task === step || task.slice(task.indexOf(":") + 1) === step);
  return (
    (step === undefined || ofStep) &&
    (process === undefined || line.process === process) &&
    (level === undefined || LEVELS.indexOf(line.level) >= LEVELS.indexOf(level)) &&
    (text === undefined || JSON.stringify(line).toLowerCase().includes(text.toLowerCase()))
  );
}
