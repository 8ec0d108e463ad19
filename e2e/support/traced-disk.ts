import { createReadStream } from "node:fs";
import { dirname } from "node:path";
import { createInterface } from "node:readline";

/** strace's options by which `readTrace` can follow what happens to files. */
export const STRACE = [
  "-f",
  "--seccomp-bpf",
  "-y",
  "-xx",
  "-s",
  "1000000000",
  "-e",
  "trace=openat,write,pwrite64,writev,pwritev,ftruncate,fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat,mkdir",
] as const;

/** Something that a process asked of the disk, in the order of the asking. `since` and `until` are places in that order. */
type Call =
  | { readonly kind: "create"; readonly path: string; readonly truncates: boolean }
  | { readonly kind: "write"; readonly path: string; readonly at: number | undefined; readonly bytes: Buffer }
  | { readonly kind: "resize"; readonly path: string; readonly size: number }
  | { readonly kind: "sync"; readonly path: string; readonly since: number }
  | { readonly kind: "rename"; readonly path: string; readonly to: string }
  | { readonly kind: "unlink"; readonly path: string }
  | { readonly kind: "mkdir"; readonly path: string }
  /** Not of the disk: what was said to the user. */
  | { readonly kind: "said"; readonly text: string };

const CALL = /^(\d+)\s+(\w+)\((.*)\)\s+= (-?\d+)/;
const BEGUN = /^(\d+)\s+(\w+)\((.*?)\s*<unfinished \.\.\.>$/;
const ENDED = /^(\d+)\s+<\.\.\. (\w+) resumed>(.*)\)\s+= (-?\d+)/;

/** Reads a trace: the calls that succeeded on files below a folder, and what went to stdout and stderr. */
export async function readTrace(file: string, below: string): Promise<readonly Call[]> {
  const calls: Call[] = [];
  const begun = new Map<string, { readonly text: string; readonly since: number }>();
  for await (const line of createInterface({ input: createReadStream(file) })) {
    const [, starter, , given] = BEGUN.exec(line) ?? [];
    if (starter !== undefined) {
      begun.set(starter, { text: given ?? "", since: calls.length });
      continue;
    }
    const [, ender, resumed, rest, result] = ENDED.exec(line) ?? [];
    const [, , name = "", whole = "", answer = ""] = CALL.exec(line) ?? [];
    const start = ender === undefined ? undefined : begun.get(ender);
    const told =
      start === undefined
        ? { name, text: whole, result: Number(answer), since: calls.length }
        : { name: resumed ?? "", text: start.text + (rest ?? ""), result: Number(result), since: start.since };
    if (told.name === "" || told.result < 0) continue;
    const call = callOf(told, below);
    if (call !== undefined) calls.push(call);
  }
  return calls;
}

interface Told {
  readonly name: string;
  readonly text: string;
  readonly result: number;
  readonly since: number;
}

function callOf({ name, text, result, since }: Told, below: string): Call | undefined {
  // A call on an open file names it in <>, one by name in "", after the folder that a relative one begins at.
  const [, named] = /^(?:AT_FDCWD<[^>]*>, )?"([^"]*)"/.exec(text) ?? [];
  const [, opened] = /^\d+<([^>]*)>/.exec(text) ?? [];
  const path = unescape(named ?? opened ?? "").toString();
  if (name === "write" && /^[12]</.test(text)) return { kind: "said", text: dataOf(text).toString() };
  if (!path.startsWith(below)) return undefined;
  switch (name) {
    case "openat":
      return text.includes("O_CREAT") || text.includes("O_TRUNC")
        ? { kind: "create", path, truncates: text.includes("O_TRUNC") }
        : undefined;
    case "write":
    case "writev":
      return { kind: "write", path, at: undefined, bytes: dataOf(text).subarray(0, result) };
    case "pwrite64":
    case "pwritev":
      return { kind: "write", path, at: Number(/, (\d+)$/.exec(text)?.[1]), bytes: dataOf(text).subarray(0, result) };
    case "ftruncate":
      return { kind: "resize", path, size: Number(/, (\d+)$/.exec(text)?.[1]) };
    case "fsync":
    case "fdatasync":
      return { kind: "sync", path, since };
    case "rename":
      return { kind: "rename", path, to: unescape(/, "([^"]*)"$/.exec(text)?.[1] ?? "").toString() };
    case "unlink":
      return { kind: "unlink", path };
    case "mkdir":
      return { kind: "mkdir", path };
    default:
      throw new Error(`${name} is not followed: ${text.slice(0, 200)}`);
  }
}

function dataOf(text: string): Buffer {
  return Buffer.concat([...text.matchAll(/"((?:\\x[0-9a-f]{2})*)"/g)].map(([, hex]) => unescape(hex ?? "")));
}

function unescape(hex: string): Buffer {
  return Buffer.from(hex.replaceAll(String.raw`\x`, ""), "hex");
}

/** A change of a file's content that may not be on the disk yet. */
type Pending = { readonly asked: number } & Change;
type Change =
  /** At the end, where no place is told. */
  | { readonly kind: "write"; readonly at: number | undefined; readonly bytes: Buffer }
  | { readonly kind: "resize"; readonly size: number };

interface FileState {
  durable: Buffer;
  pending: Pending[];
}

/** A change of a folder's entries, which is on the disk once the folder is synced. */
interface Entry {
  readonly asked: number;
  readonly folders: readonly string[];
  readonly apply: (names: Map<string, FileState | "folder">) => void;
}

const SECTOR = 512;

/**
 * A disk that may lose power: what was synced is on it; of what was not, any part. Names are synced by their folder and
 * content by its file, as POSIX promises no more; the changes of one folder reach the disk in their order.
 */
export class TracedDisk {
  #calls = 0;
  readonly #durable: Map<string, FileState | "folder">;
  readonly #now: Map<string, FileState | "folder">;
  #entries: Entry[] = [];

  /** Begins with files that have long been on the disk. */
  constructor(files: ReadonlyMap<string, Buffer>, folders: Iterable<string>) {
    this.#durable = new Map<string, FileState | "folder">(
      [...files].map(([path, durable]) => [path, { durable, pending: [] }]),
    );
    for (const folder of folders) this.#durable.set(folder, "folder");
    this.#now = new Map(this.#durable);
  }

  take(call: Call): void {
    const asked = (this.#calls += 1);
    switch (call.kind) {
      case "create":
        return this.#create(call, asked);
      case "write":
        return this.#write(call, asked);
      case "resize":
        this.#file(call.path)?.pending.push({ kind: "resize", asked, size: call.size });
        return;
      case "sync":
        return this.#sync(call.path, call.since);
      case "rename": {
        const moved = this.#now.get(call.path);
        if (moved === undefined) return;
        return this.#change(asked, [dirname(call.path), dirname(call.to)], (names) => {
          names.delete(call.path);
          names.set(call.to, moved);
        });
      }
      case "unlink":
        return this.#change(asked, [dirname(call.path)], (names) => names.delete(call.path));
      case "mkdir":
        return this.#change(asked, [dirname(call.path)], (names) => names.set(call.path, "folder"));
      case "said":
    }
  }

  #create({ path, truncates }: Extract<Call, { kind: "create" }>, asked: number): void {
    const present = this.#file(path);
    if (present !== undefined) {
      if (truncates) present.pending.push({ kind: "resize", asked, size: 0 });
      return;
    }
    const made: FileState = { durable: Buffer.alloc(0), pending: [] };
    this.#change(asked, [dirname(path)], (names) => names.set(path, made));
  }

  #write({ path, at, bytes }: Extract<Call, { kind: "write" }>, asked: number): void {
    this.#file(path)?.pending.push({ kind: "write", asked, at, bytes });
  }

  #file(path: string): FileState | undefined {
    const found = this.#now.get(path);
    return found === "folder" ? undefined : found;
  }

  #change(asked: number, folders: readonly string[], apply: Entry["apply"]): void {
    apply(this.#now);
    this.#entries.push({ asked, folders, apply });
  }

  /** Only what was asked before the sync began is sure to be on the disk when it ends. */
  #sync(path: string, since: number): void {
    const file = this.#file(path);
    if (file !== undefined) {
      file.durable = changed(
        file.durable,
        file.pending.filter(({ asked }) => asked <= since),
      );
      file.pending = file.pending.filter(({ asked }) => asked > since);
      return;
    }
    const isSynced = ({ asked, folders }: Entry) => asked <= since && folders.includes(path);
    for (const { apply } of this.#entries.filter(isSynced)) apply(this.#durable);
    this.#entries = this.#entries.filter((entry) => !isSynced(entry));
  }

  /** The files as whoever reads them now sees them. */
  now(): ReadonlyMap<string, Buffer> {
    const files = [...this.#now].filter((entry): entry is [string, FileState] => entry[1] !== "folder");
    return new Map(files.map(([path, { durable, pending }]) => [path, changed(durable, pending)]));
  }

  /** The files after a loss of power now; `random` gives numbers from 0 to below 1. Without it nothing unsynced is there. */
  image(random: (() => number) | undefined): ReadonlyMap<string, Buffer> {
    const names = new Map(this.#durable);
    if (random !== undefined) {
      const reached = new Map<string, number>();
      for (const { asked, folders, apply } of this.#entries) {
        for (const folder of folders) if (!reached.has(folder)) reached.set(folder, random() * (this.#calls + 1));
        if (folders.every((folder) => asked <= (reached.get(folder) ?? 0))) apply(names);
      }
    }
    const files = new Map<string, Buffer>();
    for (const [path, file] of names) {
      if (file === "folder" || !isReachable(path, names)) continue;
      files.set(path, random === undefined ? file.durable : afterLoss(file, random));
    }
    return files;
  }
}

/** Of what was not synced each change is there, or not, or only the first of its 512-byte sectors. */
function afterLoss({ durable, pending }: FileState, random: () => number): Buffer {
  const kept = pending.flatMap((change): readonly Change[] => {
    const fate = random();
    if (fate < 0.4) return [change];
    if (fate < 0.7 || change.kind !== "write") return [];
    const { at, bytes } = change;
    return [{ kind: "write", at, bytes: bytes.subarray(0, Math.floor((bytes.length * random()) / SECTOR) * SECTOR) }];
  });
  return changed(durable, kept);
}

/** A file's content after such changes, in one copy; what is not written in between is zero. */
function changed(content: Buffer, changes: readonly Change[]): Buffer {
  if (changes.length === 0) return content;
  let size = content.length;
  let sizeMax = size;
  const places = changes.map((change) => {
    const from = change.kind === "resize" ? change.size : (change.at ?? size);
    size = change.kind === "resize" ? from : Math.max(size, from + change.bytes.length);
    sizeMax = Math.max(sizeMax, size);
    return { change, from };
  });
  const result = Buffer.alloc(sizeMax);
  content.copy(result);
  for (const { change, from } of places) {
    if (change.kind === "resize") result.fill(0, from);
    else change.bytes.copy(result, from);
  }
  return result.subarray(0, size);
}

function isReachable(path: string, names: ReadonlyMap<string, unknown>): boolean {
  for (let folder = dirname(path); folder !== "/"; folder = dirname(folder)) if (!names.has(folder)) return false;
  return true;
}
